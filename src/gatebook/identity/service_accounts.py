"""Service accounts: programs that call in their own name. A person answers for each; when that person is cut off, so are they, until an administrator
names another.

Works in the caller's transaction and leaves records and revision to it.
"""

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, select, update

from gatebook.identity.accounts import PersonChange, Wanted, find_person, put_person
from gatebook.state.changes import unified
from gatebook.state.feed import note_people, note_tokens
from gatebook.state.schema import people, tokens
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError


class ServiceOrder(Struct, frozen=True, kw_only=True):
    """What a service account should be; None leaves a field as it is. A new one needs an `owner`.

    A new owner of one that had another makes its tokens worthless, because the former one may know them; `keep_tokens` says otherwise.
    """

    id: str
    owner: str | None = None
    name: str | None = None
    groups: tuple[str, ...] | None = None
    keep_tokens: bool = False
    reason: str | None = None


def put_service_account(connection: Connection, order: ServiceOrder, now_us: int) -> PersonChange:
    """Create one, change it, or give it to another owner, which also wakes one that was suspended. Raises StateError."""
    before = find_person(connection, order.id.lower())
    if before is not None and before.kind != "service":
        raise StateError(f"{before.id} is a person, not a service account; choose another name")
    owner = _owner(connection, order, before)
    put = put_person(connection, Wanted(id=order.id, name=order.name, groups=order.groups, owner=owner), now_us)
    if before is None or order.owner is None:
        return put
    if (before.owner != owner or not before.active) and not order.keep_tokens:
        _end_tokens(connection, before.id, now_us)
    if before.active:
        return put
    values = {"active": 1, "deactivated_us": None, "version": put.person.version + (put.action == "unchanged"), "changed_us": now_us}
    connection.execute(update(people).where(people.c.id == before.id).values(**values))
    note_people(connection, [before.id])
    after = replace(put.person, active=True, version=values["version"])
    return PersonChange(action="changed", person=after, diff=put.diff + unified("active: false\n", "active: true\n", f"Person/{after.id}"))


def suspend_of(connection: Connection, owner: str, now_us: int) -> tuple[str, ...]:
    """Suspend the service accounts of somebody who is cut off for good: their tokens are refused with it. Returns their ids."""
    ids = services_of(connection, owner)
    values = {"active": 0, "deactivated_us": now_us, "changed_us": now_us, "version": people.c.version + 1}
    connection.execute(update(people).where(_active_of(owner)).values(**values))
    note_people(connection, ids)
    return ids


def services_of(connection: Connection, owner: str) -> tuple[str, ...]:
    """The active service accounts that somebody answers for, by id."""
    return tuple(connection.execute(select(people.c.id).where(_active_of(owner)).order_by(people.c.id)).scalars())


def _active_of(owner: str) -> ColumnElement[bool]:
    return (people.c.owner == owner) & (people.c.kind == "service") & (people.c.active == 1)


def _owner(connection: Connection, order: ServiceOrder, before: Person | None) -> str:
    wanted = order.owner or (before.owner if before is not None else None)
    if not wanted:
        raise StateError(f"the service account {order.id} needs an owner: a person who answers for it")
    person = find_person(connection, wanted.lower())
    if order.owner is not None and (person is None or person.kind != "person" or not person.active):
        raise StateError(f"{wanted!r} cannot own a service account: it must be an active person of the directory")
    return wanted.lower()


def _end_tokens(connection: Connection, id: str, now_us: int) -> None:
    live = (tokens.c.person == id) & tokens.c.revoked_us.is_(None)
    hashes = list(connection.execute(select(tokens.c.sha256).where(live)).scalars())
    connection.execute(update(tokens).where(live).values(revoked_us=now_us))
    connection.execute(update(people).where(people.c.id == id).values(epoch=people.c.epoch + 1))
    note_people(connection, [id])
    note_tokens(connection, hashes)
