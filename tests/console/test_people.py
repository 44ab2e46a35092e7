"""The pages of people over HTTP: who is there, what each may do, why; and what somebody who reads only their own calls cannot learn."""

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio
from msgspec.structs import replace
from sqlalchemy import insert, update

from gatebook.console.people_view import token_lines
from gatebook.console.zones import UTC_ZONE
from gatebook.control.caller import local_caller
from gatebook.definitions.key import key_of
from gatebook.reading.people_facts import TokenFacts
from gatebook.state.documents import parse_documents
from gatebook.state.feed import note_people
from gatebook.state.schema import access_requests, people
from gatebook.state.store import bump
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.test_connectors import Tags
from tests.console.test_saved_pages import form
from tests.console.tooling import dress
from tests.console.traffic import PEOPLE, Case
from tests.state.noting import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="module")
PERSON = f"/people/{EMPLOYEE}"
WHY = f"{PERSON}/why"
UPDATE = "connector=crm&tool=update_customer"
POLICY = """
kind: Policy
name: small-updates
spec: {effect: deny, selector: {tools: [update_*]}, when: "args.?limit.orValue(0) > 10", reason: Too many at once.}
---
kind: Policy
name: office-only
spec: {effect: deny, selector: {tools: [search_*], not_networks: [10.0.0.0/8], clients: [Cursor]}, reason: Only from the office.}
---
kind: Policy
name: no-weekends
spec: {effect: require_approval, selector: {tools: [search_*], times: [{days: [sat, sun]}]}, reason: Weekends are looked at.}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def dressed(stage: Stage) -> AsyncIterator[None]:
    """Connectors that have listed tools, and policies with conditions."""
    await dress(stage)
    await stage.desk.apply(parse_documents(POLICY, "policies.yaml"), local_caller("root", stage.vault.subject), "for the tests")
    yield


def rows_of(page: str) -> dict[str, str]:
    """The rows of the first table by key."""
    return dict(re.findall(r'<tr data-record="([^"]+)"[^>]*>(.*?)</tr>', page, re.DOTALL))


async def decide(who: httpx2.AsyncClient, path: str = WHY, **fields: str) -> httpx2.Response:
    """Send the form of the page."""
    base = {"connector": "crm", "tool": "update_customer", "arguments": "{}", "client": "", "source_ip": "10.0.0.7", "at": ""}
    return await who.post(path, data={**await form(who), **base, **fields})


async def test_people_are_listed_with_what_they_may_do(admin: httpx2.AsyncClient) -> None:
    """Each with a link to their page, their tools by outcome, and their calls."""
    rows = rows_of((await admin.get("/people")).text)
    assert list(rows) == sorted(rows) and len(rows) == 11
    row = rows[EMPLOYEE]
    assert f'href="{PERSON}"' in row and "emea, sales" in row and "Active" in row
    assert f'href="{PERSON}?outcome=denied"' in row and f'href="{PERSON}?outcome=conditional"' in row
    assert re.search(r'href="/\?q=person%3Aamara%40northwind.example\+method%3Atools%2Fcall', row)


async def test_people_are_searched_by_text_and_state(admin: httpx2.AsyncClient) -> None:
    """What was searched for stays in the field and in the links of the states; nobody found says so."""
    page = (await admin.get("/people?q=PLATFORM&state=active")).text
    assert set(rows_of(page)) == {"jonas@northwind.example", "tomasz@northwind.example"} and 'value="PLATFORM"' in page
    assert 'href="/people?q=PLATFORM&amp;state=inactive"' in page and "2 people" in page
    for address in ("/people?q=zzz", "/people?state=inactive", "/people?page=2"):
        assert "Nobody found" in (await admin.get(address)).text
    assert len(rows_of((await admin.get("/people?page=0&state=odd&q=%20")).text)) == 11


async def test_a_person_shows_each_tool_with_what_decides(admin: httpx2.AsyncClient) -> None:
    """Outcome in a word, the rule with the way to it, the reason, the last call, and why; each tool under its connector."""
    page = (await admin.get(PERSON)).text
    rows = rows_of(page)
    assert len([key for key in rows if "/" in key]) == 17
    update, export = rows["crm/update_customer"], rows["crm/export_contacts"]
    assert "Conditional" in update and 'href="/policies/small-updates"' in update and "Too many at once." in update
    assert f'href="{WHY}?{UPDATE.replace("&", "&amp;")}"' in update and 'href="/connectors/crm/tools/update_customer"' in update
    assert "Denied" in export and "not the one that was approved" in export and 'href="/connectors/crm/tools/export_contacts"' in export
    assert 'href="/connectors/crm"' in rows["crm/purge_segment"] and "ago" in rows["crm/get_customer"]
    assert "default-deny" in rows["git/git_log"] and re.search(r'rowgroup" colspan="6"><a href="/connectors/git">git</a>', page)


async def test_tools_are_filtered_by_outcome(admin: httpx2.AsyncClient) -> None:
    """The counts stay those of all; an outcome that no tool has says so, and one that is none is none."""
    denied = (await admin.get(f"{PERSON}?outcome=denied")).text
    rows = [row for key, row in rows_of(denied).items() if "/" in key]
    assert rows and all("Denied" in row for row in rows) and "crm/update_customer" not in rows_of(denied)
    assert re.search(r'outcome=denied"[^>]* aria-current="true"', denied) and "<b>17</b>" in denied
    assert "None of these" in (await admin.get(f"{PERSON}?outcome=pending")).text
    assert len([key for key in rows_of((await admin.get(f"{PERSON}?outcome=odd")).text) if "/" in key]) == 17


async def test_tokens_packs_and_access_for_a_time_are_shown_without_secrets(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Prefixes only; a grant leads to its request."""
    grant = {"call": "01a2062b-7d56-71db-8e44-bf184c20a826", "person": "sofia@northwind.example", "connector": "git", "tool": "git_log"}
    until_us = stage.room.clock.wall_us() + 3_600_000_000
    with stage.store.write() as connection:
        more = {"rules": "[]", "reason": "x", "asked_us": 1, "state": "granted", "until_us": until_us, "decided_by": ADMIN}
        connection.execute(insert(access_requests).values(id="req_0123456789ab", **grant, **more))
        bump(connection)
    page = (await admin.get("/people/sofia@northwind.example")).text
    assert "export-desk" in page and f'href="/access/{grant["call"]}"' in page and f"granted by {ADMIN}" in page
    assert rows_of(page)["git/git_log"].count("grant/req_0123456789ab") == 1 and 'href="/requests"' in rows_of(page)["git/git_log"]
    token = stage.tokens["sofia@northwind.example"]
    assert token[:11] in page and token not in page and "In force" in page


async def test_where_somebody_stands_is_at_the_top(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Roles in words, and department, manager and directory where one sends them; tokens and sessions are a step away."""
    with stage.store.write() as connection:
        values = {"source": "scim", "department": "Sales <EMEA>", "manager": AUDITOR}
        connection.execute(update(people).where(people.c.id == "sofia@northwind.example").values(**values))
        note_people(connection, ["sofia@northwind.example"])
        bump(connection)
    page = (await admin.get("/people/sofia@northwind.example")).text
    head = page[page.index('class="card summary"') : page.index("Tools by outcome")]
    assert "Sales &lt;EMEA&gt;" in head and f'href="/people/{AUDITOR}"' in head and "The directory" in head and "Employee" in head
    assert 'href="#tokens"' in head and 'href="#sessions"' in head and 'id="tokens"' in page and 'id="sessions"' in page
    other = (await admin.get(f"/people/{ADMIN}")).text
    assert "By hand" in other and "Security analyst" in other and "Manager</dt>" not in other


async def test_tokens_of_ai_apps_say_what_they_are() -> None:
    """They have no name; others have the one that they were given, or none."""
    facts = TokenFacts(id="t", prefix="gw_oat_ab", name="", created_us=0, expires_us=None, last_used_us=None, revoked_us=None)
    lines = token_lines([facts, replace(facts, prefix="gw_pat_ab"), replace(facts, prefix="gw_pat_ab", name="laptop")], UTC_ZONE, 1)
    assert [line.name for line in lines] == ["of an AI app that they let act for them", "", "laptop"]


async def test_who_is_not_active_may_do_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """In the list, on the page and in an explanation."""
    with stage.store.write() as connection:
        connection.execute(update(people).where(people.c.id == "olivia@northwind.example").values(active=0))
        bump(connection)
    assert set(rows_of((await admin.get("/people?state=inactive")).text)) == {"olivia@northwind.example"}
    page = (await admin.get("/people/olivia@northwind.example")).text
    assert "Not active" in page and "every token of theirs is refused" in rows_of(page)["crm/search_customers"]
    why = (await admin.get(f"/people/olivia@northwind.example/why?{UPDATE}")).text
    assert "Olivia Bennett may not call update_customer of crm: the person is not active" in why


async def test_why_says_the_decision_and_everything_that_was_asked(admin: httpx2.AsyncClient) -> None:
    """One sentence, then each step in order with whether it matched; the one that decided is marked."""
    page = (await admin.get(f"{WHY}?{UPDATE}")).text
    assert "Amara Okafor may call update_customer of crm: the connector itself allows it" in page
    steps = rows_of(page)
    kinds = [re.findall(r"<td>([^<]+)</td>", row)[0] for row in steps.values()]
    assert kinds == ["Connector", "Connector", "Connector", "Tool pack", *["Policy"] * 4, "Default", "Definition"]
    assert [number for number, row in steps.items() if "decides" in row] == ["1"]
    missed = next(row for row in steps.values() if "small-updates" in row)
    assert "Does not match" in missed and "when is false" in missed and 'href="/policies/small-updates"' in missed


async def test_other_arguments_give_another_decision(admin: httpx2.AsyncClient) -> None:
    """The form keeps what was written; arguments, client, address and time each count, and nothing of them is in an address."""
    denied = await decide(admin, arguments='{"limit": 11}')
    assert denied.status_code == 200 and "location" not in denied.headers
    assert "may not call update_customer of crm: the policy small-updates denies it: Too many at once." in denied.text
    assert "{&#34;limit&#34;: 11}" in denied.text and denied.text.count("limit") == 1
    assert "may call" in (await decide(admin, arguments='{"limit": 10}')).text
    search = {"tool": "search_customers", "at": "2026-11-23T10:00:00Z"}
    assert "may call" in (await decide(admin, **search, client="Cursor")).text
    assert "Only from the office" in (await decide(admin, **search, client="Cursor", source_ip="192.0.2.1")).text
    assert "has to wait for an approval" in (await decide(admin, **{**search, "at": "2026-11-22T10:00:00Z"})).text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("arguments", "{", "The arguments are not JSON"),
        ("arguments", "", "The arguments are not JSON"),
        ("arguments", "[1]", "must be an object, such as"),
        ("arguments", "[" * 5000, "The arguments are not JSON"),
        ("source_ip", "ten<b>", "is not an address; write one such as 10.0.0.7."),
        ("at", "tomorrow", "is not a time; write it as 2026-01-31T14:00:00Z."),
        ("at", "9999-01-01T00:00:00Z", "is out of range"),
    ],
)
async def test_what_cannot_be_read_is_said_in_a_sentence(admin: httpx2.AsyncClient, field: str, value: str, said: str) -> None:
    """Beside the form, which keeps it; and nothing is decided."""
    answer = await decide(admin, **{field: value})
    assert answer.status_code == 400 and said in answer.text and 'class="sentence"' not in answer.text and "ten<b>" not in answer.text
    assert value.replace("<", "&lt;").replace(">", "&gt;")[:40] in answer.text


async def test_forms_that_are_not_ours_ask_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Without the token, from another origin, or too large: no answer, and no record of a question."""
    before = len(await stage.reads())
    good = await form(admin, connector="crm", tool="update_customer", arguments="{}", source_ip="10.0.0.7")
    for data, headers in (
        ({**good, "csrf": "0" * 64}, {}),
        (good, {"origin": "https://evil.example"}),
        ({**good, "arguments": '{"a": "' + "x" * 140_000 + '"}'}, {}),
    ):
        answer = await admin.post(WHY, data=data, headers=headers)
        assert answer.status_code == 400 and "nothing was asked" in answer.text
    # One page was read for the token.
    assert len([read for read in (await stage.reads())[before:] if "tool:update_customer" in read["query"]]) == 0


async def test_a_call_of_the_book_is_explained_by_what_is_in_force_now(
    admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage
) -> None:
    """Its page leads there; arguments, client, address and time are those of the call, and stand in the form, not in the address."""
    params = {"name": "update_customer", "arguments": {"limit": 11, "note": "<script>alert(1)</script></textarea>"}}
    id = stage.call(PEOPLE[0], Case(tool="update_customer", params=params, client=("Cursor", "3.2.0")), ago_us=7_200_000_000)
    await stage.settled()
    link = re.search(rf'href="({re.escape(WHY)}\?call={id})">Explain this decision', (await admin.get(f"/calls/{id}")).text)
    assert link is not None
    for client in (admin, employee):
        page = (await client.get(link[1])).text
        assert "may not call update_customer of crm: the policy small-updates denies it" in page and f'href="/calls/{id}"' in page
        assert 'value="Cursor"' in page and 'value="10.20.' in page and "&#34;limit&#34;: 11" in page
        assert Tags(page).tags.count("script") == 1 and "in the groups sales, emea" in page
    read = [one for one in await stage.reads() if one["query"] == id]
    assert [one["payloads"] for one in read] == [True] * 3


async def test_a_call_that_is_none_of_theirs_is_not_explained(
    admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage
) -> None:
    """Somebody else's, one that is not there, and no id at all look the same."""
    others = stage.call(PEOPLE[1], Case(params={"name": "search_customers", "arguments": {"q": "secret words"}}))
    await stage.settled()
    texts = set()
    for client, path in ((employee, "/people/me/why"), (employee, WHY), (admin, WHY)):
        for call in (others, "01a2062b-7d56-71db-8e44-bf184c20a826", "x", ""):
            answer = await client.get(f"{path}?call={call}")
            assert answer.status_code == 404 and "secret words" not in answer.text
            texts.add(re.sub(r"<.*?>", "", answer.text.partition("<main")[2].partition("</main>")[0]))
    assert len(texts) == 2 and {text.rpartition(".")[2] for text in texts} == {"All people", "What may I do?"}


async def test_large_and_lost_arguments_are_decided_about_and_not_put_into_the_form(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The page says so; the decision is about the whole of them, or about none."""
    large = {"name": "update_customer", "arguments": {"limit": 11, "note": "n" * 40_000}}
    big = stage.call(PEOPLE[0], Case(tool="update_customer", params=large))
    odd = stage.call(PEOPLE[0], Case(tool="update_customer", params=["no", "object"]))
    await stage.settled()
    page = (await admin.get(f"{WHY}?call={big}")).text
    assert "too large for the form" in page and "small-updates denies it" in page and "nnnn" not in page
    assert "The arguments are not recorded whole." in (await admin.get(f"{WHY}?call={odd}")).text


async def test_an_employee_has_the_same_page_about_themselves_alone(employee: httpx2.AsyncClient) -> None:
    """Linked at the foot of the rail; without links to what they may not open, and without connectors that they have not been given."""
    home = (await employee.get("/")).text
    assert 'href="/people/me"' in home and 'href="/people"' not in home
    page = (await employee.get("/people/me")).text
    rows = rows_of(page)
    assert {key.partition("/")[0] for key in rows} == {"crm"} and "Conditional" in rows["crm/update_customer"]
    assert 'href="/people/me/why?connector=crm&amp;tool=update_customer"' in rows["crm/update_customer"]
    assert "/policies/" not in page and "/connectors/" not in page and (await employee.get(PERSON)).text.count("crm/") == page.count("crm/")
    why = (await decide(employee, "/people/me/why", arguments='{"limit": 11}')).text
    assert "small-updates denies it" in why and "What does not concern you is left out" in why
    assert "sofia" not in why and "/policies/" not in why and 'href="/people"' not in why


async def test_about_others_an_employee_learns_nothing(employee: httpx2.AsyncClient) -> None:
    """The same answer whether somebody exists or not, for every page and for the search."""
    paths = [
        f"/people/{id}{more}"
        for id in (AUDITOR, "nobody@northwind.example")
        for more in ("", "?outcome=denied", f"/why?{UPDATE}", "/why?call=x")
    ]
    answers = [await employee.get(path) for path in (*paths, "/people", "/people?q=priya", "/people?q=zzz")]
    answers += [await decide(employee, f"/people/{id}/why") for id in (AUDITOR, "nobody@northwind.example")]
    assert {answer.status_code for answer in answers} == {403}
    assert len({re.sub(r"<footer.*?</footer>", "", answer.text, flags=re.DOTALL) for answer in answers}) == 1
    # A connector that they have not been given is told from one that does not exist in nothing but its name.
    there, absent = [(await employee.get(f"/people/me/why?connector={name}&tool=git_log")).text for name in ("git", "gut")]
    assert re.sub(r"\bgit\b", "gut", re.sub(r"<footer.*?</footer>", "", there, flags=re.DOTALL)) == re.sub(
        r"<footer.*?</footer>", "", absent, flags=re.DOTALL
    )


@pytest.mark.parametrize("name", [one["name"] for one in HOSTILE])
async def test_hostile_tools_are_shown_and_do_nothing(admin: httpx2.AsyncClient, name: str) -> None:
    """Found by their keys; no element or handler of theirs is in a page, and no hidden character."""
    listed = (await admin.get(PERSON)).text
    link = f"{WHY}?connector=scratch&tool={quote(key_of(name), safe='')}"
    assert f'href="{link.replace("&", "&amp;")}"' in listed
    answer = await admin.get(link)
    assert answer.status_code == 200 and "nothing allows it" in answer.text
    again = await decide(admin, connector="scratch", tool=key_of(name))
    for text in (listed, answer.text, again.text):
        found = Tags(text)
        assert not found.handlers and found.tags.count("script") == 1 and "img" not in found.tags
        assert not set(text) & set("\u202e\u200b\x07\x1b") and len(text) < 200_000


async def test_hostile_words_of_addresses_and_people_do_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Connectors and tools that nobody knows, a name of a person, and what is searched for."""
    evil = "<script>alert(1)</script>\u202e"
    with stage.store.write() as connection:
        connection.execute(update(people).where(people.c.id == "hannah@northwind.example").values(name=evil))
        bump(connection)
    for path in (
        f"{WHY}?connector={quote(evil)}&tool={quote(evil)}",
        "/people",
        f"/people?q={quote(evil)}",
        "/people/hannah@northwind.example",
        f"/people/hannah@northwind.example/why?{UPDATE}",
    ):
        page = (await admin.get(path)).text
        body = page.partition("<main")[2] + page.partition("<header")[2].partition("</header>")[0]
        assert Tags(page).tags.count("script") == 1 and ("\u202e" not in body or "q=" in path or "connector=" in path)
        assert "<script>alert" not in page


@pytest.mark.parametrize("path", ["/people/nobody", f"/people/nobody/why?{UPDATE}", "/people/%00", WHY, f"{WHY}?connector=crm"])
async def test_what_is_not_there_is_a_page(admin: httpx2.AsyncClient, path: str) -> None:
    """404, and the way back."""
    answer = await admin.get(path)
    assert answer.status_code == 404 and 'href="/people"' in answer.text


async def test_without_the_index_everything_but_calls_is_shown(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """State is enough to say what somebody may do."""
    index, stage.index = stage.index, None
    try:
        assert EMPLOYEE in rows_of((await admin.get("/people")).text)
        page = (await admin.get(PERSON)).text
        assert "Conditional" in rows_of(page)["crm/update_customer"] and "none in 90 days" not in page
        assert (await admin.get(f"{WHY}?{UPDATE}")).status_code == 200
    finally:
        stage.index = index


async def test_a_reader_has_their_own_page_too(stage: Stage) -> None:
    """With links, because they may open them."""
    async with signed_in(stage, AUDITOR) as auditor:
        page = (await auditor.get("/people/me")).text
        assert "What may I do?" in page and 'href="/connectors/crm"' in page and 'href="/people/me/why?' in page
