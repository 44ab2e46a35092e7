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
        self._tick_loop: asyncio.AbstractEventLoop | None = None
        self._inline = False
        self._committed_this_turn = False
        self._last_commit_records = 0
        self.durable_seq = durable_seq
        self.failed: UnavailableReason | None = None
        self.failure = ""
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
        """See to it that what is queued is written. `inline`: the owner allows that its own thread does it."""
        self._inline = inline
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._hand_over()
            return
        self._loop = loop
        if not self._busy:
            self._tick_soon(loop)

    def commit_if_alone(self) -> None:
        """Write what is queued at once when it is one caller's and the last commit was too. Once in a turn of the loop, so that others get theirs."""
        if self._busy or self._committed_this_turn or self._tick_loop is None or self._last_commit_records > _INLINE_RECORDS_MAX:
            return
        if self._may_inline():
            self._committed_this_turn = True  # Until the tick, which is due in this turn.
            self._commit(self._take())
            self._resolve()

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
        with self._progress:
            self._blocked_waiters += 1
        # The loop that would do it may be the one that is about to block.
        self._hand_over()
        with self._progress:
            try:
                done = self._progress.wait_for(lambda: self.failed is not None or self.durable_seq >= seq, timeout_s)
            finally:
                self._blocked_waiters -= 1
        if self.durable_seq >= seq:
            return
        if not done:
            raise TimeoutError(f"record {seq} is not durable after {timeout_s} s")
        assert self.failed is not None
        raise LogUnavailable(self.failed, self.failure)

    def commit_now(self) -> None:
        """Write and sync what is queued, in this thread. Only while the writer's thread is idle. Raises LogUnavailable."""
        self._commit(self._take())
        if self.failed is not None:
            raise LogUnavailable(self.failed, self.failure)

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

    def _hand_over(self) -> bool:
        """Let the thread write what is queued; True when there is something and the thread was idle."""
        with self._lock:
            if self._busy or not self._queue:
                return False
            self._busy = True
        self._wake.release()
        return True

    def _tick_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Commit after all callbacks of this turn of the loop, so that their records share it."""
        if self._tick_loop is not loop:
            self._tick_loop = loop
            loop.call_soon(self._tick)

    def _tick(self) -> None:
        self._tick_loop = None
        self._committed_this_turn = False
        if self._busy or not self._queue:
            return
        if self._may_inline():
            self._commit(self._take())
            self._resolve()
        else:
            self._hand_over()

    def _may_inline(self) -> bool:
        if not self._inline or len(self._queue) > _INLINE_RECORDS_MAX or self._queued_bytes > _INLINE_BYTES_MAX:
            return False
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
            self._commit(self._take())
            with self._lock:
                self._busy = False
                closing = self._closing
                left_to_loop = not closing and not self._blocked_waiters
            notified = self._notify_loop()
            if (notified and left_to_loop) or self._hand_over():
                continue
            if closing:
                return

    def _notify_loop(self) -> bool:
        loop = self._loop
        if loop is None:
            return False
        if self._waiters or self._queue:
            try:
                loop.call_soon_threadsafe(self._committed, loop)
            except RuntimeError:
                self._loop = None  # The loop has been closed: nobody waits in it any more.
                return False
        return True

    def _committed(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the loop: release who waits, and let them queue what they write next before the next commit begins."""
        self._resolve()
        if self._queue and not self._busy:
            self._tick_soon(loop)

    def _commit(self, taken: tuple[list[bytes | _Roll], int]) -> None:
        items, seq = taken
        if not items:
            return
        if self.failed is None:
            try:
                self._write(items)
            except Exception as error:
                # Whatever it was, ENOSPC too (the space was taken ahead), and also a fault of our own: nobody may wait for ever.
                self.failed = unavailable_reason(error) if isinstance(error, OSError) else "io_error"
                self.failure = f"{type(error).__name__}: {error}"
            else:
                self._published.move(self._position)
        with self._progress:
            self._last_commit_records = len(items)
            if self.failed is None:
                self.durable_seq = seq
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
            future.set_exception(LogUnavailable(self.failed, self.failure))
        else:
            return False
        return True
