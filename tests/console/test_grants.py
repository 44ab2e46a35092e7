"""The page of grants over HTTP: what it shows, how it is narrowed, and that a draft changes nothing."""

import re
from html import unescape

import httpx2
import pytest
import pytest_asyncio

from gatebook.state.documents import parse_documents
from tests.console.conftest import signed_in
from tests.console.granting import entitle
from tests.console.stage import AUDITOR, Stage
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def entitled(stage: Stage) -> None:
    """Connectors that are half a year old, a tool pack of today."""
    await entitle(stage)


def rows_of(page: str) -> dict[tuple[str, str, str], str]:
    """The rows of the table by connector, tool and holder."""
    found = {}
    for row in re.findall(r'<tr data-record="\w+">(.*?)</tr>', page, re.DOTALL):
        connector = re.search(r'href="/connectors/([\w-]+)"', row)
        tool, to = re.findall(r"<bdi>(.*?)</bdi>", row)
        assert connector is not None
        found[connector[1], unescape(tool), unescape(to)] = row
    return found


async def test_unused_grants_stand_first_with_the_sum_and_the_picture(admin: httpx2.AsyncClient) -> None:
    """One sentence, a bar and numbers for each connector, and only what is unused; all of it is one link away."""
    page = (await admin.get("/grants")).text
    found = (await admin.get("/api/v1/grants")).json()
    whole = found["used"] + found["unused"] + found["new"]
    assert f"{found['unused']} of {whole} grants were not used in 90 days. 1 more is new." in page
    assert page.count('class="chart bar-cell"') == len(found["connectors"]) and "crm: 9 used, 20 unused, 0 new" in page
    rows = rows_of(page)
    assert len(rows) == found["unused"] and ("crm", "search_customers", "sales") not in rows
    every = rows_of((await admin.get("/grants?show=all")).text)
    assert len(every) == whole and ">Used<" in every["crm", "search_customers", "sales"]
    assert ">New<" in every["billing", "list_invoices", "sales"] and "(2 idle)" in every["billing", "list_invoices", "sales"]


async def test_numbers_lead_to_the_calls(admin: httpx2.AsyncClient) -> None:
    """The link of a number of calls finds exactly those; the links of connector, tool and holder lead on."""
    row = rows_of((await admin.get("/grants?show=all")).text)["crm", "search_customers", "sales"]
    link = re.search(r'href="(/\?[^"]+)" aria-label="(\d+) calls of search_customers by sales"', row)
    assert link is not None
    assert f"of {link[2]}" in re.sub(r"<[^>]+>", "", (await admin.get(unescape(link[1]))).text)
    assert 'href="/connectors/crm/tools/search_customers"' in row and "group=sales" in row


async def test_filters_are_in_the_address(admin: httpx2.AsyncClient) -> None:
    """Connector, holder, days; what makes no sense counts as not asked."""
    assert {to for _, _, to in rows_of((await admin.get("/grants?connector=crm&group=marketing&show=all&days=365")).text)} == {"marketing"}
    page = (await admin.get("/grants?days=x&from=-1&show=none")).text
    assert '<option value="90" selected>' in page and len(rows_of(page)) == 44
    assert "Nothing unused" in (await admin.get("/grants?connector=time")).text
    assert "No grant" in (await admin.get("/grants?connector=nope&show=all")).text


async def test_pages_are_parts_of_the_whole(admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later and earlier lead through all of them once, and keep the question."""
    monkeypatch.setattr("gatebook.console.grants._ROWS", 7)
    seen, address = [], "/grants?connector=crm"
    while address:
        page = (await admin.get(address)).text
        seen += list(rows_of(page))
        later = re.search(r'<a href="([^"]+)">Later</a>', page)
        address = unescape(later[1]) if later else ""
    assert len(seen) == len(set(seen)) == 20 and {connector for connector, _, _ in seen} == {"crm"}
    assert "15–20 of 20" in page and 'href="/grants?connector=crm&amp;from=7">Earlier' in page


async def chosen(client: httpx2.AsyncClient, *keys: tuple[str, str, str]) -> list[str]:
    """The ids of some grants."""
    rows = re.findall(r'<tr data-record="(\w+)">', (await client.get("/grants?show=all")).text)
    return [id for id, key in zip(rows, rows_of((await client.get("/grants?show=all")).text), strict=True) if key in keys]


async def test_what_is_chosen_is_drafted_and_handed_to_the_editor(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The draft is shown, and stands in a form that goes to the editor by itself; nothing is in force."""
    ids = await chosen(admin, ("crm", "archive_customer", "sales"), ("crm", "list_deals", "sales"))
    before = stage.store.revision()
    answer = await admin.post("/grants", data={**await form(admin, do="chosen", days="90"), "grant": ids})
    page = answer.text
    assert answer.status_code == 200 and "1 policy that would take 2 grants away" in page and stage.store.revision() == before
    action = re.search(r'<form method="post" action="/changes/new".*?</form>', page, re.DOTALL)
    assert action is not None and 'name="csrf"' in action[0] and 'name="reason" value="Not used in 90 days"' in action[0]
    text = re.search(r'name="text" value="([^"]*)"', action[0])
    assert text is not None
    (document,) = parse_documents(unescape(text[1]), "draft")
    assert document.name == "narrow-crm-sales" and document.spec.selector.tools == ("archive_customer", "list_deals")


async def test_all_unused_ones_are_drafted_within_the_question(admin: httpx2.AsyncClient) -> None:
    """Of a connector and a group; what no policy can say is named with the reason."""
    page = (await admin.post("/grants", data=await form(admin, do="all", connector="crm", group="interns"))).text
    assert "would take 7 grants away" in page and "narrow-crm-interns" in page and "git" not in page.partition("<pre")[2]
    page = (await admin.post("/grants", data=await form(admin, do="all", connector="scratch"))).text
    assert "a/../b?c#d of scratch for legal: The name of the tool holds * or ?" in page
    assert 'href="/grants?connector=scratch"' in page


async def test_hostile_names_do_nothing(admin: httpx2.AsyncClient) -> None:
    """A group of the directory and tools of a connector are text, hidden characters written out; only the form carries them as they are."""
    pages = [(await admin.get("/grants?show=all")).text]
    pages.append((await admin.post("/grants", data=await form(admin, do="all", connector="billing"))).text)
    pages.append((await admin.post("/grants", data=await form(admin, do="all", connector="scratch"))).text)
    for page in pages:
        shown = re.sub(r'name="text" value="[^"]*"', "", page)
        assert "<b>ops" not in shown and "<script>alert" not in shown and "\u202e" not in shown
    assert "&lt;b&gt;ops&lt;/b&gt; &amp; &lt;U+202E&gt;crew" in pages[0]


async def test_forms_that_make_no_sense_draft_nothing(admin: httpx2.AsyncClient) -> None:
    """No token, another origin, nothing chosen, what was used, what is not there."""
    assert (await admin.post("/grants", data={"do": "all", "csrf": "0" * 64})).status_code == 400
    assert (await admin.post("/grants", data=await form(admin, do="all"), headers={"origin": "https://evil.example"})).status_code == 400
    empty = await admin.post("/grants", data=await form(admin, do="chosen", connector="crm"))
    assert empty.status_code == 400 and "Choose at least one grant." in empty.text and len(rows_of(empty.text)) == 20
    (used,) = await chosen(admin, ("crm", "search_customers", "sales"))
    page = (await admin.post("/grants", data={**await form(admin, do="chosen"), "grant": [used, "x"]})).text
    assert "It was used:" in page and "There is no such grant." in page and "/changes/new" not in page


async def test_who_may_look_and_who_may_draft(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage) -> None:
    """Employees see no entry and no page; auditors read and have no form."""
    answer = await employee.get("/grants")
    assert answer.status_code == 403 and 'href="/grants"' not in answer.text
    assert (await employee.post("/grants", data=await form(employee, do="all"))).status_code == 403
    async with signed_in(stage, AUDITOR) as auditor:
        page = (await auditor.get("/grants")).text
        assert len(rows_of(page)) == 44 and 'type="checkbox" name="grant"' not in page and "Draft" not in page
        assert (await auditor.post("/grants", data=await form(auditor, do="all"))).status_code == 403


async def test_while_use_is_not_known_nothing_is_called_unused(
    admin: httpx2.AsyncClient, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sentence in place of the report, and no draft; without an index the page of every index that is away."""
    monkeypatch.setattr("gatebook.reading.grant_room._GROUPS_MAX", 3)
    for answer in (await admin.get("/grants"), await admin.post("/grants", data=await form(admin, do="all"))):
        assert answer.status_code == 503 and "too much use to count at once" in answer.text and not rows_of(answer.text)
    index, stage.index = stage.index, None
    try:
        assert (await admin.get("/grants")).status_code == 503
    finally:
        stage.index = index
