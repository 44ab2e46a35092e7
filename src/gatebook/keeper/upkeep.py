"""What the keeper does for state by itself: settle cut-offs that were begun and not completed, drop what has no use any more, and note when tokens were used."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from gatebook.identity.cutting import Cutting
from gatebook.state.pruning import prune
from gatebook.state.store import StateError, Store, bump
from gatebook.state.uses import EVERY_S, note_uses

_EVERY_S: Final = 600.0
_AGAIN_S: Final = 5.0
_BEGUN_S: Final = 300.0
"""Longer than anything takes that a cut-off waits for: one that is open for so long has failed somewhere on its way, here or on another node."""
_logger = logging.getLogger(__name__)


class Upkeep:
    """Lives beside the faces of one keeper."""

    def __init__(self, store: Store, cutting: Cutting, take_uses: Callable[[], Mapping[str, int]] = dict) -> None:
        """`take_uses` gives the uses of tokens at the console's listener since it was asked last, by id, microseconds since 1970."""
        self._store = store
        self._cutting = cutting
        self._take_uses = take_uses
        self._unwritten: Mapping[str, int] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._run(), name="upkeep"), asyncio.create_task(self._note(), name="uses of tokens")]

    async def stop(self) -> None:
        """End."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._tried(asyncio.to_thread(self._note_uses))

    async def _run(self) -> None:
        settled = False
        while True:
            settled = await self._tried(self._cutting.recover(_BEGUN_S if settled else 0.0))
            await self._tried(asyncio.to_thread(self._prune))
            await asyncio.sleep(_EVERY_S if settled else _AGAIN_S)

    async def _tried(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except StateError as error:
            _logger.error("state could not be looked after, and will be in a while: %s", error)
            return False
        return True

    async def _note(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self._tried(asyncio.to_thread(self._note_uses))

    def _note_uses(self) -> None:
        self._unwritten = {**self._unwritten, **self._take_uses()}
        if self._unwritten:
            with self._store.note() as connection:
                note_uses(connection, self._unwritten)
            self._unwritten = {}

    def _prune(self) -> None:
        while True:
            with self._store.write() as connection:
                pruned = prune(connection, time.time_ns() // 1000)
                if pruned.tokens:
                    bump(connection)
            if not pruned.full:
                return
