"""Groups of the directory: rows, members, and the resource of both. Each writing function works within a `Change`."""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from scim2_models import InvalidValueException, NotFoundException, Resource, UniquenessException
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from gatebook.identity.scim.catalog import GROUP
from gatebook.identity.scim.change import Change
from gatebook.identity.scim.users import comparable, exact, meta_of
from gatebook.state.directory_schema import directory_groups, memberships
from gatebook.state.schema import people

_NAME_CHARACTERS_MAX: Final = 256
_BODY_BYTES_MAX: Final = 64 * 1024
_AT_ONCE: Final = 500
_NOT_KEPT: Final = ("id", "meta", "members")


def row_of(connection: Connection, id: str) -> RowMapping:
    """The row of a group. Raises NotFoundException."""
    row = connection.execute(select(directory_groups).where(directory_groups.c.id == id)).mappings().first()
    if row is None:
        raise NotFoundException(detail=f"there is no group {id[:64]!r}")
    return row


def members_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[RowMapping]]:
    """The members of groups by id of the group: `id` and `scim_id` of each person."""
    query = select(memberships.c.group_id, people.c.id, people.c.scim_id).join(people, people.c.id == memberships.c.person)
    found: dict[str, list[RowMapping]] = {}
    for row in connection.execute(query.where(memberships.c.group_id.in_(ids)).order_by(people.c.id)).mappings():
        found.setdefault(row["group_id"], []).append(row)
    return found


def group_of(model: type[Resource[Any]], row: RowMapping, members: Iterable[RowMapping] | None = None) -> Resource[Any]:
    """Make the resource of a row."""
    body = json.loads(row["body"])
    shown = [{"value": one["scim_id"], "$ref": f"Users/{one['scim_id']}", "type": "User"} for one in members or ()]
    if shown:
        body["members"] = shown
    return model.model_validate({**body, "id": row["id"], "meta": meta_of(GROUP, row)})


def create(change: Change, group: Resource[Any], members: Iterable[str]) -> RowMapping:
    """Enter a new group with these users. Raises UniquenessException, InvalidValueException."""
    body, id = _body_of(group), secrets.token_hex(16)
    values = _columns(change.connection, body, None)
    change.connection.execute(
        insert(directory_groups).values(id=id, version=1, created_us=change.now_us, changed_us=change.now_us, **values)
    )
    added, _ = _put_members(change, id, set(members))
    change.lowered |= bool(added)
    change.group_changed(values["name"], "created", 1, _diff(None, values["name"], added, ()))
    return row_of(change.connection, id)


def update_group(change: Change, row: RowMapping, group: Resource[Any], members: set[str] | None) -> RowMapping:
    """Write the new state of a group; `members` None leaves them as they are. Raises UniquenessException, InvalidValueException."""
    body, id = _body_of(group), row["id"]
    values = _columns(change.connection, body, id)
    added, removed = _put_members(change, id, members) if members is not None else ((), ())
    if not (added or removed) and values["body"] == row["body"]:
        return row
    change.connection.execute(
        update(directory_groups)
        .where(directory_groups.c.id == id)
        .values(version=directory_groups.c.version + 1, changed_us=change.now_us, **values)
    )
    renamed = values["name"] != row["name"]
    if renamed:
        change.touch(*(one["id"] for one in members_of(change.connection, [id]).get(id, ())))
    # Also who joins may be able to do less afterwards: policies deny by group too.
    change.lowered |= bool(added or removed) or renamed
    change.group_changed(values["name"], "changed", row["version"] + 1, _diff(row["name"], values["name"], added, removed))
    return row_of(change.connection, id)


def delete_group(change: Change, row: RowMapping) -> None:
    """Delete a group: what it granted is granted no longer."""
    _, removed = _put_members(change, row["id"], set())
    change.connection.execute(delete(directory_groups).where(directory_groups.c.id == row["id"]))
    change.lowered = True
    change.group_changed(row["name"], "deleted", row["version"] + 1, _diff(row["name"], None, (), removed))


def member_ids(connection: Connection, id: str) -> set[str]:
    """The SCIM ids of the members of a group."""
    return {row["scim_id"] for row in members_of(connection, [id]).get(id, ())}


def _body_of(group: Resource[Any]) -> dict[str, Any]:
    found = json.loads(group.model_copy(update={"members": None}).model_dump_json(exclude_none=True))
    body = {name: value for name, value in found.items() if name not in _NOT_KEPT}
    name = body.get("displayName", "").strip()
    if not name or len(name) > _NAME_CHARACTERS_MAX or not name.isprintable():
        raise InvalidValueException(
            detail=f"displayName must have 1 to {_NAME_CHARACTERS_MAX} characters, none of them a control character"
        )
    body["displayName"] = name
    if len(json.dumps(body)) > _BODY_BYTES_MAX:
        raise InvalidValueException(detail=f"a group without its members must not be larger than {_BODY_BYTES_MAX // 1024} KiB")
    return body


def _columns(connection: Connection, body: dict[str, Any], own: str | None) -> dict[str, Any]:
    name, external_id = body["displayName"], body.get("externalId")
    key = comparable(name)
    other = select(directory_groups.c.id).where(directory_groups.c.name_key == key)
    if connection.execute(other).scalar() not in (None, own):
        raise UniquenessException(detail=f"there is another group {name!r}, and policies know groups by their displayName")
    return {
        "name": name,
        "name_key": key,
        "external_id": exact(external_id) if external_id else None,
        "body": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
    }


def _put_members(change: Change, id: str, wanted: set[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Make these users the members; returns the people who came and who went."""
    before = {row["scim_id"]: row["id"] for row in members_of(change.connection, [id]).get(id, ())}
    new = _people(change.connection, wanted - before.keys())
    gone = [person for scim_id, person in before.items() if scim_id not in wanted]
    if new:
        change.connection.execute(insert(memberships), [{"group_id": id, "person": person} for person in new])
    for some in _batches(gone):
        change.connection.execute(delete(memberships).where((memberships.c.group_id == id) & memberships.c.person.in_(some)))
    change.touch(*new, *gone)
    return sorted(new), sorted(gone)


def _people(connection: Connection, scim_ids: set[str]) -> list[str]:
    found: dict[str, str] = {}
    for some in _batches(sorted(scim_ids)):
        rows = connection.execute(select(people.c.scim_id, people.c.id).where(people.c.scim_id.in_(some)))
        found.update((scim_id, id) for scim_id, id in rows)
    if missing := scim_ids - found.keys():
        raise InvalidValueException(detail=f"members: there is no user {min(missing)[:64]!r}; groups within groups are not kept")
    return list(found.values())


def _batches(all: Sequence[str]) -> Iterator[Sequence[str]]:
    return (all[start : start + _AT_ONCE] for start in range(0, len(all), _AT_ONCE))


def _diff(before: str | None, after: str | None, added: Iterable[str], removed: Iterable[str]) -> str:
    names = [] if before == after else [f"{sign}displayName: {name}" for sign, name in (("-", before), ("+", after)) if name is not None]
    return "\n".join([*names, *(f"-member: {one}" for one in removed), *(f"+member: {one}" for one in added), ""])
