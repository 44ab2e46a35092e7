"""A worker's place on the list of those who serve (state/workers.py), its lease, and the few things that it tells about itself.

Renewing has a thread of its own: it writes, and must hold up neither the event loop nor the reading that the lease depends on.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.gateway.severing import Ended
from gatebook.state.cut_offs import Ack, put_ack
from gatebook.state.snapshot import Snapshot
from gatebook.state.store import StateError, Store
from gatebook.state.uses import EVERY_S, note_uses
from gatebook.state.workers import LEASE_S, RENEW_S, UNRENEWED_S_MAX, Worker, drop_worker, is_registered, put_worker

_logger = logging.getLogger(__name__)


class Place(Struct, frozen=True):
    """Which worker this is; `boot` tells its runs apart."""

    stream: str
    node: str
    boot: str


class News(Struct, frozen=True):
    """What a renewal tells: the revision in force, what cut-offs have ended here, and when tokens were last used, by id."""

    revision: int
    ended: Mapping[str, Ended]
    used: Mapping[str, int]


class Attendance:
    """The place of one worker. `age_s` says how long ago state was last read."""

    def __init__(self, store: Store, place: Place, age_s: Callable[[], float], lease_s: float = LEASE_S) -> None:
        self._store = store
        self.place = place
        self._age_s = age_s
        self._lease_s = lease_s
        self._renewed_s = 0.0
        self._used_s = time.monotonic()
        self._unwritten: Mapping[str, int] = {}
        self._told: frozenset[str] | set[str] = frozenset()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="attendance")
        self._task: asyncio.Task[None] | None = None
        self._due = asyncio.Event()
        self._failure: str | None = None

    async def register(self) -> None:
        """Take the place; before anything is read that is decided with. Raises StateError."""
        await self._run(lambda: self._write(News(-1, {}, {})))

    def start(self, news: Callable[[bool], News]) -> None:
        """Renew from now on. `news` is asked on the event loop; its argument says whether uses of tokens are wanted too."""
        self._task = asyncio.create_task(self._follow(news), name="attendance")

    def after(self, apply: Callable[[Snapshot], None]) -> Callable[[Snapshot], None]:
        """Put a snapshot in force; where there are other nodes, they hear of it at once."""

        def put_in_force(snapshot: Snapshot) -> None:
            apply(snapshot)
            if self._store.shared:
                self._due.set()

        return put_in_force

    def check(self, connection: Connection) -> None:
        """Raise StateError when this worker is not on the list: what it reads then does not count."""
        if not is_registered(connection, self.place.stream, self.place.boot):
            raise StateError("this worker is not on the list of those who serve")

    def out_of_touch(self) -> str | None:
        """Why the lease is over, None while it is not."""
        if (age_s := self._age_s()) > self._lease_s:
            return (
                f"This worker has lost touch with its state for {age_s:.0f} s and may decide nothing until it is back. Try again shortly."
            )
        if (age_s := time.monotonic() - self._renewed_s) > UNRENEWED_S_MAX:
            return f"This worker could not say for {age_s:.0f} s that it serves, and may decide nothing until it can. Try again shortly."
        return None

    async def stop(self, news: Callable[[], News]) -> None:
        """Leave the list, with the last news."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            last = self._with_unwritten(news())
            await self._run(lambda: self._write(last))
            await self._run(self._leave)
        except StateError as error:
            _logger.warning("this worker could not leave the list of those who serve: %s", error)
        self._thread.shutdown(wait=False)

    async def _follow(self, news: Callable[[bool], News]) -> None:
        while True:
            try:
                await asyncio.wait_for(self._due.wait(), RENEW_S)
            except TimeoutError:
                pass
            self._due.clear()
            uses = time.monotonic() - self._used_s >= EVERY_S
            told = self._with_unwritten(news(uses))
            if uses:
                self._used_s = time.monotonic()
            try:
                await self._run(lambda told=told: self._write(told))  # type: ignore[misc]
                self._unwritten, failure = {}, None
            except StateError as error:
                failure = str(error)
            if failure != self._failure and failure is not None:
                _logger.error("this worker cannot say that it serves: %s", failure)
            self._failure = failure

    def _with_unwritten(self, news: News) -> News:
        """Add the uses of tokens that could not be written before: each is told once."""
        self._unwritten = {**self._unwritten, **news.used}
        return replace(news, used=self._unwritten)

    def _write(self, news: News) -> None:
        began_s = time.monotonic()
        now_us = time.time_ns() // 1000
        with self._store.note() as connection:
            place = self.place
            put_worker(connection, Worker(stream=place.stream, node=place.node, boot=place.boot, revision=news.revision, renewed_us=now_us))
            new = {id: did for id, did in news.ended.items() if id not in self._told}
            for id, did in new.items():
                put_ack(connection, id, Ack(stream=place.stream, at_us=did.at_us, streams=did.streams, calls=did.calls))
            note_uses(connection, news.used)
        self._renewed_s = began_s
        self._told = (self._told | new.keys()) & news.ended.keys()

    def _leave(self) -> None:
        with self._store.note() as connection:
            drop_worker(connection, self.place.stream, self.place.boot)

    async def _run(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)
