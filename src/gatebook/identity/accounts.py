"""People and their access tokens in state. Each function works in the caller's transaction and leaves records and revision to it."""

import json
import re

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, insert, select, update

from gatebook.identity.tokens import SHOWN_CHARACTERS, digest
from gatebook.state.changes import Action, unified
from gatebook.state.feed import note_people, note_tokens
from gatebook.state.schema import people, tokens
from gatebook.state.snapshot import Person, Token, person_of, read_groups, token_of
from gatebook.state.store import StateError

_PERSON = re.compile(r"^[a-z0-9][a-z0-9._@+-]{0,127}$")
_GROUP = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:/ -]{0,63}$")
_EMAIL = re.compile(r"^[^@\s]{1,64}@[^@\s]{1,255}$")
_RESERVED_GROUP = "everyone"
_RESERVED_PEOPLE = frozenset({"local", "me"})


class PersonChange(Struct, frozen=True, kw_only=True):
    """A person before and after; `diff` is a unified diff of the fields, empty when unchanged."""

    action: Action
    person: Person
    diff: str


class Wanted(Struct, frozen=True, kw_only=True):
    """What a person should be; None leaves a field as it is, or gives a new person its default."""

    id: str
    email: str | None = None
    name: str | None = None
    groups: tuple[str, ...] | None = None


def find_person(connection: Connection, id: str) -> Person | None:
    """The person with this id, or None."""
    row = connection.execute(select(people).where(people.c.id == id)).mappings().first()
    return person_of(row, read_groups(connection, [id]).get(id, ())) if row else None


def put_person(connection: Connection, wanted: Wanted, now_us: int) -> PersonChange:
    """Create the person, or change the fields that are given. Raises StateError for an id, group or address that is not one."""
    id = wanted.id.lower()
    _check(id, wanted)
    before = find_person(connection, id)
    of_directory = read_groups(connection, [id]).get(id, ())
    base = before or Person(id=id, email=id if _EMAIL.match(id) else "", name=id.partition("@")[0], version=0)
    after = replace(
        base,
        email=base.email if wanted.email is None else wanted.email.lower(),
        name=base.name if wanted.name is None else wanted.name,
        groups=base.groups if wanted.groups is None else tuple(sorted({*wanted.groups, *of_directory})),
    )
    if before == after:
        return PersonChange(action="unchanged", person=after, diff="")
    after = replace(after, version=base.version + 1)
    values = {
        "kind": after.kind,
        "email": after.email,
        "name": after.name,
        "groups": json.dumps([group for group in after.groups if group not in of_directory]),
        "active": int(after.active),
        "version": after.version,
    }
    if before is None:
        connection.execute(insert(people).values(id=id, created_us=now_us, source="local", epoch=0, changed_us=now_us, **values))
    else:
        connection.execute(update(people).where(people.c.id == id).values(**values))
    note_people(connection, [id])
    diff = unified(_text(before) if before else "", _text(after), f"Person/{id}")
    return PersonChange(action="changed" if before else "created", person=after, diff=diff)


def add_token(connection: Connection, secret: str, token: Token) -> Token:
    """Store a new token; hash and shown prefix are taken from the secret, which is not kept, the epoch from the person. Returns what was stored."""
    epoch = connection.execute(select(people.c.epoch).where(people.c.id == token.person)).scalar_one()
    stored = replace(token, sha256=digest(secret), prefix=secret[:SHOWN_CHARACTERS], epoch=epoch)
    values = {name: getattr(stored, name) for name in Token.__struct_fields__}
    connection.execute(insert(tokens).values(**{**values, "scopes": json.dumps(stored.scopes)}))
    note_tokens(connection, [stored.sha256])
    return stored


def revoke(connection: Connection, id_or_prefix: str, now_us: int) -> Token:
    """Revoke a token by its id or its shown prefix. Raises StateError when there is none, more than one, or it is revoked already."""
    query = select(tokens).where((tokens.c.id == id_or_prefix) | (tokens.c.prefix == id_or_prefix))
    found = [token_of(row) for row in connection.execute(query).mappings()]
    if len(found) != 1:
        raise StateError(
            f"there is no token {id_or_prefix!r}" if not found else f"more than one token begins with {id_or_prefix!r}; use its id"
        )
    if found[0].revoked_us is not None:
        raise StateError(f"the token {found[0].id} is revoked already")
    connection.execute(update(tokens).where(tokens.c.id == found[0].id).values(revoked_us=now_us))
    note_tokens(connection, [found[0].sha256])
    return replace(found[0], revoked_us=now_us)


def is_person_id(id: str) -> bool:
    """Whether a text can be the id of a person."""
    return _PERSON.match(id) is not None and id not in _RESERVED_PEOPLE


def _check(id: str, wanted: Wanted) -> None:
    if not is_person_id(id):
        raise StateError(f"{wanted.id!r} cannot be the id of a person: use an e-mail address, or letters, digits and . _ + -")
    if wanted.email and not _EMAIL.match(wanted.email):
        raise StateError(f"{wanted.email!r} is not an e-mail address")
    for group in wanted.groups or ():
        if group == _RESERVED_GROUP or not _GROUP.match(group):
            reason = "everybody is in it without being listed" if group == _RESERVED_GROUP else "use letters, digits and . _ : / -"
            raise StateError(f"{group!r} cannot be a group of a person: {reason}")


def _text(person: Person) -> str:
    lines = [f"id: {person.id}", f"kind: {person.kind}", f"email: {person.email}", f"name: {person.name}"]
    return "\n".join([*lines, f"groups: {', '.join(person.groups)}", f"active: {str(person.active).lower()}", ""])
