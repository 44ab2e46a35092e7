"""Group commit: everything that is queued goes to disk with one write and one sync, then all who wait are released.

A commit runs in a thread, or inline in the owner's thread when nothing else is going on and the disk is quick: handing over to a thread
and back costs as much as the sync itself. docs/decisions/group-commit.md has the figures.

After an error of write or sync nothing more is written: what the kernel still holds of that write cannot be known
(a second fsync may succeed without having written), so only a new start, which reads the disk again, may go on.
"""

import asyncio
import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final

from gatebook.log.disk import write_all
from gatebook.log.errors import LogUnavailable, UnavailableReason
from gatebook.log.frames import SEGMENT_HEADER_BYTES
from gatebook.log.position import Position, PositionFile
from gatebook.log.segment import install, unavailable_reason

_INLINE_SYNC_S_MAX: Final = 0.0005
_INLINE_RECORDS_MAX: Final = 2
_INLINE_BYTES_MAX: Final = 256 * 1024
_REMEMBERED_SYNCS: Final = 15


class _Roll:
    """Queued between two frames: from here on they go to a new segment."""

    __slots__ = ("claimed", "created_us", "first_seq")

    def __init__(self, claimed: Path, first_seq: int, created_us: int) -> None:
        self.claimed = claimed
        self.first_seq = first_seq
        self.created_us = created_us


class Writer:
    """Writes queued frames to the open segment. `push`, `push_roll`, `schedule` and `wait` are called from one thread: the owner's."""

    def __init__(self, stream_dir: Path, fd: int, position: Position, durable_seq: int) -> None:
        self._fd = fd
        self._position = position
        self._published = PositionFile(stream_dir, position)
        self._queue: list[bytes | _Roll] = []
        self._queued_seq = durable_seq
        self._queued_bytes = 0
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._busy = False
        self._closing = False
        self._blocked_waiters = 0
        self._wake = threading.Semaphore(0)
        self._sync_s: deque[float] = deque(maxlen=_REMEMBERED_SYNCS)
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tick_due = False
        self.durable_seq = durable_seq
        self.failed: UnavailableReason | None = None
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="log-write", daemon=True)
        self._thread.start()

    @property
    def queue_empty(self) -> bool:
        """True when a frame that is pushed now begins a new group commit."""
        return not self._queue

    def push(self, frame: bytes, seq: int) -> None:
        """Queue a frame; `seq` is that of its record."""
        with self._lock:
            self._queue.append(frame)
            self._queued_seq = seq
            self._queued_bytes += len(frame)

    def push_roll(self, claimed: Path, first_seq: int, created_us: int) -> None:
        """Queue the change to a new segment, made of a file that has been claimed."""
        with self._lock:
            self._queue.append(_Roll(claimed, first_seq, created_us))

    def schedule(self, inline: bool) -> None:
        """See to it that what is queued is written. `inline`: the owner allows that its thread does it, at the end of the loop's turn."""
        if self._busy or self._tick_due:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._hand_over()
            return
        self._loop = loop
        if inline:
            # After all callbacks of this turn, so that their records are in the same commit, or show that a thread is worth it.
            self._tick_due = True
            loop.call_soon(self._tick)
        else:
            self._hand_over()

    def waiter(self, seq: int) -> "asyncio.Future[None]":
        """Return a future that is done when the record is durable, or fails with LogUnavailable."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            settled = self._settle(seq, future)
            if not settled:
                self._waiters.append((seq, future))
        return future

    def wait(self, seq: int, timeout_s: float | None) -> None:
        """Block until the record is durable. Raises LogUnavailable, TimeoutError."""
        if self._tick_due:
            # The loop that would run the tick is the thread that is about to block.
            self._hand_over()
        with self._progress:
            self._blocked_waiters += 1
            try:
                done = self._progress.wait_for(lambda: self.failed is not None or self.durable_seq >= seq, timeout_s)
            finally:
                self._blocked_waiters -= 1
        if self.durable_seq >= seq:
            return
        if not done:
            raise TimeoutError(f"record {seq} is not durable after {timeout_s} s")
        assert self.failed is not None
        raise LogUnavailable(self.failed)

    def commit_now(self) -> None:
        """Write and sync what is queued, in this thread. Only while the writer's thread is idle. Raises LogUnavailable."""
        self._commit(self._take())
        if self.failed is not None:
            raise LogUnavailable(self.failed)

    def close(self, reason: UnavailableReason = "closed") -> None:
        """Write what is queued, end the thread, close the files. Later appends are refused with the reason."""
        with self._lock:
            self._closing = True
        self._wake.release()
        self._thread.join()
        if self.failed is None:
            self.failed = reason
        self._resolve()
        self._published.close()
        os.close(self._fd)

    def _hand_over(self) -> None:
        with self._lock:
            if self._busy or not self._queue:
                return
            self._busy = True
        self._wake.release()

    def _tick(self) -> None:
        self._tick_due = False
        if self._busy or not self._queue:
            return
        if len(self._queue) <= _INLINE_RECORDS_MAX and self._queued_bytes <= _INLINE_BYTES_MAX and self._quick():
            self._commit(self._take())
            self._resolve()
        else:
            self._hand_over()

    def _quick(self) -> bool:
        recent = sorted(self._sync_s)
        return bool(recent) and recent[len(recent) // 2] < _INLINE_SYNC_S_MAX

    def _take(self) -> tuple[list[bytes | _Roll], int]:
        with self._lock:
            taken, self._queue = self._queue, []
            self._queued_bytes = 0
            return taken, self._queued_seq

    def _run(self) -> None:
        while True:
            self._wake.acquire()
            while True:
                with self._lock:
                    if not self._queue:
                        self._busy = False
                        break
                self._commit(self._take())
                loop = self._loop
                if loop is not None and self._waiters:
                    try:
                        loop.call_soon_threadsafe(self._resolve)
                    except RuntimeError:
                        # The loop has been closed: nobody waits in it any more.
                        self._loop = None
            if self._closing:
                return

    def _commit(self, taken: tuple[list[bytes | _Roll], int]) -> None:
        items, seq = taken
        if self.failed is None:
            try:
                self._write(items)
            except OSError as error:
                # Anything, ENOSPC too: space was taken ahead, so even that is a fault of the disk by now.
                self.failed = "io_error" if unavailable_reason(error) != "disk_full" else "disk_full"
            else:
                self._published.move(self._position)
        with self._progress:
            if self.failed is None:
                self.durable_seq = seq
                self.commits += 1
            if self._blocked_waiters:
                self._progress.notify_all()

    def _write(self, items: list[bytes | _Roll]) -> None:
        pending: list[bytes] = []
        for item in items:
            if isinstance(item, _Roll):
                self._flush(pending)
                pending = []
                fd = install(item.claimed, item.first_seq, item.created_us)
                os.close(self._fd)
                self._fd = fd
                self._position = Position(item.first_seq, SEGMENT_HEADER_BYTES)
            else:
                pending.append(item)
        self._flush(pending)

    def _flush(self, frames: list[bytes]) -> None:
        if not frames:
            return
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        segment, offset = self._position
        started_s = time.perf_counter()
        write_all(self._fd, data, offset)
        os.fdatasync(self._fd)
        self._sync_s.append(time.perf_counter() - started_s)
        self._position = Position(segment, offset + len(data))

    def _resolve(self) -> None:
        with self._lock:
            waiters, self._waiters = self._waiters, []
            self._waiters = [(seq, future) for seq, future in waiters if not self._settle(seq, future)]

    def _settle(self, seq: int, future: "asyncio.Future[None]") -> bool:
        if future.done():
            return True
        if self.durable_seq >= seq:
            future.set_result(None)
        elif self.failed is not None:
            future.set_exception(LogUnavailable(self.failed))
        else:
            return False
        return True
