"""The pages of connectors over HTTP: what they show, what nobody may do, and what hostile definitions cannot."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio

from gatebook.definitions.key import key_of
from tests.console.conftest import signed_in
from tests.console.stage import AUDITOR, Stage
from tests.console.test_saved_pages import form
from tests.console.tooling import crm, dress, drifted
from tests.state.noting import HOSTILE, note, tool

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def dressed(stage: Stage) -> None:
    """Connectors that have listed tools."""
    await dress(stage)


@pytest_asyncio.fixture(loop_scope="module")
async def fresh(stage: Stage) -> AsyncIterator[None]:
    """The CRM with nothing decided about what drifted."""
    with stage.store.write() as connection:
        for table in ("tool_listings", "tool_definitions"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE connector = 'crm'")
    note(stage.store, "crm", crm(), 1_000_000)
    note(stage.store, "crm", drifted(), 2_000_000)
    yield


class Tags(HTMLParser):
    """Tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def hidden_of(page: str, name: str) -> str:
    """The value of a hidden field of the form that decides."""
    found = re.search(rf'<input type="hidden" name="{name}" value="(\w+)">', page.partition("form class=")[2])
    assert found is not None
    return found[1]


async def test_connectors_are_listed_with_what_waits_first(admin: httpx2.AsyncClient, fresh: None) -> None:
    """What waits, calls of the day with the way to them, and whether it is checked at all."""
    page = (await admin.get("/connectors")).text
    rows = re.findall(r'<tr data-record="(\w+)">.*?</tr>', page)
    assert rows == ["crm", "scratch", "git", "time"]
    assert "4 waiting" in page and "All decided" in page and "Not checked" in page and "/?q=connector%3Acrm+method%3Atools%2Fcall" in page
    assert "\u202e" not in page and "A server that &lt;U+202E&gt;nobody" in page


async def test_a_connector_shows_how_each_tool_stands(admin: httpx2.AsyncClient, fresh: None) -> None:
    """State in a word, what was renamed and what resembles what, hints, remarks, and whom it is granted to."""
    page = (await admin.get("/connectors/crm")).text
    rows = dict(re.findall(r'<tr data-record="([^"]+)">(.*?)</tr>', page, re.DOTALL))
    words = {key: re.findall(r"</svg><span>([^<]+)</span>", text)[0] for key, text in rows.items()}
    assert words == {
        "export_contacts": "Changed", "fetch_customer": "Renamed", "purge_segment": "Waiting", "search_custumers": "Look-alike",
        "get_customer": "Removed", "search_customers": "Approved", "update_customer": "Approved",
    }  # fmt: skip
    assert "was <bdi>get_customer" in rows["fetch_customer"] and "like <bdi>search_customers" in rows["search_custumers"]
    assert "sales, support, pack export-desk" in rows["export_contacts"] and ">nobody<" in rows["purge_segment"]
    assert "high" in rows["export_contacts"] and "Reads" in rows["search_customers"] and "Writes" in rows["update_customer"]


async def test_a_tool_shows_its_change_and_who_may_call_it(admin: httpx2.AsyncClient, fresh: None) -> None:
    """The words that changed are marked, each change has its place and weight; the policies are asked for everybody."""
    page = (await admin.get("/connectors/crm/tools/export_contacts")).text
    assert "<del>a </del><ins>every </ins>" in page and "/inputSchema/properties/callback_url" in page
    assert "readOnlyHint turned from true to false" in page and "An order" not in page.partition("Remarks")[0]
    assert "instruction" in page or "A tag that sets text apart" in page
    assert re.search(r"4 with an approval for each call", page) and "nobody while it is hidden" in page
    assert "/people/sofia@northwind.example/why?connector=crm&amp;tool=export_contacts" in page
    assert "Sofia Rossi" in page and "exports-wait" in page and "&lt;IMPORTANT&gt;" in page


async def test_a_tool_is_approved_with_a_reason(admin: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """The form carries the hash that was looked at; afterwards the tool stands approved, with the name, in the page and on the record."""
    address = "/connectors/crm/tools/export_contacts"
    hash = hidden_of((await admin.get(address)).text, "hash")
    answer = await admin.post(address, data=await form(admin, decision="approved", hash=hash, reason="Spoke to the vendor <b>"))
    assert answer.status_code == 303 and answer.headers["location"] == address
    page = (await admin.get(address)).text
    assert "Approved" in page and "Spoke to the vendor &lt;b&gt;" in page and "admin@northwind.example" in page
    assert stage.store.snapshot().approved["crm"]["export_contacts"].hash == hash
    record = (await stage.records("changes"))[-1]
    assert (record["kind"], record["name"], record["reason"]) == ("ToolDefinition", "crm/export_contacts", "Spoke to the vendor <b>")
    again = await admin.post(address, data=await form(admin, decision="approved", hash=hash, reason="again"))
    assert again.status_code == 409 and "approved already" in again.text and 'value="again"' in again.text


async def test_all_that_waits_is_decided_as_it_was_shown(admin: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """When the connector lists something else after the page was opened, nothing is decided; else all of it at once."""
    mark = hidden_of((await admin.get("/connectors/crm")).text, "waiting")
    note(stage.store, "crm", [*drifted(), tool("one_more")], 3_000_000)
    late = await admin.post("/connectors/crm", data=await form(admin, decision="approved", waiting=mark, reason="all"))
    assert late.status_code == 409 and "something else since you looked" in late.text
    mark = hidden_of(late.text, "waiting")
    done = await admin.post("/connectors/crm", data=await form(admin, decision="approved", waiting=mark, reason="all"))
    assert done.status_code == 303 and "one_more" in stage.store.snapshot().approved["crm"]
    assert "waiting" not in (await admin.get("/connectors/crm")).text.partition("<thead>")[0]


async def test_forms_that_are_not_ours_decide_nothing(admin: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """No token, another origin, no reason, no hash, another decision: state stays as it is."""
    address = "/connectors/crm/tools/export_contacts"
    hash, before = hidden_of((await admin.get(address)).text, "hash"), stage.store.snapshot().approved
    good = await form(admin, decision="approved", hash=hash, reason="x")
    for data, headers in (
        ({**good, "csrf": "0" * 64}, {}),
        (good, {"origin": "https://evil.example"}),
        ({**good, "reason": " "}, {}),
        ({**good, "hash": ""}, {}),
        ({**good, "decision": "pending"}, {}),
    ):
        assert (await admin.post(address, data=data, headers=headers)).status_code == 400
    assert (await admin.post("/connectors/crm", data={**good, "waiting": ""})).status_code == 409
    assert stage.store.snapshot().approved == before


async def test_who_may_look_and_who_may_decide(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """An employee sees nothing, not even the entry; an auditor reads and cannot decide."""
    address = "/connectors/crm/tools/export_contacts"
    for path in ("/connectors", "/connectors/crm", address):
        answer = await employee.get(path)
        assert answer.status_code == 403 and 'href="/connectors"' not in answer.text
    async with signed_in(stage, AUDITOR) as auditor:
        page = (await auditor.get(address)).text
        assert "<del>" in page and 'name="decision"' not in page and 'name="decision"' not in (await auditor.get("/connectors/crm")).text
        hash = hidden_of((await admin.get(address)).text, "hash")
        refused = await auditor.post(address, data=await form(auditor, decision="approved", hash=hash, reason="x"))
        assert refused.status_code == 403 and "Only members of the group admins" in refused.text


@pytest.mark.parametrize("name", [one["name"] for one in HOSTILE])
async def test_hostile_definitions_are_shown_and_do_nothing(admin: httpx2.AsyncClient, name: str) -> None:
    """No element or handler of theirs is in the page, no hidden character either, and the page stays of a size that can be read."""
    plain = Tags((await admin.get("/connectors/git/tools/git_log")).text)
    listed = (await admin.get("/connectors/scratch")).text
    link = f"/connectors/scratch/tools/{quote(key_of(name), safe='')}"
    assert f'href="{link}"' in listed
    answer = await admin.get(link)
    assert answer.status_code == 200 and len(answer.content) < 200_000
    for text in (listed, answer.text):
        found = Tags(text)
        assert not found.handlers and found.tags.count("script") == plain.tags.count("script") and "img" not in found.tags
        assert not set(text) & set("\u202e\u200b\x07\x1b\r") and str(9173 * 7919) not in text


async def test_a_hostile_tool_is_decided_by_its_page(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Also one whose name no address can hold."""
    link = f"/connectors/scratch/tools/{key_of('..')}"
    hash = hidden_of((await admin.get(link)).text, "hash")
    answer = await admin.post(link, data=await form(admin, decision="refused", hash=hash, reason="No."))
    assert answer.status_code == 303 and answer.headers["location"] == quote(link)
    assert "Refused" in (await admin.get(link)).text and ".." not in stage.store.snapshot().approved.get("scratch", {})
    records = (await admin.get("/records?kind=changes")).text
    assert "\u202e" not in records


@pytest.mark.parametrize(
    "path", ["/connectors/nope", "/connectors/crm/tools/nope", "/connectors/nope/tools/get", "/connectors/%00", "/connectors/crm/tools/~0"]
)
async def test_what_is_not_there_is_a_page(admin: httpx2.AsyncClient, path: str) -> None:
    """404, and the way back."""
    answer = await admin.get(path)
    assert answer.status_code == 404 and "/connectors" in answer.text


async def test_without_the_index_everything_but_calls_is_shown(admin: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """State is enough to decide."""
    index, stage.index = stage.index, None
    try:
        page = (await admin.get("/connectors/crm")).text
        assert "4 tools wait" in page and "none in 90 days" not in page
        assert (await admin.get("/connectors/crm/tools/export_contacts")).status_code == 200
    finally:
        stage.index = index
