"""Who ends what a person has, when an identity provider says so."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from gatebook.identity.cut_off import CutOff, Severed, cut_off
from gatebook.identity.journal import Journal
from gatebook.record.parts import Actor
from gatebook.state.store import bump


class Cutter(Protocol):
    """Cuts people off, with the receipt and the record of it."""

    async def within(self, connection: Connection, order: CutOff, actor: Actor) -> Severed:
        """Cut off in the caller's transaction, who bumps the revision."""

    async def settle(self, severed: Sequence[Severed]) -> None:
        """After the transaction: wait until no worker lets anybody in any longer."""

    async def cut(self, order: CutOff, actor: Actor) -> Severed:
        """Both, in a transaction of its own."""


class PlainCutter:
    """Cuts off in state alone: workers follow within a quarter of a second, and nobody waits for them."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def within(self, connection: Connection, order: CutOff, actor: Actor) -> Severed:
        """Cut off in the caller's transaction, who bumps the revision."""
        return cut_off(connection, order, self._journal.clock.wall_us())

    async def settle(self, severed: Sequence[Severed]) -> None:
        """Wait for nothing."""

    async def cut(self, order: CutOff, actor: Actor) -> Severed:
        """Cut off in a transaction of its own."""
        async with self._journal.change() as connection:
            severed = await self.within(connection, order, actor)
            bump(connection)
        return severed
