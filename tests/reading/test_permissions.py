"""What a person may do and why, asked of one configuration: activity, policies and definitions together."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from gatebook.identity.accounts import Wanted, put_person
from gatebook.reading.permissions import INACTIVE, Asked, Permissions
from gatebook.state.documents import parse_documents
from gatebook.state.schema import people
from gatebook.state.store import Store, bump
from tests.console.stage import Stage
from tests.console.tooling import dress

AMARA, JONAS, SOFIA, KENJI = (f"{name}@northwind.example" for name in ("amara", "jonas", "sofia", "kenji"))
NOW_US = time.time_ns() // 1000
POSSIBLE = {
    "allowed": {"allowed", "redacted"},
    "denied": {"blocked"},
    "pending": {"pending", "blocked"},
    "conditional": {"allowed", "redacted", "pending", "blocked"},
}
LIMIT = """
kind: Policy
name: small-updates
spec: {effect: deny, selector: {tools: [update_*]}, when: "args.?limit.orValue(0) > 10", reason: Too many.}
"""


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    """Connectors of which one drifted, and their people."""
    stage = Stage(tmp_path)
    await stage.enroll()
    await dress(stage)
    return stage


@pytest.fixture
def permissions(stage: Stage) -> Iterator[Permissions]:
    """What is in force there, with a condition on updates."""
    with stage.store.read() as connection:
        yield Permissions.read(connection, parse_documents(LIMIT, "draft"))
    stage.close()


def asked(connector: str, tool: str, arguments: bytes = b"{}") -> Asked:
    """A call of now."""
    return Asked(connector=connector, tool=tool, arguments=arguments, at_us=NOW_US)


def test_what_may_be_done_and_why_never_contradict(permissions: Permissions) -> None:
    """For all people and tools: the explanation of a call comes to something that the outcome of its tool allows, and names a step."""
    seen = set()
    for person in permissions.stored.people.values():
        for one in permissions.tools(person, NOW_US):
            for arguments in (b"{}", b'{"limit": 11}'):
                found = permissions.explain(person, asked(one.connector, one.tool, arguments))
                assert found.decision.effect in POSSIBLE[one.outcome]
                assert found.decision.rule in [step.id for step in found.steps if step.matched]
                if one.outcome == "denied":
                    assert one.rules == (found.decision.rule,)
            seen.add(one.outcome)
    assert seen == {"allowed", "conditional", "denied"}


def test_who_is_alike_may_do_the_same(permissions: Permissions) -> None:
    """Amara and Lucas are in the same groups and named nowhere; Sofia is named by a pack, so that nobody is like her."""
    alike: dict[object, list[list[tuple[str, ...]]]] = {}
    for person in permissions.stored.people.values():
        found = [(one.connector, one.tool, one.outcome, *one.rules) for one in permissions.tools(person, NOW_US)]
        alike.setdefault(permissions.likeness(person), []).append(found)
    assert all(found == same[0] for same in alike.values() for found in same)
    people = permissions.stored.people
    likeness = {id: permissions.likeness(people[id]) for id in people}
    assert likeness[AMARA] == likeness["lucas@northwind.example"] and len(alike) < len(people)
    finance = replace(people[SOFIA], id="else@northwind.example", email="else@northwind.example")
    assert (
        permissions.likeness(finance) != likeness[SOFIA] and permissions.likeness(replace(people[AMARA], active=False)) != likeness[AMARA]
    )


def test_definitions_are_asked_last_and_only_about_what_is_not_denied(permissions: Permissions) -> None:
    """A drifted tool is blocked by its definition; one that policy denies already is blocked by that."""
    amara, jonas = (permissions.stored.people[id] for id in (AMARA, JONAS))
    drifted = permissions.explain(amara, asked("crm", "export_contacts"))
    assert (drifted.decision.effect, drifted.decision.rule) == ("blocked", "tool-definition")
    assert (drifted.steps[-1].kind, drifted.steps[-1].matched) == ("definition", True)
    denied = permissions.explain(jonas, asked("crm", "export_contacts"))
    assert denied.decision.rule == "default-deny" and denied.steps[-1].why.startswith("not asked")
    reasons = {one.tool: one.reason for one in permissions.tools(amara, NOW_US) if one.rules == ("tool-definition",)}
    assert reasons == {
        "export_contacts": "Its definition is not the one that was approved.",
        "fetch_customer": "Its definition waits for an administrator.",
        "get_customer": "The connector does not list it.",
        "search_custumers": "Its definition waits for an administrator.",
    }


def test_where_definitions_are_not_looked_at_they_stop_nothing(permissions: Permissions) -> None:
    """`tool_approval: none`, and a connector that has listed nothing yet."""
    found = permissions.explain(permissions.stored.people[JONAS], asked("time", "get_current_time"))
    assert found.decision.effect == "allowed" and not found.steps[-1].matched


def test_who_is_not_active_may_do_nothing(stage: Stage, permissions: Permissions) -> None:
    """Whatever the policies say, and every tool says why."""
    with stage.store.write() as connection:
        connection.execute(update(people).where(people.c.id == AMARA).values(active=0))
        bump(connection)
    with stage.store.read() as connection:
        now = Permissions.read(connection)
    amara = now.stored.people[AMARA]
    assert {(one.outcome, one.rules) for one in now.tools(amara, NOW_US)} == {("denied", (INACTIVE,))}
    found = now.explain(amara, asked("crm", "search_customers"))
    assert (found.decision.effect, found.decision.rule, now.kind_of(INACTIVE)) == ("blocked", INACTIVE, "person")
    assert [(step.kind, step.matched) for step in found.steps] == [("person", True)]


def test_packs_are_those_that_are_granted(permissions: Permissions) -> None:
    """With the grant that gives them; nobody else has them, and they give their tools only."""
    sofia, kenji = permissions.stored.people[SOFIA], permissions.stored.people[KENJI]
    ((pack, by),) = permissions.packs(sofia)
    assert (pack.name, by) == ("export-desk", (f"pack/export-desk:people[{SOFIA}]",)) and permissions.packs(kenji) == []
    assert permissions.given(sofia, "crm", "export_contacts") and not permissions.given(sofia, "crm", "get_customer")
    assert not permissions.given(kenji, "crm", "export_contacts") and not permissions.given(kenji, "nope", "x")


def test_a_draft_is_asked_as_if_it_were_applied(stage: Stage, permissions: Permissions) -> None:
    """What is in force does not have the draft's policy; decisions name which configuration they are of."""
    call = asked("crm", "update_customer", b'{"limit": 11}')
    with stage.store.read() as connection:
        in_force = Permissions.read(connection)
    before, after = (one.explain(one.stored.people[AMARA], call).decision for one in (in_force, permissions))
    assert (before.effect, after.effect, after.rule, after.bundle) == ("allowed", "blocked", "small-updates", "draft")
    assert before.bundle == stage.store.snapshot().bundle


def test_people_are_found_by_id_before_address(store_with_namesakes: Store) -> None:
    """An address that is another person's id does not take their place; an empty one finds nobody."""
    with store_with_namesakes.read() as connection:
        found = Permissions.read(connection)
    assert [getattr(found.person(word), "id", None) for word in ("ANN", "ann@x.example", "bob@x.example", "", "eve")] == ["ann", "ann", "bob@x.example", None, None]  # fmt: skip


@pytest.fixture
def store_with_namesakes(tmp_path: Path) -> Iterator[Store]:
    """Three people, one of whom has the id of another as the address."""
    store = Store.open(tmp_path / "names.db")
    with store.write() as connection:
        for wanted in (
            Wanted(id="ann", email="ann@x.example"),
            Wanted(id="aaa", email="bob@x.example"),
            Wanted(id="bob@x.example", email=""),
        ):
            put_person(connection, wanted, 1)
    yield store
    store.close()


def test_kinds_of_rules_are_told_by_their_ids(permissions: Permissions) -> None:
    """Each thing that can decide; a policy is a rule."""
    ids = ("connector/crm:allow.groups[x]", "pack/p:people[x]", "grant/req_1", "default-deny", "tool-definition", "no-bulk")
    assert [permissions.kind_of(id) for id in ids] == ["connector", "pack", "grant", "default", "definition", "rule"]
