"""Waits until every worker that serves has a revision of state in force, or may decide nothing any more.

No clock of another machine is asked. A worker refuses once its last reading of state is `LEASE_S` old, so whoever has not read a committed change
refuses by `LEASE_S` after the commit: that long at most is waited. Workers of this node are asked over their sockets and look at once; those of
other nodes tell by their row. See docs/decisions/a-cut-off-is-a-barrier.md.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from gatebook.control import unix_socket
from gatebook.gateway import looking
from gatebook.gateway.severing import Ended
from gatebook.gateway.upstream.h1 import Pool, UpstreamError
from gatebook.identity.cutting import Answer
from gatebook.settings import Settings
from gatebook.state.store import StateError, Store
from gatebook.state.workers import LEASE_S, Worker, read_workers

_DIAL_S: Final = 0.5
_AGAIN_S: Final = 0.05
_MARGIN_S: Final = 0.25
_BODY_BYTES_MAX: Final = 1 << 22
_SLOTS_MAX: Final = 64


class Barrier:
    """The workers of one deployment, from the node `node`. `socket_of` gives the path of a stream's socket, None for a stream of another kind."""

    def __init__(self, store: Store, node: str, socket_of: Callable[[str], Path | None], lease_s: float = LEASE_S) -> None:
        self._store = store
        self._node = node
        self._socket_of = socket_of
        self._lease_s = lease_s

    async def reached(self, revision: int, cut_offs: Sequence[str] = ()) -> list[Answer]:
        """Return when no worker decides by an older revision any more: what each of them says of these cut-offs. Call it after the commit."""
        ends_s = time.monotonic() + self._lease_s + _MARGIN_S
        workers = await self._workers(ends_s)
        return list(await asyncio.gather(*(self._wait(worker, revision, cut_offs, ends_s) for worker in workers)))

    async def _wait(self, worker: Worker, revision: int, cut_offs: Sequence[str], ends_s: float) -> Answer:
        asked = None
        if worker.node == self._node and (path := self._socket_of(worker.stream)) is not None:
            asked = asyncio.create_task(_ask(path, cut_offs))
        try:
            while time.monotonic() < ends_s:
                if asked is not None and asked.done():
                    found = asked.result()
                    if found is None:
                        return Answer(stream=worker.stream, at_us=_now_us(), gone=True)
                    if found.revision >= revision:
                        return Answer(stream=worker.stream, at_us=_now_us(), ended=_ended(found.ended))
                    asked = None
                elif asked is not None:
                    await asyncio.wait((asked,), timeout=max(0.0, ends_s - time.monotonic()))
                    continue
                row = await self._row(worker)
                if row is None or row.revision >= revision:
                    return Answer(stream=worker.stream, at_us=_now_us(), gone=row is None)
                await asyncio.sleep(_AGAIN_S)
        finally:
            if asked is not None:
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
        return Answer(stream=worker.stream, at_us=_now_us(), lost=True)

    async def _workers(self, ends_s: float) -> list[Worker]:
        """Read the list; while it cannot be read nobody is known to have answered, so the lease is waited for."""
        while True:
            try:
                return await asyncio.to_thread(self._read)
            except StateError:
                if time.monotonic() >= ends_s:
                    return []
                await asyncio.sleep(_AGAIN_S)

    async def _row(self, worker: Worker) -> Worker | None:
        try:
            rows = await asyncio.to_thread(self._read)
        except StateError:
            return worker
        # Another run has registered after the commit, and has read what was committed.
        return next((row for row in rows if row.stream == worker.stream and row.boot == worker.boot), None)

    def _read(self) -> list[Worker]:
        with self._store.read() as connection:
            return read_workers(connection)


def node_barrier(settings: Settings, store: Store) -> Barrier:
    """The barrier as a process of this node uses it."""
    sockets = {settings.worker_stream(slot): settings.worker_socket(slot) for slot in range(_SLOTS_MAX)}
    return Barrier(store, settings.node, sockets.get)


async def _ask(path: Path, cut_offs: Sequence[str]) -> looking.InForce | None:
    """Ask one worker of this node until it answers; None when nobody listens there: it is dead."""
    pool = Pool("http://worker.invalid", dial=lambda: unix_socket.connect(path, _DIAL_S))
    question = msgspec.json.encode(looking.Question(tuple(cut_offs)))
    try:
        while True:
            try:
                response = await pool.request("POST", [(b"content-type", b"application/json")], question, looking.PATH.encode())
                body = await response.read(_BODY_BYTES_MAX)
                if response.status == 200:
                    return msgspec.json.decode(body, type=looking.InForce)
            except UpstreamError as error:
                if isinstance(error.__cause__, FileNotFoundError | ConnectionRefusedError):
                    return None
            except msgspec.MsgspecError:
                pass
            await asyncio.sleep(_AGAIN_S)
    finally:
        pool.close()


def _ended(ended: dict[str, Ended]) -> dict[str, tuple[int, int, int]]:
    return {id: (did.at_us, did.streams, did.calls) for id, did in ended.items()}


def _now_us() -> int:
    return time.time_ns() // 1000
