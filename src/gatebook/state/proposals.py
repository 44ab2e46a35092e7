"""Changes that wait for a second person, and what became of them. Plain reading and writing in the caller's transaction."""

import json
from typing import Any, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update

from gatebook.record.parts import Actor
from gatebook.state.changes import Change
from gatebook.state.schema import change_proposals

ProposalState = Literal["open", "applied", "declined", "withdrawn"]


class Proposed(Struct, frozen=True, kw_only=True):
    """Changes that somebody asked for. Times in microseconds since 1970.

    `changes`: as they were planned, against the versions that were stored then. `author` is the id of a person, `actor` how records name them.
    """

    id: str
    changes: tuple[Change, ...]
    author: str
    actor: Actor
    reason: str
    asked_us: int
    state: ProposalState = "open"
    decided_by: str | None = None
    decided_us: int | None = None
    decision_reason: str | None = None

    @property
    def text(self) -> str:
        """The YAML of all resources that would be created or changed."""
        return "---\n".join(change.yaml for change in self.changes if change.action != "deleted")

    @property
    def deletions(self) -> tuple[tuple[str, str], ...]:
        """Kind and name of all resources that would be deleted."""
        return tuple((change.kind, change.name) for change in self.changes if change.action == "deleted")

    @property
    def bases(self) -> dict[str, int]:
        """The version of each resource that the changes are against, by `Kind/name`; 0: there was none."""
        return {f"{change.kind}/{change.name}": change.version - 1 for change in self.changes}


def put_proposal(connection: Connection, proposed: Proposed) -> None:
    """Store a new one, or what became of one."""
    values = {name: getattr(proposed, name) for name in Proposed.__struct_fields__}
    values |= {name: msgspec.json.encode(values[name]).decode() for name in ("changes", "actor")}
    if find_proposal(connection, proposed.id) is None:
        connection.execute(insert(change_proposals).values(**values))
    else:
        connection.execute(update(change_proposals).where(change_proposals.c.id == proposed.id).values(**values))


def find_proposal(connection: Connection, id: str) -> Proposed | None:
    """One by id."""
    row = connection.execute(select(change_proposals).where(change_proposals.c.id == id)).mappings().first()
    return _proposed(row) if row else None


def read_proposals(connection: Connection) -> list[Proposed]:
    """All, newest first."""
    query = select(change_proposals).order_by(change_proposals.c.asked_us.desc(), change_proposals.c.id)
    return [_proposed(row) for row in connection.execute(query).mappings()]


def _proposed(row: RowMapping) -> Proposed:
    values: dict[str, Any] = {name: row[name] for name in Proposed.__struct_fields__}
    return msgspec.convert(values | {name: json.loads(values[name]) for name in ("changes", "actor")}, Proposed)
