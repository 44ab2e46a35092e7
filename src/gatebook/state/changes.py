"""What applying documents would change, and the writing of it. All versions of a resource are kept; a deletion is a version too."""

import difflib
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, insert, select

from gatebook.state.documents import Document, DocumentError, check_distinct
from gatebook.state.schema import resources

Action = Literal["created", "changed", "unchanged", "deleted"]


class Change(Struct, frozen=True, kw_only=True):
    """One resource, before and after. `version` is that after the change; `diff` is a unified diff of the YAML, empty when unchanged."""

    kind: str
    name: str
    action: Action
    version: int
    diff: str
    yaml: str
    spec: str


class Stored(Struct, frozen=True, kw_only=True):
    """One version of a resource as it is stored."""

    kind: str
    name: str
    version: int
    yaml: str
    author: str
    reason: str | None
    at_us: int
    deleted: bool


class Author(Struct, frozen=True, kw_only=True):
    """Who makes a change, when (microseconds since 1970) and why."""

    name: str
    at_us: int
    reason: str | None = None


def plan(connection: Connection, documents: list[Document]) -> list[Change]:
    """Compare documents with what is stored, in their order. Raises DocumentError when two are for one resource."""
    check_distinct(documents)
    return [_compare(newest(connection, document.kind, document.name), document) for document in documents]


def plan_deletion(connection: Connection, kind: str, name: str) -> Change:
    """What deleting a resource would change. Raises DocumentError when there is none."""
    stored = newest(connection, kind, name)
    if stored is None or stored.deleted:
        raise DocumentError([f"there is no {kind} {name}"])
    diff = unified(stored.yaml, "", f"{kind}/{name}")
    return Change(kind=kind, name=name, action="deleted", version=stored.version + 1, diff=diff, yaml="", spec="{}")


def write(connection: Connection, change: Change, author: Author) -> None:
    """Store the new version. The caller bumps the revision in the same transaction."""
    values: dict[str, Any] = {
        "kind": change.kind,
        "name": change.name,
        "version": change.version,
        "spec": change.spec,
        "yaml": change.yaml,
        "author": author.name,
        "reason": author.reason,
        "at_us": author.at_us,
        "deleted": int(change.action == "deleted"),
    }
    connection.execute(insert(resources).values(**values))


def newest(connection: Connection, kind: str, name: str) -> Stored | None:
    """The last version, which may be a deletion."""
    query = select(resources).where(resources.c.kind == kind, resources.c.name == name).order_by(resources.c.version.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return _stored(row) if row else None


def listed(connection: Connection, kind: str | None = None, name: str | None = None) -> list[Stored]:
    """Current resources by kind and name, without deleted ones."""
    query = select(resources).order_by(resources.c.kind, resources.c.name, resources.c.version)
    if kind is not None:
        query = query.where(resources.c.kind == kind)
    if name is not None:
        query = query.where(resources.c.name == name)
    last = {(row["kind"], row["name"]): _stored(row) for row in connection.execute(query).mappings()}
    return [stored for stored in last.values() if not stored.deleted]


def versions(connection: Connection, kind: str, name: str) -> list[Stored]:
    """All versions of a resource, the newest first; deletions are versions too."""
    query = select(resources).where(resources.c.kind == kind, resources.c.name == name).order_by(resources.c.version.desc())
    return [_stored(row) for row in connection.execute(query).mappings()]


def unified(before: str, after: str, label: str) -> str:
    """Unified diff of two texts."""
    return "".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"{label} before", f"{label} after"))


def _compare(stored: Stored | None, document: Document) -> Change:
    before = "" if stored is None or stored.deleted else stored.yaml
    version = stored.version if stored else 0
    action: Action = "changed" if before else "created"
    if before == document.yaml:
        action = "unchanged"
    return Change(
        kind=document.kind,
        name=document.name,
        action=action,
        version=version if action == "unchanged" else version + 1,
        diff=unified(before, document.yaml, f"{document.kind}/{document.name}"),
        yaml=document.yaml,
        spec=msgspec.json.encode(document.spec).decode(),
    )


def _stored(row: Any) -> Stored:
    values = {name: row[name] for name in Stored.__struct_fields__}
    return Stored(**{**values, "deleted": bool(row["deleted"])})
