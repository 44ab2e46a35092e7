"""All of state that a worker decides with, at one revision, in memory. Frozen: a change makes a new one."""

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, func, select

from gatebook.state.connectors import Connector, ConnectorSpec
from gatebook.state.schema import meta, people, resources, tokens

_decode_spec = msgspec.json.Decoder(ConnectorSpec).decode


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who may have tokens. `id` and `email` are lower case; `email` may be empty."""

    id: str
    kind: Literal["person", "service"] = "person"
    email: str = ""
    name: str = ""
    groups: tuple[str, ...] = ()
    active: bool = True
    version: int = 1


class Token(Struct, frozen=True, kw_only=True):
    """An access token without its secret. Times in microseconds since 1970."""

    id: str
    sha256: str
    prefix: str
    person: str
    name: str
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None
    revoked_us: int | None = None


class Snapshot(Struct, frozen=True, kw_only=True):
    """State at one revision. `config_hash` covers resources only, 64 hex characters: people come and go without changing it."""

    revision: int = 0
    config_hash: str = "0" * 64
    connectors: Mapping[str, Connector] = {}
    people: Mapping[str, Person] = {}
    tokens: Mapping[str, Token] = {}

    @property
    def bundle(self) -> str:
        """Short hash of the configuration, as decisions carry it."""
        return self.config_hash[:16]


def read_revision(connection: Connection) -> int:
    """The number of changes so far."""
    return int(connection.execute(select(meta.c.revision)).scalar_one())


def read_people(connection: Connection) -> dict[str, Person]:
    """All people by id."""
    return {row["id"]: person_of(row) for row in connection.execute(select(people)).mappings()}


def read_tokens(connection: Connection) -> list[Token]:
    """All tokens, newest first; also those that have expired or were revoked."""
    rows = connection.execute(select(tokens).order_by(tokens.c.created_us.desc(), tokens.c.id))
    return [Token(**row._mapping) for row in rows]


def read_snapshot(connection: Connection) -> Snapshot:
    """Read everything in the caller's transaction. Raises msgspec.ValidationError for a spec that this version cannot read."""
    newest = select(resources.c.kind, resources.c.name, func.max(resources.c.version).label("version"))
    newest_of = newest.group_by(resources.c.kind, resources.c.name).subquery()
    same = (resources.c.kind == newest_of.c.kind) & (resources.c.name == newest_of.c.name) & (resources.c.version == newest_of.c.version)
    live = select(resources.c.kind, resources.c.name, resources.c.version, resources.c.spec).join(newest_of, same)
    rows = sorted(tuple(row) for row in connection.execute(live.where(resources.c.deleted == 0)))
    digest = hashlib.sha256()
    connectors = {}
    for kind, name, version, spec in rows:
        digest.update(f"{kind}\0{name}\0{version}\0{spec}\n".encode())
        if kind == "Connector":
            connectors[name] = Connector(name=name, version=version, spec=_decode_spec(spec))
    return Snapshot(
        revision=read_revision(connection),
        config_hash=digest.hexdigest(),
        connectors=connectors,
        people=read_people(connection),
        tokens={token.sha256: token for token in read_tokens(connection)},
    )


def person_of(row: RowMapping) -> Person:
    """Make a person from a row of the table."""
    return Person(
        id=row["id"],
        kind="service" if row["kind"] == "service" else "person",
        email=row["email"],
        name=row["name"],
        groups=tuple(json.loads(row["groups"])),
        active=bool(row["active"]),
        version=row["version"],
    )
