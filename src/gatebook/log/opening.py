"""Opening a stream for writing: one writer at a time, and an end that can be written on."""

import fcntl
import os
import re
from pathlib import Path
from typing import Final

from gatebook.log.disk import make_directory, write_all, write_new_file
from gatebook.log.errors import LogUnavailable, StreamBusy
from gatebook.log.frames import SEGMENT_HEADER_BYTES
from gatebook.log.recovery import Tail
from gatebook.log.segment import claim, discard_claimed, install, prepare, segment_path, unavailable_reason

_STREAM: Final = re.compile(r"[a-z0-9-]{1,64}")


def lock_stream(log_dir: Path, stream: str) -> int:
    """Take the stream for this process. Returns the file that holds the lock; closing it lets go. Raises StreamBusy with the holder's pid."""
    if not _STREAM.fullmatch(stream):
        raise ValueError(f"{stream!r} is not the name of a stream: 1 to 64 of a-z, 0-9 and -")
    make_directory(log_dir / stream)
    fd = os.open(log_dir / stream / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, 20, 0).strip()
        os.close(fd)
        raise StreamBusy(stream, int(holder) if holder.isdigit() else None) from None
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    return fd


def open_last_segment(stream_dir: Path, tail: Tail, segment_bytes: int, now_us: int) -> int:
    """Open the segment that is written on; make the first one of a new stream, and update `tail`. Raises LogUnavailable."""
    discard_claimed(stream_dir)
    if tail.segment:
        fd = os.open(segment_path(stream_dir, tail.segment), os.O_RDWR | os.O_CLOEXEC)
        _prove(fd, tail)
        return fd
    try:
        prepare(stream_dir, segment_bytes)
        fd = install(claim(stream_dir, 1), 1, now_us)
    except OSError as error:
        raise LogUnavailable(unavailable_reason(error), str(error)) from error
    tail.segment, tail.size_bytes = 1, segment_bytes
    return fd


def keep_torn(stream_dir: Path, fd: int, tail: Tail) -> None:
    """Copy the torn bytes beside the segment. A copy that an interrupted opening has made is kept. Raises LogUnavailable."""
    torn = os.pread(fd, tail.cut_end - tail.offset, tail.offset)
    path = stream_dir / f"torn-{tail.seq + 1}-{tail.offset}"
    number = 1
    try:
        while not write_new_file(path, torn, 0o640):
            if path.read_bytes() == torn:
                return
            number += 1
            path = stream_dir / f"torn-{tail.seq + 1}-{tail.offset}.{number}"
    except OSError as error:
        raise LogUnavailable(unavailable_reason(error), str(error)) from error


def overwrite_torn(fd: int, tail: Tail, frames: bytes) -> bool:
    """Write frames over the torn bytes and zeros over the rest, durably, in one write. Returns False when the frames do not fit: then zeros only."""
    fits = tail.offset + len(frames) <= tail.size_bytes
    data = frames if fits else b""
    write_all(fd, data + bytes(max(0, tail.cut_end - tail.offset - len(data))), tail.offset)
    os.fdatasync(fd)
    return fits


def _prove(fd: int, tail: Tail) -> None:
    """Make sure that the last group commit is on the disk and not only in the cache, before anything is written that says so.

    Written again, not only synced: after a failed sync the kernel takes the pages for clean although they never reached the disk.
    """
    start = max(tail.unproven, SEGMENT_HEADER_BYTES)
    write_all(fd, os.pread(fd, tail.offset - start, start), start)
    os.fsync(fd)
