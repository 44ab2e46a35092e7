"""What the service provider needs of `identity/cutting.py`."""

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

    async def in_force(self, revision: int) -> None:
        """Return once no worker decides by an older revision."""
