"""In which form a change of what is governed is asked for, and who makes it: `gatebook.control` does, behind the protocol here."""

from typing import Protocol

from msgspec import Struct

from gatebook.identity.directory import Principal
from gatebook.reading.rule_facts import Decision
from gatebook.state.changes import Change
from gatebook.state.editing import Wanted


class Terms(Struct, frozen=True, kw_only=True):
    """On what terms something is changed. `alone`: without the second person whom the configuration asks for; for the local administrator only."""

    reason: str | None = None
    dry_run: bool = False
    alone: bool = False


class Applied(Struct, frozen=True, kw_only=True):
    """What a change did, or would do when it was only tried. `proposal`: it waits for a second person under this id, and has done nothing yet."""

    changes: list[Change]
    revision: int
    dry_run: bool
    warnings: list[str] = []
    proposal: str | None = None
    needs_second: bool = False


class Changer(Protocol):
    """Makes changes, each on the record before it is in force. Raises DocumentError, ChangeRefused, StateError, LogUnavailable."""

    async def make(self, wanted: Wanted, caller: Principal, terms: Terms) -> Applied:
        """Create, change and delete resources, all or none; or have it wait for a second person."""

    async def decide(self, id: str, decision: Decision, reason: str, caller: Principal) -> Applied | None:
        """Decide about a change that waits; returns what was applied."""
