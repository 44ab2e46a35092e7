"""The few things that a worker itself writes to state: that an approval was used, and which tools a connector lists.

Both are rare, and neither may stop the event loop: a thread of its own does the writing.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gatebook.state.approvals import use_approval
from gatebook.state.definitions import Known, Listing, note_listing
from gatebook.state.store import StateError, Store, bump

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class Notebook:
    """Writes to one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="notebook")

    def close(self) -> None:
        """Let what is under way end."""
        self._thread.shutdown(wait=True)

    async def use(self, call: str) -> bool:
        """Use an approval up; False when it was used by another call, is over, or state cannot be written. Of two at once exactly one gets True."""

        def work() -> bool:
            with self._store.write() as connection:
                used = use_approval(connection, call, time.time_ns() // 1000)
                if used:
                    bump(connection)
                return used

        try:
            return await self._run(work)
        except StateError as error:
            _logger.error("an approval could not be used: %s", error)
            return False

    async def listed(self, listing: Listing, texts: Mapping[str, str], first: Callable[[str, str], Known]) -> list[Known]:
        """Keep what a connector lists, and return what was not known, see `note_listing`. Raises StateError."""

        def work() -> list[Known]:
            with self._store.write() as connection:
                new = note_listing(connection, listing, texts, first)
                bump(connection)
                return new

        return await self._run(work)

    async def _run(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
