"""How far a stream is durable: 16 bytes that its writer moves on after each sync, and that readers and recovery trust as a lower bound."""

import mmap
import os
import struct
from pathlib import Path
from typing import Final, NamedTuple

from gatebook.log.disk import sync_directory

POSITION_NAME: Final = "position"
_POSITION = struct.Struct("<QQ")
_OFFSET = struct.Struct("<Q")


class Position(NamedTuple):
    """A place in a stream: first seq of the segment, and offset in its file."""

    segment: int
    offset: int


class PositionFile:
    """The writer's side. Each number is stored with one aligned write, so a reader sees the old or the new one."""

    def __init__(self, stream_dir: Path, position: Position) -> None:
        path = stream_dir / POSITION_NAME
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            if os.fstat(fd).st_size != _POSITION.size:
                os.ftruncate(fd, 0)
                os.pwrite(fd, _POSITION.pack(*position), 0)
                os.fsync(fd)
                sync_directory(stream_dir)
            self._map = mmap.mmap(fd, _POSITION.size)
        finally:
            os.close(fd)
        self._segment = -1
        self.move(position)

    def move(self, position: Position) -> None:
        """Publish a position that is durable."""
        if position.segment != self._segment:
            # A reader in between must see the old segment with a low offset, never the new one with a high offset.
            self._map[8:16] = _OFFSET.pack(0)
            self._map[0:8] = _OFFSET.pack(position.segment)
            self._segment = position.segment
        self._map[8:16] = _OFFSET.pack(position.offset)

    def close(self) -> None:
        """Write the page to disk and let it go."""
        self._map.flush()
        self._map.close()


def read_position(stream_dir: Path) -> Position | None:
    """Return how far the stream is durable; None when the file is missing or was never written."""
    try:
        fd = os.open(stream_dir / POSITION_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        previous = b""
        while True:
            # Twice the same: not caught between the two stores of `move`.
            data = os.pread(fd, _POSITION.size, 0)
            if len(data) != _POSITION.size:
                return None
            if data == previous:
                return Position(*_POSITION.unpack(data))
            previous = data
    finally:
        os.close(fd)
