"""All of state that a worker decides with, at one revision, in memory. Frozen: a change makes a new one."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, RowMapping, func, select

from gatebook.state import ai_clients
from gatebook.state.ai_clients import AiClientsSpec
from gatebook.state.approvals import AccessRequest, Approval, read_grants, read_usable_approvals
from gatebook.state.connectors import Connector, ConnectorSpec
from gatebook.state.cut_offs import Cut, read_recent
from gatebook.state.definitions import Approved, Listing, read_approved, read_listings
from gatebook.state.directory_schema import directory_groups, memberships
from gatebook.state.feed import Noted, read_noted
from gatebook.state.governance import ONLY_NAME, GovernanceSpec
from gatebook.state.guardrails import DetectorSpec, GuardrailSpec
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.layered import layered
from gatebook.state.policies import PolicySpec, ToolPackSpec
from gatebook.state.revision import read_revision
from gatebook.state.roles import RoleSpec
from gatebook.state.schema import people, resources, tokens

_SPECS: dict[str, type[Struct]] = {
    "Connector": ConnectorSpec,
    "Policy": PolicySpec,
    "Guardrail": GuardrailSpec,
    "Detector": DetectorSpec,
    "ToolPack": ToolPackSpec,
    "IdentityProvider": IdentityProviderSpec,
    "Role": RoleSpec,
    "Governance": GovernanceSpec,
    "AiClients": AiClientsSpec,
}
_role = msgspec.json.Decoder(RoleSpec)
_decoders = {kind: msgspec.json.Decoder(spec) for kind, spec in _SPECS.items()}


class Person(Struct, frozen=True, kw_only=True, gc=False):
    """Somebody who may have tokens. `id` and `email` are lower case; `email` may be empty.

    `groups` are all groups, those of the directory and those given by hand. `manager` is the id of a person. Whatever was handed out under another
    `epoch` than this is void. `source` is scim for whom a directory keeps. `owner` is the person who answers for a service account.
    """

    id: str
    kind: Literal["person", "service"] = "person"
    email: str = ""
    name: str = ""
    groups: tuple[str, ...] = ()
    active: bool = True
    version: int = 1
    source: Literal["local", "scim"] = "local"
    manager: str | None = None
    department: str | None = None
    epoch: int = 0
    owner: str | None = None


class Token(Struct, frozen=True, kw_only=True, gc=False):
    """An access token without its secret. Times in microseconds since 1970.

    `kind` oauth: issued to an AI client under the grant `grant_id`, good at `resource` (an address) only; the others have neither. No `scopes`: all
    that the person may do (`identity/scopes.py`).
    """

    id: str
    sha256: str
    prefix: str
    person: str
    name: str
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None
    revoked_us: int | None = None
    kind: Literal["personal", "service", "oauth"] = "personal"
    scopes: tuple[str, ...] = ()
    resource: str | None = None
    client: str | None = None
    grant_id: str | None = None
    epoch: int = 0
    created_by: str = ""


class Rules(Struct, frozen=True, kw_only=True):
    """The resources that decide about calls and data, by name."""

    policies: Mapping[str, PolicySpec] = {}
    guardrails: Mapping[str, GuardrailSpec] = {}
    detectors: Mapping[str, DetectorSpec] = {}
    packs: Mapping[str, ToolPackSpec] = {}
    governance: GovernanceSpec = GovernanceSpec()


class Snapshot(Struct, frozen=True, kw_only=True):
    """State at one revision. `config_hash` covers resources only, 64 hex characters: people come and go without changing it.

    `changed`: ids of the people that differ from the snapshot before; None where that is not known. `cuts`: cut-offs whose receipt is not complete, or just is.
    """

    revision: int = 0
    config_hash: str = "0" * 64
    connectors: Mapping[str, Connector] = {}
    providers: Mapping[str, IdentityProviderSpec] = {}
    ai_clients: AiClientsSpec = AiClientsSpec()
    roles: Mapping[str, RoleSpec] = {}
    people: Mapping[str, Person] = {}
    tokens: Mapping[str, Token] = {}
    rules: Rules = Rules()
    listings: Mapping[str, Listing] = {}
    approved: Mapping[str, Mapping[str, Approved]] = {}
    approvals: tuple[Approval, ...] = ()
    grants: tuple[AccessRequest, ...] = ()
    cuts: tuple[Cut, ...] = ()
    changed: frozenset[str] | None = None

    @property
    def bundle(self) -> str:
        """Short hash of the configuration, as decisions carry it."""
        return self.config_hash[:16]


_PERSON_COLUMNS = [
    people.c[name] for name in ("kind", "email", "name", "groups", "active", "version", "source", "manager", "department", "epoch", "owner")
]


def read_people(connection: Connection, ids: Collection[str] | None = None) -> dict[str, Person]:
    """People by id; all, or those of these that there are."""
    query = select(people.c.id, *_PERSON_COLUMNS)
    groups = read_groups(connection, ids)
    if ids is not None:
        query = query.where(people.c.id.in_(ids))
    return {row["id"]: person_of(row, groups.get(row["id"], ())) for row in connection.execute(query).mappings()}


def read_groups(connection: Connection, ids: Collection[str] | None = None) -> dict[str, list[str]]:
    """Names of the directory's groups by person; of all people, or of these."""
    query = select(memberships.c.person, directory_groups.c.name).join(directory_groups, directory_groups.c.id == memberships.c.group_id)
    if ids is not None:
        query = query.where(memberships.c.person.in_(ids))
    found: dict[str, list[str]] = {}
    for person, name in connection.execute(query):
        found.setdefault(person, []).append(name)
    return found


def read_tokens(connection: Connection, sha256s: Collection[str] | None = None) -> list[Token]:
    """Tokens, newest first, also those that have expired or were revoked; all, or those with these hashes that there are."""
    query = select(tokens).order_by(tokens.c.created_us.desc(), tokens.c.id)
    if sha256s is not None:
        query = query.where(tokens.c.sha256.in_(sha256s))
    return [token_of(row) for row in connection.execute(query).mappings()]


def read_snapshot(connection: Connection, now_us: int) -> Snapshot:
    """Read everything in the caller's transaction. Raises msgspec.ValidationError for a spec that this version cannot read.

    `now_us`, microseconds since 1970: approvals and grants that are over by then are left out.
    """
    return Snapshot(
        revision=read_revision(connection),
        people=read_people(connection),
        tokens={token.sha256: token for token in read_tokens(connection)},
        cuts=tuple(read_recent(connection, now_us)),
        **_read_rest(connection, now_us),
    )


def read_newer(connection: Connection, before: Snapshot, now_us: int, *, rest: bool | None = None) -> Snapshot:
    """Read what has changed since a snapshot; the result equals `read_snapshot` and shares what is the same. Raises as that does.

    `rest`: whether to read all but people and tokens anew; None: where it has changed.
    """
    revision = read_revision(connection)
    noted = read_noted(connection, before.revision, revision)
    if noted is None:
        newer = _people_anew(connection, before, revision, now_us)
    else:
        newer = _with_people(connection, before, noted, revision, now_us)
    wanted = noted is None or noted.rest if rest is None else rest
    return replace(newer, **_read_rest(connection, now_us)) if wanted else newer


def _people_anew(connection: Connection, before: Snapshot, revision: int, now_us: int) -> Snapshot:
    stored = {token.sha256: token for token in read_tokens(connection)}
    cuts = tuple(read_recent(connection, now_us))
    return replace(before, revision=revision, changed=None, cuts=cuts, people=read_people(connection), tokens=stored)


def _with_people(connection: Connection, before: Snapshot, noted: Noted, revision: int, now_us: int) -> Snapshot:
    newer = replace(before, revision=revision, changed=frozenset(noted.people), cuts=tuple(read_recent(connection, now_us)))
    if noted.people:
        found = read_people(connection, noted.people)
        newer = replace(newer, people=layered(before.people).with_changes({id: found.get(id) for id in noted.people}))
    if noted.tokens:
        stored = {token.sha256: token for token in read_tokens(connection, noted.tokens)}
        newer = replace(newer, tokens=layered(before.tokens).with_changes({sha256: stored.get(sha256) for sha256 in noted.tokens}))
    return newer


def with_rest_of(snapshot: Snapshot, before: Snapshot) -> Snapshot:
    """People, tokens and cut-offs of one snapshot, and all else of another: where resources cannot be put in force, who was cut off still is."""
    return replace(before, **{name: getattr(snapshot, name) for name in ("revision", "people", "tokens", "cuts", "changed")})


def _read_rest(connection: Connection, now_us: int) -> dict[str, Any]:
    """Read all but people, tokens and cut-offs."""
    rows = _live(connection)
    digest = hashlib.sha256()
    versions = {}
    specs: dict[str, dict[str, Any]] = {kind: {} for kind in _SPECS}
    for kind, name, version, spec, author in rows:
        digest.update(f"{kind}\0{name}\0{version}\0{spec}\n".encode())
        if kind in _decoders:
            specs[kind][name] = _decoders[kind].decode(spec)
            versions[kind, name] = (version, author)
    return {
        "config_hash": digest.hexdigest(),
        "connectors": {name: _connector(name, spec, *versions["Connector", name]) for name, spec in specs["Connector"].items()},
        "providers": specs["IdentityProvider"],
        "ai_clients": specs["AiClients"].get(ai_clients.ONLY_NAME, AiClientsSpec()),
        "roles": specs["Role"],
        "rules": rules_of(specs),
        "listings": read_listings(connection),
        "approved": read_approved(connection),
        "approvals": tuple(read_usable_approvals(connection, now_us)),
        "grants": tuple(read_grants(connection, now_us)),
    }


def read_rules(connection: Connection) -> Rules:
    """Read only what decides about calls and data. Raises msgspec.ValidationError for a spec that this version cannot read."""
    specs: dict[str, dict[str, Any]] = {}
    for kind, name, _, spec, _ in _live(connection):
        if kind in _decoders:
            specs.setdefault(kind, {})[name] = _decoders[kind].decode(spec)
    return rules_of(specs)


def read_providers(connection: Connection) -> dict[str, IdentityProviderSpec]:
    """Read the identity providers by name. Raises msgspec.ValidationError for a spec that this version cannot read."""
    decode = msgspec.json.Decoder(IdentityProviderSpec).decode
    return {name: decode(spec) for kind, name, _, spec, _ in _live(connection) if kind == "IdentityProvider"}


def read_roles(connection: Connection) -> dict[str, RoleSpec]:
    """The documents of kind Role by name. Raises msgspec.ValidationError for a spec that this version cannot read."""
    return {name: _role.decode(spec) for kind, name, _, spec, _ in _live(connection) if kind == "Role"}


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
        "IdentityProvider": dict(snapshot.providers),
        "Role": dict(snapshot.roles),
        "Policy": dict(rules.policies),
        "Guardrail": dict(rules.guardrails),
        "Detector": dict(rules.detectors),
        "ToolPack": dict(rules.packs),
        "Governance": {ONLY_NAME: rules.governance},
        "AiClients": {ai_clients.ONLY_NAME: snapshot.ai_clients},
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


def person_of(row: RowMapping, groups: Iterable[str] = ()) -> Person:
    """Make a person from a row of the table and the names of the directory's groups that they are in."""
    return Person(
        id=row["id"],
        kind="service" if row["kind"] == "service" else "person",
        email=row["email"],
        name=row["name"],
        groups=tuple(sorted({*json.loads(row["groups"]), *groups})),
        active=bool(row["active"]),
        version=row["version"],
        source="scim" if row["source"] == "scim" else "local",
        manager=row["manager"],
        department=row["department"],
        epoch=row["epoch"],
        owner=row["owner"],
    )


def token_of(row: Mapping[str, Any] | RowMapping) -> Token:
    """Make a token from a row of the table."""
    return Token(**{**row, "scopes": tuple(json.loads(row["scopes"]))})
