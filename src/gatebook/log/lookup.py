"""Reads single records at known places, many of them, in any order: files stay open, and only what a record needs is read."""

import os
from collections import OrderedDict
from pathlib import Path
from typing import Final

from gatebook.log.errors import LogDamaged
from gatebook.log.frames import Bad, Frame, bytes_needed, parse_frame
from gatebook.log.position import Position
from gatebook.log.reader import Entry
from gatebook.log.segment import segment_path

_AHEAD_BYTES: Final = 8192
_FILES_MAX: Final = 32


class Lookup:
    """Reads from the segments of a log directory. Used from one thread; close it to give the files back."""

    def __init__(self, log_dir: Path) -> None:
        self._dir = log_dir
        self._files: OrderedDict[tuple[str, int], int] = OrderedDict()

    def read(self, stream: str, at: Position) -> Entry:
        """Read the record that begins at `at`. Raises LogDamaged when none does."""
        fd = self._file(stream, at.segment)
        buffer = os.pread(fd, _AHEAD_BYTES, at.offset)
        needed = bytes_needed(buffer, 0)
        if needed > len(buffer):
            buffer = os.pread(fd, min(needed, max(0, os.fstat(fd).st_size - at.offset)), at.offset)
        found = parse_frame(buffer, 0)
        if not isinstance(found, Frame):
            raise LogDamaged(stream, at.segment, at.offset, at.segment, found.reason if isinstance(found, Bad) else "no record begins here")
        return Entry(found.core, found.payload, Position(at.segment, at.offset + found.end), at)

    def close(self) -> None:
        """Close all files."""
        for fd in self._files.values():
            os.close(fd)
        self._files.clear()

    def _file(self, stream: str, segment: int) -> int:
        key = stream, segment
        fd = self._files.get(key, -1)
        if fd < 0:
            try:
                fd = os.open(segment_path(self._dir / stream, segment), os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                raise LogDamaged(stream, segment, 0, segment, "the segment is missing") from None
            self._files[key] = fd
            if len(self._files) > _FILES_MAX:
                os.close(self._files.popitem(last=False)[1])
        self._files.move_to_end(key)
        return fd
