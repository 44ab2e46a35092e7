"""Follows the revision of state and hands over a new snapshot within a quarter of a second of a change, or at once when asked to look.

State that is slow delays changes and nothing else: the last snapshot stays in force. For how long that is safe, whoever uses it decides by `age_s`.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection

from gatebook.state.snapshot import Snapshot, with_rest_of
from gatebook.state.store import Newer, StateError, Store

POLL_S = 0.2
_logger = logging.getLogger(__name__)


class Watcher:
    """Polls one store. `on_change` is called on the event loop with each new snapshot, the first one included.

    `prepare` is called before it with the same snapshot, in the watcher's thread, for what takes longer than the event loop may wait. Where it raises,
    people, tokens and cut-offs are handed over all the same, with the resources of the last snapshot. `present` is asked in the transaction of each
    reading; one for which it raises StateError does not count.
    """

    def __init__(
        self,
        store: Store,
        on_change: Callable[[Snapshot], None],
        prepare: Callable[[Snapshot], object] | None = None,
        poll_s: float = POLL_S,
        present: Callable[[Connection], None] | None = None,
    ) -> None:
        self._store = store
        self._on_change = on_change
        self._prepare = prepare
        self._poll_s = poll_s
        self._present = present
        self._latest: Snapshot | None = None
        self._anew = False
        self._began_s = 0.0
        self._seen_at_s = 0.0
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._look: asyncio.Task[None] | None = None
        # A thread of its own: state that hangs must not take one from anybody else.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="state")
        self.failure: str | None = None

    @property
    def age_s(self) -> float:
        """Seconds since state was last known to be at the revision that is in force."""
        return time.monotonic() - self._seen_at_s

    @property
    def revision(self) -> int:
        """The revision that is in force; -1 before the first."""
        return -1 if self._latest is None else self._latest.revision

    async def start(self) -> None:
        """Load the first snapshot and hand it over, then follow. Raises StateError when there is none to begin with."""
        await self._check()
        self._task = asyncio.create_task(self._follow(), name="state-watcher")

    async def look(self, floor_s: float = 0.0) -> None:
        """Return when a reading that began after this call is in force. Raises StateError.

        Those who ask at the same time share one reading; it begins at least `floor_s` after the one before.
        """
        if self._look is None:
            self._look = asyncio.create_task(self._look_once(floor_s), name="state-look")
            self._look.add_done_callback(_retrieve)
        await asyncio.shield(self._look)

    async def stop(self) -> None:
        """Stop following."""
        tasks = [task for task in (self._task, self._look) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _look_once(self, floor_s: float) -> None:
        async with self._turn:
            await asyncio.sleep(max(0.0, floor_s - (time.monotonic() - self._began_s)))
            self._look = None  # whoever asks from now on needs another reading
            await self._check()

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll_s)
            try:
                async with self._turn:
                    await self._check()
            except StateError as error:
                self._note(str(error))
            except Exception as error:
                _logger.exception("a new snapshot of state could not be taken over; the last one stays in force")
                self._note(str(error))

    async def _check(self) -> None:
        began_s = self._began_s = time.monotonic()
        loaded = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        if loaded is not None and (loaded.failure is None or loaded.snapshot.revision != self.revision):
            self._on_change(loaded.snapshot)
            self._latest = loaded.snapshot
            self._anew = loaded.failure is not None
        self._seen_at_s = began_s
        if loaded is not None or not self._anew:
            self._note(None if loaded is None else loaded.failure)

    def _load(self) -> Newer | None:
        before = self._latest
        if before is None:
            first = self._store.snapshot(self._present)
            if self._prepare is not None:
                self._prepare(first)
            return Newer(first)
        loaded = self._store.newer(before, self._present, anew=self._anew)
        if loaded is None or self._prepare is None:
            return loaded
        try:
            self._prepare(loaded.snapshot)
        except Exception as error:
            _logger.debug("resources could not be prepared", exc_info=error)
            people = with_rest_of(loaded.snapshot, before)
            self._prepare(people)
            return Newer(people, str(error))
        return loaded

    def _note(self, failure: str | None) -> None:
        if failure != self.failure:
            if failure is None:
                _logger.info("state can be read again")
            else:
                _logger.error("%s; the last configuration stays in force", failure)
        self.failure = failure


def _retrieve(task: asyncio.Task[None]) -> None:
    # Nobody may be left to hear of it; those who wait get it through their shield.
    if not task.cancelled():
        task.exception()
