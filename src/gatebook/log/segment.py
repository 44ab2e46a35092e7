"""Segment files: their names, and making the next one ahead of need, filled with zeros that are really on the disk."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from gatebook.log.disk import sync_directory, write_all
from gatebook.log.errors import UnavailableReason
from gatebook.log.frames import SEGMENT_HEADER_BYTES, encode_segment_header

PREPARED_NAME: Final = "prepared"
_CHUNK_BYTES: Final = 1 << 20
RETRY_S: Final = 1.0

State = Literal["idle", "working", "ready", "failing"]


def segment_path(stream_dir: Path, first_seq: int) -> Path:
    """Return the file of the segment that begins with this sequence number."""
    return stream_dir / f"{first_seq:016d}.seg"


def segments(stream_dir: Path) -> list[int]:
    """Return the first sequence numbers of the segments that exist, ascending."""
    names = (entry.name for entry in os.scandir(stream_dir))
    return sorted(int(name[:16]) for name in names if len(name) == 20 and name.endswith(".seg") and name[:16].isdigit())


def unavailable_reason(error: OSError) -> UnavailableReason:
    """Tell a full disk (or quota) from everything else."""
    return "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "io_error"


def prepare(stream_dir: Path, size_bytes: int) -> None:
    """Make the file `prepared`: zeros, durable. Keeps one that an earlier run has left, if it is good. Raises OSError, leaving nothing."""
    path = stream_dir / PREPARED_NAME
    if path.exists() and _is_blank(path, size_bytes):
        return
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
    try:
        zeros = memoryview(bytes(min(_CHUNK_BYTES, size_bytes)))
        for offset in range(0, size_bytes, len(zeros)):
            write_all(fd, zeros[: min(len(zeros), size_bytes - offset)], offset)
        os.fsync(fd)
        sync_directory(stream_dir)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)


def claim(stream_dir: Path, first_seq: int) -> Path:
    """Take the file `prepared` out of the preparer's way, for the segment that begins with `first_seq`. Raises OSError."""
    claimed = stream_dir / f"{PREPARED_NAME}-{first_seq}"
    (stream_dir / PREPARED_NAME).rename(claimed)
    return claimed


def discard_claimed(stream_dir: Path) -> None:
    """Remove what a run that was killed had claimed and not yet installed."""
    for path in stream_dir.glob(f"{PREPARED_NAME}-*"):
        path.unlink()


def install(claimed: Path, first_seq: int, created_us: int) -> int:
    """Turn a claimed file into the segment that begins with `first_seq`; durable when this returns. Returns the open file. Raises OSError."""
    stream_dir = claimed.parent
    fd = os.open(claimed, os.O_RDWR | os.O_CLOEXEC)
    try:
        write_all(fd, encode_segment_header(first_seq, created_us), 0)
        os.fdatasync(fd)
        path = segment_path(stream_dir, first_seq)
        if path.exists():
            raise FileExistsError(errno.EEXIST, "the segment exists already", str(path))
        claimed.rename(path)
        sync_directory(stream_dir)
    except OSError:
        os.close(fd)
        raise
    return fd


def _is_blank(path: Path, size_bytes: int) -> bool:
    """True when the file has the size and nothing behind its header, and all of it is on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.fstat(fd).st_size != size_bytes:
            return False
        for offset in range(SEGMENT_HEADER_BYTES, size_bytes, _CHUNK_BYTES):
            chunk = os.pread(fd, _CHUNK_BYTES, offset)
            if chunk.count(0) != len(chunk):
                return False
        os.fsync(fd)
        return True
    finally:
        os.close(fd)


class Preparer:
    """Makes the next segment in a thread of its own; when that fails it tries again every second until it succeeds or is closed."""

    def __init__(self, stream_dir: Path, size_bytes: int, make: Callable[[Path, int], None] = prepare) -> None:
        self._stream_dir = stream_dir
        self._size_bytes = size_bytes
        self._make = make
        self._changed = threading.Condition()
        self._state: State = "idle"
        self._reason: UnavailableReason = "disk_full"
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> State:
        """idle, working, ready (a segment is waiting) or failing (the last try failed; it goes on)."""
        return self._state

    @property
    def reason(self) -> UnavailableReason:
        """Why the last try failed."""
        return self._reason

    def want(self) -> None:
        """Begin to make the next segment unless that is done or under way."""
        with self._changed:
            if self._state != "idle" or self._closing:
                return
            self._state = "working"
            self._thread = threading.Thread(target=self._run, name="log-prepare", daemon=True)
            self._thread.start()

    def settled(self, timeout_s: float) -> State:
        """Wait until the outcome of the try under way is known, at most so long. Returns the state."""
        with self._changed:
            self._changed.wait_for(lambda: self._state != "working", timeout_s)
            return self._state

    def take(self, first_seq: int) -> Path:
        """Claim the segment that is ready; the caller installs it. Raises OSError."""
        with self._changed:
            assert self._state == "ready", self._state
            claimed = claim(self._stream_dir, first_seq)
            self._state = "idle"
            return claimed

    def close(self) -> None:
        """End the thread; a file that is ready stays for the next run."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._make(self._stream_dir, self._size_bytes)
            except OSError as error:
                self._reason = unavailable_reason(error)
                state: State = "failing"
            else:
                state = "ready"
            with self._changed:
                self._state = state
                self._changed.notify_all()
                if state == "ready" or self._changed.wait_for(lambda: self._closing, RETRY_S):
                    return
