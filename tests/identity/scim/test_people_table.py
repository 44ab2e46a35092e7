"""Users come, change and go: who they are to the product, and what is left when the directory takes them away."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk, LinkOrder
from gatebook.identity.accounts import Wanted, find_person, put_person
from gatebook.identity.approvers import is_administrator
from gatebook.identity.directory import make_principal
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.journal import Journal
from gatebook.identity.scim.provisioning import Provisioning
from gatebook.record.body import ConfigChanged
from gatebook.record.body_directory import AccessCutOff
from gatebook.record.parts import Source
from gatebook.state.schema import metadata, people, tokens
from gatebook.state.snapshot import Person
from gatebook.state.store import Store, bump
from tests.identity.scim.conftest import USER_SCHEMA, AtOnce, Provisioner, Recorded

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def person(store: Store, id: str) -> Person:
    """A person of state."""
    with store.read() as connection:
        found = find_person(connection, id)
    assert found is not None
    return found


async def test_a_user_is_a_person(directory: Provisioner, store: Store) -> None:
    """Name, address, department and manager of a user are those of the person, who is known by the user name."""
    boss = directory.user("Boss@Example.com")
    directory.user(
        "Ana@Example.com",
        displayName="Ana  A",
        emails=[{"value": "other@example.com", "type": "home"}, {"value": "Ana.A@Example.com", "type": "work"}],
        **{ENTERPRISE: {"department": "Sales", "manager": {"value": boss["id"]}}},
    )
    ana = person(store, "ana@example.com")
    assert (ana.name, ana.email, ana.department, ana.manager, ana.source) == (
        "Ana A",
        "ana.a@example.com",
        "Sales",
        "boss@example.com",
        "scim",
    )


async def test_leaving_ends_everything_in_one_transaction(
    directory: Provisioner, store: Store, journal: Journal, recorded: Callable[[], Recorded], barrier: AtOnce
) -> None:
    """Deactivation revokes tokens and is recorded with the cut-off; the answer waited for its revision; coming back revives nothing."""
    ana = directory.user("ana@example.com")
    caller = local_caller("root", journal.subject_of)
    await Desk(journal, "http://x").issuing.create(TokenOrder(person="ana@example.com"), caller)
    directory.patch(ana, {"op": "replace", "path": "active", "value": False})
    assert not person(store, "ana@example.com").active
    bodies = [body for body, _ in recorded()]
    [cut] = [body for body in bodies if isinstance(body, AccessCutOff)]
    assert (cut.cause, cut.tokens, cut.actor.auth) == ("deactivated", 1, "directory")
    assert barrier.revisions == [cut.revision]
    directory.patch(ana, {"op": "replace", "path": "active", "value": True})
    assert person(store, "ana@example.com").active
    with store.read() as connection:
        assert connection.execute(select(tokens.c.revoked_us)).scalar_one() is not None


async def test_who_is_deleted_keeps_the_name_and_frees_it(directory: Provisioner, store: Store) -> None:
    """The row stays for the book; a new user of the same name and external id is somebody else."""
    first = directory.user("ana@example.com", externalId="x-1", displayName="Ana")
    assert directory.send("DELETE", f"/Users/{first['id']}") == (204, None)
    assert directory.get(first) is None
    second = directory.user("ana@example.com", externalId="x-1")
    assert second["id"] != first["id"]
    old, new = person(store, "ana@example.com"), person(store, "ana@example.com-2")
    assert (old.name, old.active, new.active) == ("Ana", False, True)


async def test_nobody_is_taken_over_by_an_address(directory: Provisioner, store: Store, journal: Journal) -> None:
    """A person who was entered by hand is not the user of that address, until an administrator hands them over."""
    with store.write() as connection:
        put_person(connection, Wanted(id="root@example.com", groups=("admins",)), time.time_ns() // 1000)
        bump(connection)
    body = {"schemas": [USER_SCHEMA], "userName": "x", "emails": [{"value": "Root@example.com"}]}
    status, answer = directory.send("POST", "/Users", body)
    assert (status, answer["scimType"]) == (409, "uniqueness")
    assert "gatebook directory adopt" in answer["detail"]
    await Provisioning(journal).adopt("root@example.com", local_caller("root", journal.subject_of))
    assert directory.send("POST", "/Users", body)[0] == 201
    root = person(store, "root@example.com")
    assert (root.source, root.groups, root.active) == ("scim", ("admins",), True)


async def test_who_is_handed_over_and_inactive_there_is_cut_off(
    directory: Provisioner, store: Store, journal: Journal, recorded: Callable[[], Recorded], barrier: AtOnce
) -> None:
    """The directory's first word of somebody may be that they have left: all they had ends, and comes back with nothing."""
    caller = local_caller("root", journal.subject_of)
    await Desk(journal, "http://x").issuing.create(TokenOrder(person="ana@example.com"), caller)
    await Provisioning(journal).adopt("ana@example.com", caller)
    body = {"schemas": [USER_SCHEMA], "userName": "ana@example.com", "active": False}
    status, ana = directory.send("POST", "/Users", body)
    assert (status, ana["active"]) == (201, False)
    [cut] = [body for body, _ in recorded() if isinstance(body, AccessCutOff)]
    assert (cut.cause, cut.tokens) == ("deactivated", 1) and barrier.revisions == [cut.revision]
    directory.patch(ana, {"op": "replace", "path": "active", "value": True})
    assert person(store, "ana@example.com").active
    with store.read() as connection:
        assert connection.execute(select(tokens.c.revoked_us)).scalar_one() is not None


async def test_who_is_handed_over_gets_the_address_of_the_directory_at_once(
    directory: Provisioner, journal: Journal, store: Store, barrier: AtOnce
) -> None:
    """Policies may name somebody by the address: the answer waits for the workers."""
    caller = local_caller("root", journal.subject_of)
    await Desk(journal, "http://x").issuing.create(TokenOrder(person="ana"), caller)
    await Provisioning(journal).adopt("ana", caller)
    directory.user("ana", emails=[{"value": "ana@example.com"}])
    assert person(store, "ana").email == "ana@example.com" and barrier.revisions == [store.revision()]


async def test_an_administrator_can_be_made_on_the_host_when_none_is_left(directory: Provisioner, store: Store, journal: Journal) -> None:
    """The directory has sent the last one away; nobody else may, and the link is on the record."""
    root = directory.user("root@example.com")
    directory.group("admins", root)
    desk, caller = Desk(journal, "http://x"), local_caller("root", journal.subject_of)
    assert directory.send("DELETE", f"/Users/{root['id']}")[0] == 204
    assert not [one for one in store.snapshot().people.values() if one.active and is_administrator(make_principal(one, "s", "session"))]
    link = await desk.make_link(LinkOrder(person="rescue@example.com", break_glass=True, reason="the last one has left"), caller)
    opened = await desk.sign_in(link.url.partition("#")[2], Source(ip="127.0.0.1", port=1))
    assert opened is not None and is_administrator(opened.principal)


def test_the_last_administrator_leaves_as_well(directory: Provisioner, store: Store) -> None:
    """A directory is never refused because somebody would be missing afterwards."""
    root = directory.user("root@example.com")
    directory.group("admins", root)
    assert directory.patch(root, {"op": "replace", "path": "active", "value": False})[0] == 200
    assert directory.send("DELETE", f"/Users/{root['id']}")[0] == 204
    assert not person(store, "root@example.com").active


def test_names_are_unique(directory: Provisioner) -> None:
    """A user name in another case, and an external id that somebody has, are refused; also when somebody is renamed to one."""
    directory.user("ana@example.com", externalId="x-1")
    bo = directory.user("bo@example.com")
    for body in ({"userName": "ANA@example.com"}, {"userName": "cy", "externalId": "x-1"}):
        assert directory.send("POST", "/Users", {"schemas": [USER_SCHEMA], **body})[1]["scimType"] == "uniqueness"
    assert directory.patch(bo, {"op": "replace", "path": "userName", "value": "ana@example.com"})[0] == 409
    assert directory.get(bo)["userName"] == "bo@example.com"


def test_an_administrators_cut_off_stands(directory: Provisioner, store: Store) -> None:
    """A replacement that says active again does not bring back whom an administrator has cut off; off and on again does."""
    ana = directory.user("ana@example.com")
    with store.write() as connection:
        connection.execute(people.update().where(people.c.id == "ana@example.com").values(active=0, version=people.c.version + 1))
        bump(connection)
    body = {"schemas": [USER_SCHEMA], "userName": "ana@example.com", "title": "Lead", "active": True}
    assert directory.send("PUT", f"/Users/{ana['id']}", body)[0] == 200
    assert not person(store, "ana@example.com").active
    for active in (False, True):
        directory.patch(ana, {"op": "replace", "path": "active", "value": active})
    assert person(store, "ana@example.com").active


def test_a_replacement_that_is_silent_brings_nobody_back(directory: Provisioner, store: Store) -> None:
    """A PUT without `active` leaves somebody who was sent away where they are."""
    ana = directory.user("ana@example.com")
    directory.patch(ana, {"op": "replace", "path": "active", "value": False})
    assert directory.send("PUT", f"/Users/{ana['id']}", {"schemas": [USER_SCHEMA], "userName": "ana@example.com"})[0] == 200
    assert not person(store, "ana@example.com").active


def test_a_standing_that_is_taken_away_is_told_no_more_and_brings_nobody_back(directory: Provisioner, store: Store) -> None:
    """`remove` of `active` leaves it unassigned (RFC 7644, 3.5.2.2), whatever changes afterwards; only `true` brings somebody back who was sent away."""
    ana = directory.user("ana@example.com", active=False)
    status, answer = directory.patch(ana, {"op": "remove", "path": "active"})
    assert status == 200 and "active" not in answer and "active" not in directory.get(ana)
    directory.patch(ana, {"op": "add", "path": "title", "value": "Lead"})
    assert "active" not in directory.get(ana) and not person(store, "ana@example.com").active
    assert directory.patch(ana, {"op": "add", "path": "active", "value": True})[1]["active"] is True
    assert directory.patch(ana, {"op": "remove", "path": "active"})[0] == 200 and person(store, "ana@example.com").active


def test_passwords_are_nowhere(directory: Provisioner, store: Store, recorded: Callable[[], Recorded]) -> None:
    """A password that a directory sends is neither in state nor in the book, whichever way it came."""
    secret = "Tr0ub4dor-and-3"
    ana = directory.user("ana@example.com", password=secret)
    directory.patch(ana, {"op": "replace", "path": "password", "value": secret}, {"op": "replace", "value": {"password": secret}})
    directory.send("PUT", f"/Users/{ana['id']}", {"schemas": [USER_SCHEMA], "userName": "ana@example.com", "password": secret})
    with store.read() as connection:
        dump = str([connection.execute(select(table)).all() for table in metadata.sorted_tables])
    assert secret not in dump
    assert all(secret.encode() not in part for _, parts in recorded() for part in parts.values())


def test_each_change_is_on_the_record(directory: Provisioner, recorded: Callable[[], Recorded]) -> None:
    """Creation, change and deletion each have a record with the difference."""
    ana = directory.user("ana@example.com", title="Clerk")
    directory.patch(ana, {"op": "replace", "path": "title", "value": "Lead"})
    directory.patch(ana, {"op": "replace", "path": "title", "value": "Lead"})
    directory.send("DELETE", f"/Users/{ana['id']}")
    found = [(body, parts) for body, parts in recorded() if isinstance(body, ConfigChanged)]
    assert [body.action for body, _ in found] == ["created", "changed", "deleted"]
    assert b'+ "title": "Lead"' in found[1][1]["diff"]
    assert all(body.actor.auth == "directory" for body, _ in found)


def test_what_cannot_be_a_user_is_refused(directory: Provisioner) -> None:
    """No name, a name without end and a body without end each get one sentence."""
    bodies: list[dict[str, Any]] = [{}, {"userName": " "}, {"userName": "x" * 300}, {"userName": "x", "nickName": "y" * 70_000}]
    for body in bodies:
        status, answer = directory.send("POST", "/Users", {"schemas": [USER_SCHEMA], **body})
        assert (status, answer["scimType"]) == (400, "invalidValue"), answer
