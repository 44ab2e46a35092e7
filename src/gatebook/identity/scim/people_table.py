"""Writing users to the table of people. Each function works within a `Change`."""

import json
import secrets
from collections.abc import Sequence
from itertools import count
from typing import Any

from msgspec.structs import replace
from scim2_models import NotFoundException, Resource, UniquenessException
from sqlalchemy import Connection, RowMapping, delete, false, insert, or_, select, update

from gatebook.identity.cutting import make_id
from gatebook.identity.scim.change import Change
from gatebook.identity.scim.users import Facts, comparable, facts_of, lines, wished_id
from gatebook.state.changes import unified
from gatebook.state.directory_schema import directory_groups, directory_keys, identities, memberships
from gatebook.state.schema import people


def row_of(connection: Connection, scim_id: str) -> RowMapping:
    """The row of a user. Raises NotFoundException."""
    row = connection.execute(select(people).where(people.c.scim_id == scim_id)).mappings().first()
    if row is None:
        raise NotFoundException(detail=f"there is no user {scim_id[:64]!r}")
    return row


def groups_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Id and name of each group, by person."""
    query = select(memberships.c.person, directory_groups.c.id, directory_groups.c.name).join(
        directory_groups, directory_groups.c.id == memberships.c.group_id
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for person, id, name in connection.execute(query.where(memberships.c.person.in_(ids)).order_by(directory_groups.c.name_key)):
        found.setdefault(person, []).append((id, name))
    return found


async def create(change: Change, user: Resource[Any]) -> RowMapping:
    """Enter a new user; one who was handed over and is not active loses all access. Raises UniquenessException, InvalidValueException, LogUnavailable."""
    facts, scim_id = facts_of(user), secrets.token_hex(16)
    waiting = _check_unique(change.connection, facts, None)
    active = facts.active is not False
    values = {
        **_columns(change.connection, facts),
        "scim_id": scim_id,
        "source": "scim",
        "changed_us": change.now_us,
    }
    standing = {"active": int(active), "deactivated_us": None if active else change.now_us}
    if waiting is None:
        id = _free_id(change.connection, wished_id(facts) or f"scim-{scim_id[:12]}")
        fresh = {"id": id, "kind": "person", "groups": "[]", "version": 1, "created_us": change.now_us, "epoch": 0}
        change.connection.execute(insert(people).values(**fresh, **values, **standing))
    else:
        id = waiting["id"]
        values |= standing if active else {}
        change.connection.execute(update(people).where(people.c.id == id).values(version=people.c.version + 1, **values))
        if waiting["active"] and not active:
            await change.cut(id, "deactivated", make_id())
        else:
            change.lowered = True
    _put_keys(change.connection, id, facts)
    row = row_of(change.connection, scim_id)
    change.person_changed(id, "changed" if waiting else "created", row["version"], unified("", lines(facts), f"Person/{id}"))
    return row


async def update_user(change: Change, row: RowMapping, user: Resource[Any]) -> RowMapping:
    """Write the new state of a user; who is no longer active loses all access. Raises UniquenessException, InvalidValueException, LogUnavailable."""
    id, before, facts = row["id"], _stored(row), facts_of(user)
    said_before = before.body.get("active", True) is True
    said = said_before if facts.active is None else facts.active
    if facts.active is None and not said:
        # A change that takes `active` away does not bring back whom the directory has sent away: null keeps that in mind, and is never told.
        facts = replace(facts, body={**facts.body, "active": None})
    _check_unique(change.connection, facts, id)
    values: dict[str, Any] = {**_columns(change.connection, facts), "changed_us": change.now_us}
    if said and not said_before:
        values |= {"active": 1, "deactivated_us": None}
    change.connection.execute(update(people).where(people.c.id == id).values(version=people.c.version + 1, **values))
    _put_keys(change.connection, id, facts)
    if row["active"] and not said:
        await change.cut(id, "deactivated", make_id())
    # Policies may name somebody by the address.
    change.lowered |= values["email"] != row["email"]
    after = row_of(change.connection, row["scim_id"])
    change.person_changed(id, "changed", after["version"], unified(lines(before), lines(facts), f"Person/{id}"))
    return after


async def delete_user(change: Change, row: RowMapping) -> None:
    """Send a user away for good. The row stays, so that the book has the name; user name and external id are free for somebody new."""
    id = row["id"]
    await change.cut(id, "deleted", make_id())
    gone = dict.fromkeys(("scim_id", "user_name", "user_name_key", "external_id", "body", "manager"))
    change.connection.execute(update(people).where(people.c.id == id).values(deleted_us=change.now_us, changed_us=change.now_us, **gone))
    in_groups = select(memberships.c.group_id).where(memberships.c.person == id)
    change.connection.execute(
        update(directory_groups)
        .where(directory_groups.c.id.in_(in_groups))
        .values(version=directory_groups.c.version + 1, changed_us=change.now_us)
    )
    for table in (memberships, directory_keys, identities):
        change.connection.execute(delete(table).where(table.c.person == id))
    version = change.connection.execute(select(people.c.version).where(people.c.id == id)).scalar_one()
    change.person_changed(id, "deleted", version, unified(lines(_stored(row)), "", f"Person/{id}"))


def _stored(row: RowMapping) -> Facts:
    body = json.loads(row["body"])
    return Facts(
        user_name=row["user_name"],
        external_id=row["external_id"],
        email=row["email"],
        name=row["name"],
        active=body.get("active"),
        manager=None,
        department=row["department"],
        body=body,
    )


def _columns(connection: Connection, facts: Facts) -> dict[str, Any]:
    manager = None
    if facts.manager:
        manager = connection.execute(select(people.c.id).where(people.c.scim_id == facts.manager)).scalar()
    return {
        "email": facts.email,
        "name": facts.name,
        "external_id": facts.external_id,
        "user_name": facts.user_name,
        "user_name_key": comparable(facts.user_name),
        "manager": manager,
        "department": facts.department,
        "body": facts.text,
    }


def _check_unique(connection: Connection, facts: Facts, own: str | None) -> RowMapping | None:
    """Refuse what somebody else has. Returns the person who was handed over to the directory and waits for their user. Raises UniquenessException."""
    names = {facts.user_name.lower(), *([facts.email] if facts.email else [])}
    same = or_(
        people.c.user_name_key == comparable(facts.user_name),
        people.c.external_id == facts.external_id if facts.external_id else false(),
        people.c.id.in_(names),
        people.c.email.in_(names),
    )
    waiting = None
    for row in connection.execute(select(people).where(same)).mappings():
        if row["id"] == own:
            continue
        if row["user_name_key"] == comparable(facts.user_name):
            raise UniquenessException(detail=f"userName {facts.user_name!r} is taken")
        if facts.external_id and row["external_id"] == facts.external_id:
            raise UniquenessException(detail=f"externalId {facts.external_id!r} is taken by another user")
        if row["source"] == "local":
            raise UniquenessException(
                detail=f"{row['id']} was entered by hand and is not taken over by its address: "
                "an administrator hands it over with `gatebook directory adopt`, or it gets another address"
            )
        if row["scim_id"] is None and row["deleted_us"] is None:
            waiting = row
    return waiting if own is None else None


def _put_keys(connection: Connection, id: str, facts: Facts) -> None:
    connection.execute(delete(directory_keys).where(directory_keys.c.person == id))
    if facts.keys:
        connection.execute(
            insert(directory_keys), [{"attribute": name, "value": value, "person": id} for name, value in sorted(facts.keys)]
        )


def _free_id(connection: Connection, wished: str) -> str:
    """An id that nobody has or had: the calls of somebody who was deleted are not those of whoever has the name next."""
    for number in count(1):
        id = wished if number == 1 else f"{wished}-{number}"
        if connection.execute(select(people.c.id).where(people.c.id == id)).first() is None:
            return id
    raise AssertionError("numbers do not end")
