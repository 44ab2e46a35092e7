"""What the service provider needs of the rest of the product: the function that cuts people off, and the barrier of all workers."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from gatebook.identity.cut_off import CutOff, Severed
from gatebook.record.parts import Actor


class Cutter(Protocol):
    """Ends all that a person has."""

    async def within(self, connection: Connection, order: CutOff, actor: Actor) -> Severed:
        """Cut off in the caller's transaction, with its record; the caller bumps."""

    async def settle(self, severed: Sequence[Severed]) -> None:
        """After the commit: return once no worker lets these people in any more."""


class Barrier(Protocol):
    """Knows which revision of state each worker has in force."""

    async def reached(self, revision: int) -> object:
        """Return once no worker decides by an older revision."""
