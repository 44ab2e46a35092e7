"""Follows the revision of state and hands over a new snapshot within a quarter of a second of a change.

State that is slow or dead delays changes and nothing else: the last snapshot stays in force.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from gatebook.state.snapshot import Snapshot
from gatebook.state.store import StateError, Store

POLL_S = 0.2
_logger = logging.getLogger(__name__)


class Watcher:
    """Polls one store. `on_change` is called on the event loop with each new snapshot, the first one included.

    `prepare` is called before it with the same snapshot, in the watcher's thread, for what takes longer than the event loop may wait.
    """

    def __init__(
        self,
        store: Store,
        on_change: Callable[[Snapshot], None],
        prepare: Callable[[Snapshot], object] | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self._store = store
        self._on_change = on_change
        self._prepare = prepare
        self._poll_s = poll_s
        self._revision = -1
        self._seen_at_s = 0.0
        self._task: asyncio.Task[None] | None = None
        # A thread of its own: state that hangs must not take one from anybody else.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self.failure: str | None = None

    @property
    def age_s(self) -> float:
        """Seconds since state was last known to be at the revision that is in force."""
        return time.monotonic() - self._seen_at_s

    async def start(self) -> None:
        """Load the first snapshot and hand it over, then follow. Raises StateError when there is none to begin with."""
        await self._check()
        self._task = asyncio.create_task(self._follow(), name="state-watcher")

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                await self._check()
            except StateError as error:
                self._note(str(error))
            except Exception as error:
                _logger.exception("a new snapshot of state could not be taken over; the last one stays in force")
                self._note(str(error))
            else:
                self._note(None)

    async def _check(self) -> None:
        began_s = time.monotonic()
        snapshot = await asyncio.get_running_loop().run_in_executor(self._thread, self._load_newer)
        if snapshot is not None:
            self._on_change(snapshot)
            self._revision = snapshot.revision
        self._seen_at_s = began_s

    def _load_newer(self) -> Snapshot | None:
        if self._store.revision() == self._revision:
            return None
        snapshot = self._store.snapshot()
        if self._prepare is not None:
            self._prepare(snapshot)
        return snapshot

    def _note(self, failure: str | None) -> None:
        if failure != self.failure:
            if failure is None:
                _logger.info("state can be read again")
            else:
                _logger.error("%s; the last configuration stays in force", failure)
        self.failure = failure
