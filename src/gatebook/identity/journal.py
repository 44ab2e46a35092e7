"""Changes to state, each with its record: a change is committed only once its record is durable. No record, no change.

Lives on one event loop, that of the keeper (or of a command that works while no keeper runs), because the book does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import Connection

from gatebook.log.book import Book
from gatebook.log.clock import Clock, SystemClock
from gatebook.record.base import Body
from gatebook.record.parts import PartName
from gatebook.state.store import Store


class Journal:
    """State, the book and the clock of those who change state. `subject_of` makes the pseudonym of a person's id (Vault.subject)."""

    def __init__(self, store: Store, book: Book, subject_of: Callable[[str], str], clock: Clock | None = None) -> None:
        self.store = store
        self.book = book
        self.subject_of = subject_of
        self.clock = clock or SystemClock()
        # One change at a time: a transaction stays open while its record becomes durable.
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Connection]:
        """A transaction that writes, one at a time; rolled back when the block raises. Raises StateError."""
        async with self._turn:
            with self.store.write() as connection:
                yield connection

    async def record(self, body: Body, subject: str, parts: Sequence[tuple[PartName, bytes]] = ()) -> None:
        """Write a record and wait until it is durable. `subject` is the pseudonym whose key seals the parts. Raises LogUnavailable."""
        await self.book.append(body, parts=list(parts), subject=subject).durable()
