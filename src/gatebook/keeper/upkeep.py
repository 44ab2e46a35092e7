"""What the keeper does for state by itself: settle cut-offs that an earlier keeper began, and drop what has no use any more."""

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Final

from gatebook.identity.cutting import Cutting
from gatebook.state.pruning import prune
from gatebook.state.store import StateError, Store, bump

_EVERY_S: Final = 600.0
_AGAIN_S: Final = 5.0
_logger = logging.getLogger(__name__)


class Upkeep:
    """Lives beside the faces of one keeper."""

    def __init__(self, store: Store, cutting: Cutting, every_s: float = _EVERY_S) -> None:
        self._store = store
        self._cutting = cutting
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="upkeep")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        settled = False
        while True:
            settled = settled or await self._tried(self._cutting.recover())
            await self._tried(asyncio.to_thread(self._prune))
            await asyncio.sleep(self._every_s if settled else _AGAIN_S)

    async def _tried(self, work: Awaitable[None]) -> bool:
        try:
            await work
        except StateError as error:
            _logger.error("state could not be looked after, and will be in a while: %s", error)
            return False
        return True

    def _prune(self) -> None:
        while True:
            with self._store.write() as connection:
                pruned = prune(connection, time.time_ns() // 1000)
                if pruned.tokens:
                    bump(connection)
            if not pruned.full:
                return
