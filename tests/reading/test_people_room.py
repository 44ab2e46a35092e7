"""The room of people: who may ask about whom, what is told, what is on the record, and that nothing kept is older than state."""

import pytest
import pytest_asyncio
from sqlalchemy import insert

from gatebook.control.caller import local_caller
from gatebook.definitions.key import key_of
from gatebook.identity.accounts import Wanted as WantedPerson
from gatebook.identity.accounts import put_person
from gatebook.reading.people_facts import OUTCOMES
from gatebook.reading.people_room import PAGE_PEOPLE, Wanted, of_outcome
from gatebook.reading.permissions import Asked
from gatebook.reading.rights import NotForYou
from gatebook.reading.viewer import Viewer
from gatebook.state.documents import parse_documents
from gatebook.state.schema import access_requests
from gatebook.state.store import bump
from gatebook.state.uses import note_uses
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.tooling import dress
from tests.console.traffic import PEOPLE, Case
from tests.reading.conftest import viewer_of
from tests.state.noting import HOSTILE

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOUR_US = 3_600_000_000


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def dressed(stage: Stage) -> None:
    """Connectors that have listed tools."""
    await dress(stage)


@pytest.fixture
def employee(stage: Stage) -> Viewer:
    """Somebody who reads their own calls."""
    return viewer_of(stage, EMPLOYEE)


def asked(stage: Stage, connector: str, tool: str) -> Asked:
    """A call of now without arguments."""
    return Asked(connector=connector, tool=tool, at_us=stage.room.clock.wall_us())


async def test_people_are_found_by_text_state_and_page(stage: Stage, admin: Viewer) -> None:
    """By id, name or group, whatever the case; a page beyond the last is empty."""
    everybody = await stage.people.people(admin, Wanted())
    assert everybody.total == len(PEOPLE) + 1 and everybody.pages == 1
    assert [one.id for one in everybody.people] == sorted(one.id for one in everybody.people)
    for text, names in (
        ("LINDQ", {"Jonas Lindqvist"}),
        ("data", {"Kenji Watanabe"}),
        ("emea", {"Amara Okafor", "Lucas Moreau"}),
        ("zzz", set()),
    ):
        assert {one.name for one in (await stage.people.people(admin, Wanted(text=text))).people} == names
    assert (await stage.people.people(admin, Wanted(active=False))).total == 0
    assert (await stage.people.people(admin, Wanted(page=2))).people == ()


async def test_calls_are_those_of_the_book(stage: Stage, admin: Viewer) -> None:
    """Counted by the pseudonym: a person whose id is the name of another is not taken for them."""
    with stage.store.write() as connection:
        put_person(connection, WantedPerson(id="amara okafor".replace(" ", "-"), name="Amara Okafor"), 1)
        bump(connection)
    found = {one.id: one for one in (await stage.people.people(admin, Wanted())).people}
    index = stage.index
    assert index is not None
    calls = [row for row in stage_rows(stage) if row.subject == stage.vault.subject(EMPLOYEE) and row.method == "tools/call"]
    assert calls and found[EMPLOYEE].calls == len(calls) and found[EMPLOYEE].last_us == max(row.time for row in calls)
    assert found["amara-okafor"].calls == 0 and found["amara-okafor"].last_us is None
    shown = await stage.people.person(admin, EMPLOYEE)
    assert shown is not None
    by_tool = {(one.connector, one.tool): one for one in shown[1].tools}
    searches = [row for row in calls if (row.connector, row.tool) == ("crm", "search_customers")]
    assert by_tool["crm", "search_customers"].calls == len(searches) and by_tool["crm", "search_customers"].last_us == max(
        row.time for row in searches
    )
    assert by_tool["scratch", "wall"].calls == 0 and shown[0].calls == len(calls)


def stage_rows(stage: Stage) -> list:  # type: ignore[type-arg]
    """All calls of the book."""
    from gatebook.query import parse

    assert stage.index is not None
    return list(stage.index.search(parse(""), limit=500).rows)


async def test_the_facts_hold_no_secret(stage: Stage, admin: Viewer) -> None:
    """Tokens by id, prefix and times; packs and access for a time with what gives them; the counts are those of the tools."""
    now_us = stage.room.clock.wall_us()
    grant = {
        "call": "c",
        "person": "sofia@northwind.example",
        "connector": "git",
        "tool": "git_log",
        "rules": "[]",
        "reason": "x",
        "asked_us": 1,
    }
    with stage.store.write() as connection:
        for id, until_us in (("req_000000000001", now_us + HOUR_US), ("req_000000000002", now_us - HOUR_US)):
            connection.execute(insert(access_requests).values(id=id, state="granted", until_us=until_us, decided_by=ADMIN, **grant))
        bump(connection)
    shown = await stage.people.person(admin, "sofia@northwind.example")
    assert shown is not None
    detail, tools = shown
    (token,) = detail.tokens
    assert token.prefix.startswith("gw_pat_") and len(token.prefix) < 15 and token.name == "laptop"
    assert token.last_used_us is None
    with stage.store.note() as connection:
        note_uses(connection, {token.id: now_us})
    again = await stage.people.person(admin, "sofia@northwind.example")
    assert again is not None and again[0].tokens[0].last_used_us == now_us, "a use is no change of state, and is shown all the same"
    assert [(one.id, one.tool) for one in detail.grants] == [("req_000000000001", "git_log")]
    assert [(one.name, one.by) for one in detail.packs] == [("export-desk", ("pack/export-desk:people[sofia@northwind.example]",))]
    assert ("git", "git_log", "allowed") in {(one.connector, one.tool, one.outcome) for one in tools.tools}
    for outcome in OUTCOMES:
        assert len(of_outcome(tools, outcome).tools) == detail.may[outcome]
    assert of_outcome(tools, None) == tools and {one.key for one in tools.tools} >= {key_of(one["name"]) for one in HOSTILE}


async def test_counts_end_with_the_access_that_was_granted_for_a_time(stage: Stage, admin: Viewer) -> None:
    """The revision stays the same, and the number is right all the same."""

    async def allowed() -> int:
        return (await stage.people.people(admin, Wanted(text="hannah"))).people[0].may["allowed"]

    before = await allowed()
    until_us = stage.room.clock.wall_us() + HOUR_US
    grant = {
        "call": "c",
        "person": "hannah@northwind.example",
        "connector": "git",
        "tool": "git_log",
        "rules": "[]",
        "reason": "x",
        "asked_us": 1,
    }
    with stage.store.write() as connection:
        connection.execute(insert(access_requests).values(id="req_000000000003", state="granted", until_us=until_us, **grant))
        bump(connection)
    assert await allowed() == before + 1
    clock, stage.room.clock = stage.room.clock, stage.clock
    try:
        stage.clock.offset_us = 2 * HOUR_US
        assert await allowed() == before
    finally:
        stage.clock.offset_us, stage.room.clock = 0, clock


async def test_what_is_kept_is_never_older_than_state(stage: Stage, admin: Viewer) -> None:
    """A second question is answered from what is kept; after a policy is applied everybody is asked anew."""
    await stage.people.people(admin, Wanted())
    kept = stage.people._kept
    assert kept is not None and kept.counts
    before = (await stage.people.people(admin, Wanted(text=EMPLOYEE))).people[0].may
    assert stage.people._kept is kept
    policy = "kind: Policy\nname: no-searches\nspec: {effect: deny, selector: {tools: ['search_*']}, reason: Not now.}\n"
    caller = local_caller("root", stage.vault.subject)
    await stage.desk.apply(parse_documents(policy, "p.yaml"), caller, "for the test")
    after = (await stage.people.people(admin, Wanted(text=EMPLOYEE))).people[0].may
    await stage.desk.delete("Policy", "no-searches", caller, "for the test")
    assert after["denied"] == before["denied"] + 1 and after["allowed"] == before["allowed"] - 1


async def test_who_reads_their_own_may_ask_about_themselves_only(stage: Stage, employee: Viewer) -> None:
    """About others, whether they exist or not, the answer is the same, and there is no list."""
    call = asked(stage, "crm", "search_customers")
    said = set()
    for id in (ADMIN, AUDITOR, "nobody@northwind.example", "me2"):
        for question in (
            stage.people.person(employee, id),
            stage.people.explain(employee, id, call),
            stage.people.recorded(employee, id, "x"),
        ):
            with pytest.raises(NotForYou) as refused:
                await question
            said.add(str(refused.value))
    with pytest.raises(NotForYou):
        await stage.people.people(employee, Wanted(text="priya"))
    assert len(said) == 1
    mine, by_id = await stage.people.person(employee, "me"), await stage.people.person(employee, EMPLOYEE.upper())
    assert mine is not None and mine == by_id and mine[0].id == EMPLOYEE


async def test_what_somebody_has_not_been_given_does_not_exist_for_them(stage: Stage, admin: Viewer, employee: Viewer) -> None:
    """A connector without access is not in the list, and an explanation tells it from none in nothing, whatever policies say of it."""
    policy = "kind: Policy\nname: git-at-night\nspec: {effect: deny, selector: {connectors: [git]}, reason: x}\n"
    caller = local_caller("root", stage.vault.subject)
    await stage.desk.apply(parse_documents(policy, "p.yaml"), caller, "for the test")
    try:
        own, whole = await stage.people.person(employee, "me"), await stage.people.person(admin, EMPLOYEE)
        assert own is not None and whole is not None
        assert {one.connector for one in own[1].tools} == {"crm"} and {one.connector for one in whole[1].tools} == {"crm", "git", "scratch"}
        assert sum(own[0].may.values()) == len(own[1].tools)
        there, absent = [await stage.people.explain(employee, "me", asked(stage, name, "git_log")) for name in ("git", "gut")]
        hidden = next(one["name"] for one in HOSTILE if key_of(one["name"]) != one["name"])
        keyed = await stage.people.explain(employee, "me", asked(stage, "scratch", key_of(hidden)))
        assert there is not None and absent is not None and keyed is not None
        assert repr(there).replace("git'", "gut'").replace("of git", "of gut").replace("connector git", "connector gut") == repr(absent)
        assert keyed.tool == key_of(hidden)
    finally:
        await stage.desk.delete("Policy", "git-at-night", caller, "for the test")


async def test_a_tool_pack_gives_its_tools_only(stage: Stage) -> None:
    """Of the other tools of that connector its owner learns no more than of tools that do not exist."""
    sofia = viewer_of(stage, "sofia@northwind.example")
    own = await stage.people.person(sofia, "me")
    assert own is not None and {one.tool for one in own[1].tools if one.connector == "crm"} == {"export_contacts"}
    there, absent = [await stage.people.explain(sofia, "me", asked(stage, "crm", name)) for name in ("purge_segment", "purge_nothing")]
    assert repr(there).replace("purge_segment", "purge_nothing") == repr(absent)


async def test_an_own_explanation_names_nobody_else(stage: Stage, admin: Viewer, employee: Viewer) -> None:
    """What matched and what could match them; the grants of others are for those who read everything."""
    whole = await stage.people.explain(admin, EMPLOYEE, asked(stage, "crm", "export_contacts"))
    own = await stage.people.explain(employee, "me", asked(stage, "crm", "export_contacts"))
    assert whole is not None and own is not None and own.partial and not whole.partial
    assert (own.effect, own.rule, own.sentence) == (whole.effect, whole.rule, whole.sentence)
    assert "sofia" in repr(whole.steps) and "sofia" not in repr(own.steps)
    assert {one.id for one in own.steps} == {one.id for one in whole.steps if one.matched} and set(own.steps) < set(whole.steps)


async def test_each_question_is_on_the_record(stage: Stage, admin: Viewer, employee: Viewer) -> None:
    """The list, a person, an explanation, and a call with its payloads, by the pseudonym of whom it was about."""
    subject = stage.vault.subject(EMPLOYEE)
    call = stage.call(PEOPLE[0], Case(params={"name": "search_customers", "arguments": {"q": 1}}))
    await stage.settled()
    before = len(await stage.reads())
    await stage.people.people(admin, Wanted())
    await stage.people.person(admin, EMPLOYEE)
    await stage.people.explain(admin, EMPLOYEE, asked(stage, "crm", "search_customers"))
    assert await stage.people.recorded(employee, "me", call)
    listed, person, explained, shown = (await stage.reads())[before:]
    assert listed["query"].startswith("(method:tools/call connector:*)") and f"subject:{subject}" in person["query"] and person["rows"] > 0
    assert explained["query"] == f"subject:{subject} connector:crm tool:search_customers" and explained["rows"] == 0
    assert (shown["action"], shown["query"], shown["payloads"]) == ("show", call, True)


async def test_a_recorded_call_is_asked_again_as_it_was(stage: Stage, admin: Viewer, employee: Viewer) -> None:
    """Arguments, client, address and time of the book; a call of somebody else or of another method is none."""
    params = {"name": "search_customers", "arguments": {"q": "Helix", "limit": 3}}
    mine = stage.call(PEOPLE[0], Case(params=params), ago_us=HOUR_US)
    others = stage.call(PEOPLE[1], Case(params=params))
    listing = stage.call(PEOPLE[0], Case(method="tools/list", tool=None))
    odd = stage.call(PEOPLE[0], Case(params=["no", "object"]))
    await stage.settled()
    found = await stage.people.recorded(employee, "me", mine)
    assert found is not None and found.asked.arguments == b'{"q": "Helix", "limit": 3}' and not found.lost
    assert (found.asked.connector, found.asked.tool, found.asked.client) == ("crm", "search_customers", "Claude Desktop")
    assert found.asked.source_ip.startswith("10.20.") and found.groups == ("sales", "emea")
    assert await stage.people.recorded(employee, "me", others) is None
    assert await stage.people.recorded(admin, EMPLOYEE, others) is None
    assert await stage.people.recorded(admin, EMPLOYEE, listing) is None
    lost = await stage.people.recorded(admin, EMPLOYEE, odd)
    assert lost is not None and lost.asked.arguments == b"{}" and lost.lost


async def test_who_is_not_in_the_directory_is_nobody(stage: Stage, admin: Viewer) -> None:
    """Also the local administrator, who asks about themselves."""
    root = Viewer(principal=local_caller("root", stage.vault.subject))
    assert await stage.people.person(root, "me") is None and await stage.people.person(admin, "nobody") is None
    assert await stage.people.explain(admin, "nobody", asked(stage, "crm", "x")) is None


async def test_without_the_index_all_is_told_but_calls(stage: Stage, admin: Viewer) -> None:
    """And the question is on the record all the same."""
    before = len(await stage.reads())
    index, stage.index = stage.index, None
    try:
        listed, shown = await stage.people.people(admin, Wanted()), await stage.people.person(admin, EMPLOYEE)
    finally:
        stage.index = index
    assert shown is not None and listed.people[0].calls is None and shown[0].calls is None and shown[0].may["allowed"] > 0
    assert len(await stage.reads()) == before + 2


async def test_pages_hold_a_hundred_people(stage: Stage, admin: Viewer) -> None:
    """Nobody is on two pages, and nobody is left out."""
    with stage.store.write() as connection:
        for number in range(PAGE_PEOPLE + 20):
            put_person(connection, WantedPerson(id=f"temp{number}"), 1)
        bump(connection)
    pages = [await stage.people.people(admin, Wanted(text="temp", page=page)) for page in (1, 2)]
    assert [len(page.people) for page in pages] == [PAGE_PEOPLE, 20] and pages[0].pages == 2 and pages[0].total == PAGE_PEOPLE + 20
    assert len({one.id for page in pages for one in page.people}) == PAGE_PEOPLE + 20
