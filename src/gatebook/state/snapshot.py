"""All of state that a worker decides with, at one revision, in memory. Frozen: a change makes a new one."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, func, select

from gatebook.state.approvals import AccessRequest, Approval, read_grants, read_usable_approvals
from gatebook.state.connectors import Connector, ConnectorSpec
from gatebook.state.definitions import Approved, Listing, read_approved, read_listings
from gatebook.state.governance import ONLY_NAME, GovernanceSpec
from gatebook.state.guardrails import DetectorSpec, GuardrailSpec
from gatebook.state.policies import PolicySpec, ToolPackSpec
from gatebook.state.schema import meta, people, resources, tokens

_SPECS: dict[str, type[Struct]] = {
    "Connector": ConnectorSpec,
    "Policy": PolicySpec,
    "Guardrail": GuardrailSpec,
    "Detector": DetectorSpec,
    "ToolPack": ToolPackSpec,
    "Governance": GovernanceSpec,
}
_decoders = {kind: msgspec.json.Decoder(spec) for kind, spec in _SPECS.items()}


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


class Rules(Struct, frozen=True, kw_only=True):
    """The resources that decide about calls and data, by name."""

    policies: Mapping[str, PolicySpec] = {}
    guardrails: Mapping[str, GuardrailSpec] = {}
    detectors: Mapping[str, DetectorSpec] = {}
    packs: Mapping[str, ToolPackSpec] = {}
    governance: GovernanceSpec = GovernanceSpec()


class Snapshot(Struct, frozen=True, kw_only=True):
    """State at one revision. `config_hash` covers resources only, 64 hex characters: people come and go without changing it."""

    revision: int = 0
    config_hash: str = "0" * 64
    connectors: Mapping[str, Connector] = {}
    people: Mapping[str, Person] = {}
    tokens: Mapping[str, Token] = {}
    rules: Rules = Rules()
    listings: Mapping[str, Listing] = {}
    approved: Mapping[str, Mapping[str, Approved]] = {}
    approvals: tuple[Approval, ...] = ()
    grants: tuple[AccessRequest, ...] = ()

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


def read_snapshot(connection: Connection, now_us: int) -> Snapshot:
    """Read everything in the caller's transaction. Raises msgspec.ValidationError for a spec that this version cannot read.

    `now_us`, microseconds since 1970: approvals and grants that are over by then are left out.
    """
    rows = _live(connection)
    digest = hashlib.sha256()
    versions = {}
    specs: dict[str, dict[str, Any]] = {kind: {} for kind in _SPECS}
    for kind, name, version, spec, author in rows:
        digest.update(f"{kind}\0{name}\0{version}\0{spec}\n".encode())
        if kind in _decoders:
            specs[kind][name] = _decoders[kind].decode(spec)
            versions[kind, name] = (version, author)
    return Snapshot(
        revision=read_revision(connection),
        config_hash=digest.hexdigest(),
        connectors={name: _connector(name, spec, *versions["Connector", name]) for name, spec in specs["Connector"].items()},
        people=read_people(connection),
        tokens={token.sha256: token for token in read_tokens(connection)},
        rules=rules_of(specs),
        listings=read_listings(connection),
        approved=read_approved(connection),
        approvals=tuple(read_usable_approvals(connection, now_us)),
        grants=tuple(read_grants(connection, now_us)),
    )


def read_rules(connection: Connection) -> Rules:
    """Read only what decides about calls and data. Raises msgspec.ValidationError for a spec that this version cannot read."""
    specs: dict[str, dict[str, Any]] = {}
    for kind, name, _, spec, _ in _live(connection):
        if kind in _decoders:
            specs.setdefault(kind, {})[name] = _decoders[kind].decode(spec)
    return rules_of(specs)


def _live(connection: Connection) -> list[tuple[Any, ...]]:
    """Return the newest version of each resource that is not deleted: kind, name, version, spec, author."""
    newest = select(resources.c.kind, resources.c.name, func.max(resources.c.version).label("version"))
    newest_of = newest.group_by(resources.c.kind, resources.c.name).subquery()
    same = (resources.c.kind == newest_of.c.kind) & (resources.c.name == newest_of.c.name) & (resources.c.version == newest_of.c.version)
    live = select(resources.c.kind, resources.c.name, resources.c.version, resources.c.spec, resources.c.author).join(newest_of, same)
    return sorted(tuple(row) for row in connection.execute(live.where(resources.c.deleted == 0)))


def _connector(name: str, spec: ConnectorSpec, version: int, author: str) -> Connector:
    return Connector(name=name, version=version, spec=spec, author=author)


def specs_of(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """The specs of all resources, by kind and name."""
    rules = snapshot.rules
    return {
        "Connector": {name: connector.spec for name, connector in snapshot.connectors.items()},
        "Policy": dict(rules.policies),
        "Guardrail": dict(rules.guardrails),
        "Detector": dict(rules.detectors),
        "ToolPack": dict(rules.packs),
        "Governance": {ONLY_NAME: rules.governance},
    }


def rules_of(specs: Mapping[str, Mapping[str, Any]]) -> Rules:
    """Gather what decides from specs by kind and name."""
    return Rules(
        policies=specs.get("Policy", {}),
        guardrails=specs.get("Guardrail", {}),
        detectors=specs.get("Detector", {}),
        packs=specs.get("ToolPack", {}),
        governance=specs.get("Governance", {}).get(ONLY_NAME, GovernanceSpec()),
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
