"""Finds records of a stream by their sequence number, for calls that began before the part of the stream that is being read."""

import mmap
from array import array
from pathlib import Path

from gatebook.log.frames import FRAME_HEADER_BYTES, FRAME_MAGIC, SEGMENT_HEADER_BYTES, bytes_needed
from gatebook.log.position import Position
from gatebook.log.segment import segment_path, segments


class Starts:
    """Places of the records of one stream. Keeps those of one segment, because calls that are looked for stand close together."""

    def __init__(self, stream_dir: Path) -> None:
        self._dir = stream_dir
        self._segment = 0
        self._offsets: array[int] = array("Q")

    def position(self, seq: int) -> Position | None:
        """Return where a record begins; None when no segment holds it. What stands there is for the caller to check."""
        segment = max((first for first in segments(self._dir) if first <= seq), default=None)
        if segment is None:
            return None
        if segment != self._segment or seq - segment >= len(self._offsets):
            self._segment, self._offsets = segment, _offsets(segment_path(self._dir, segment))
        number = seq - segment
        return Position(segment, self._offsets[number]) if number < len(self._offsets) else None


def _offsets(path: Path) -> "array[int]":
    """Walk from frame to frame. Sequence numbers are dense, so counting is enough."""
    offsets: array[int] = array("Q")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, size = SEGMENT_HEADER_BYTES, len(data)
        while at < size and data[at : at + 4] == FRAME_MAGIC:
            offsets.append(at)
            at += bytes_needed(data[at : at + FRAME_HEADER_BYTES], 0)
    return offsets
