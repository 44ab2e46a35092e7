"""Who grants themselves more of the log is marked in the book."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.issuing import TokenOrder
from gatebook.log.vault import Vault
from gatebook.record.body_access import AccessSelfGranted
from gatebook.state.documents import parse_documents
from gatebook.state.snapshot import Person

Recorded = list[tuple[object, dict[str, bytes]]]
BINDS = "kind: Role\nname: auditor\nspec: {groups: [auditors, %s]}\n"


def noticed(recorded: Callable[[], Recorded]) -> list[AccessSelfGranted]:
    """The marks so far."""
    return [body for body, _ in recorded() if isinstance(body, AccessSelfGranted)]


def session(vault: Vault, person: str, *groups: str) -> Principal:
    """Somebody who is signed in."""
    return make_principal(Person(id=person, groups=groups), vault.subject(person), "session")


async def test_a_group_that_shows_more_is_marked_when_an_administrator_gets_it_by_hand(
    desk: Desk, caller: Principal, vault: Vault, recorded: Callable[[], Recorded]
) -> None:
    """From the host, where nobody can tell who sits there, for people who were administrators; not for others, not for less."""
    await desk.issuing.create(TokenOrder(person="nora", groups=("admins",), name="a"), caller)
    await desk.issuing.create(TokenOrder(person="ann", groups=("sales",), name="b"), caller)
    await desk.issuing.create(TokenOrder(person="ann", groups=("security",), name="c"), caller)
    assert noticed(recorded) == []
    await desk.issuing.create(TokenOrder(person="nora", groups=("admins", "security"), name="d"), caller)
    (mark,) = noticed(recorded)
    assert mark.subject == vault.subject("nora") and mark.actor.auth == "socket" and mark.by == "group"
    assert "arguments" in mark.groups and "security_analyst" in mark.roles
    await desk.issuing.create(TokenOrder(person="nora", groups=("admins",), name="e"), caller)
    assert len(noticed(recorded)) == 1


@pytest.mark.parametrize(("group", "marked"), [("admins", True), ("sales", False)])
async def test_a_role_that_binds_its_author_is_marked(
    desk: Desk, caller: Principal, vault: Vault, recorded: Callable[[], Recorded], group: str, marked: bool
) -> None:
    """In the same transaction as the document; one that binds others is not."""
    await desk.issuing.create(TokenOrder(person="nora", groups=("admins",), name="a"), caller)
    await desk.apply(parse_documents(BINDS % group, "r.yaml"), session(vault, "nora", "admins"), "why not")
    found = noticed(recorded)
    assert bool(found) is marked
    if marked:
        assert found[0].subject == found[0].actor.subject == vault.subject("nora")
        assert found[0].by == "role" and found[0].groups == ("identity", "policy", "evidence")


async def test_a_role_that_is_taken_away_is_no_grant(desk: Desk, caller: Principal, vault: Vault, recorded: Callable[[], Recorded]) -> None:
    """Nor is one that is stored as it was."""
    await desk.issuing.create(TokenOrder(person="nora", groups=("admins",), name="a"), caller)
    nora = session(vault, "nora", "admins")
    await desk.apply(parse_documents(BINDS % "admins", "r.yaml"), nora)
    await desk.apply(parse_documents(BINDS % "admins", "r.yaml"), nora)
    await desk.delete("Role", "auditor", nora)
    assert len(noticed(recorded)) == 1


async def test_a_role_waits_for_a_second_person_where_changes_do(desk: Desk, caller: Principal, vault: Vault) -> None:
    """As a policy does."""
    await desk.apply(parse_documents("kind: Governance\nname: default\nspec: {second_approver: true}\n", "g.yaml"), caller)
    applied = await desk.apply(parse_documents(BINDS % "sales", "r.yaml"), session(vault, "nora", "admins"), "because")
    assert applied.proposal is not None
    with desk.store.read() as connection:
        assert isinstance(connection, Connection) and desk.resources("Role", None) == []
