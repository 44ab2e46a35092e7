"""What the command line can ask about the history of what is governed and about changes that wait, and what it decides about both."""

from typing import Any

from msgspec import Struct

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.reading import proposed
from gatebook.reading.rewriting import rolled_back
from gatebook.reading.rule_changes import Terms
from gatebook.reading.rule_facts import ChangeRefused, Decision, Kind, Proposal
from gatebook.reading.rule_list import read_resource
from gatebook.reading.viewer import Viewer
from gatebook.state.proposals import find_proposal, read_proposals
from gatebook.state.store import StateError


class HistoryOrder(Struct, frozen=True, kw_only=True):
    """Parameters of history."""

    kind: Kind
    name: str


class RollbackOrder(Struct, frozen=True, kw_only=True):
    """Parameters of rollback. `alone`: without the second person who is asked for."""

    kind: Kind
    name: str
    version: int
    reason: str | None = None
    dry_run: bool = False
    alone: bool = False


class ProposalsOrder(Struct, frozen=True, kw_only=True):
    """Parameters of changes: all of them, or one."""

    id: str | None = None


class DecisionOrder(Struct, frozen=True, kw_only=True):
    """Parameters of changes_decide."""

    id: str
    decision: Decision
    reason: str = ""


async def history(desk: Desk, order: HistoryOrder, _caller: Principal) -> object:
    """One resource with all its versions. Raises StateError when there never was one."""
    with desk.store.read() as connection:
        found = read_resource(connection, order.kind, order.name)
    if found is None:
        raise StateError(f"there is no {order.kind} {order.name}, and there never was")
    return found


async def rollback(desk: Desk, order: RollbackOrder, caller: Principal) -> object:
    """Make an earlier version the newest one. Raises ChangeRefused when there is none, and as `Changing.make` does."""
    with desk.store.read() as connection:
        wanted = rolled_back(connection, order.kind, order.name, order.version)
    return await desk.changing.make(wanted, caller, Terms(reason=order.reason, dry_run=order.dry_run, alone=order.alone))


async def changes(desk: Desk, order: ProposalsOrder, caller: Principal) -> object:
    """Changes that wait for a second person, or did, as the caller sees them. Raises ChangeRefused for one that there is not."""
    return {"proposals": _proposals(desk, order.id, caller)}


async def decide(desk: Desk, order: DecisionOrder, caller: Principal) -> object:
    """Approve, decline or withdraw one; returns it, and what was applied."""
    applied = await desk.changing.decide(order.id, order.decision, order.reason, caller)
    (after,) = _proposals(desk, order.id, caller)
    return {"proposal": after, "applied": applied}


def _proposals(desk: Desk, id: str | None, caller: Principal) -> list[Proposal]:
    viewer = Viewer(principal=caller)
    with desk.store.read() as connection:
        if id is None:
            return [proposed.facts(connection, one, viewer) for one in read_proposals(connection)]
        found = find_proposal(connection, id)
        if found is None:
            raise ChangeRefused("unknown", f"there is no proposal {id[:40]!r}; `gatebook changes list` shows what waits")
        return [proposed.facts(connection, found, viewer)]


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {
    "history": (HistoryOrder, history),
    "rollback": (RollbackOrder, rollback),
    "changes": (ProposalsOrder, changes),
    "changes_decide": (DecisionOrder, decide),
}
