"""Reads a stream, also while it is written: every record that is durable, in order, from a position that the caller keeps."""

import os
from pathlib import Path
from typing import NamedTuple

from gatebook.log.errors import LogDamaged
from gatebook.log.frames import SEGMENT_HEADER_BYTES, Bad, End, Frame, bytes_needed, parse_frame, parse_segment_header
from gatebook.log.position import Position, read_position
from gatebook.log.recovery import damage_behind
from gatebook.log.segment import segment_path, segments
from gatebook.record.codec import RecordError, decode_header

_CHUNK_BYTES = 1 << 20


class Entry(NamedTuple):
    """One record as stored. `at`: where it begins, for `read_entry`. `position`: where the next begins; keep it to go on after this record."""

    core: bytes
    payload: bytes
    position: Position
    at: Position


def streams(log_dir: Path) -> list[str]:
    """Return the names of the streams in a log directory, sorted."""
    if not log_dir.is_dir():
        return []
    return sorted(entry.name for entry in os.scandir(log_dir) if entry.is_dir() and (Path(entry.path) / "lock").exists())


def read_entry(stream_dir: Path, at: Position) -> Entry:
    """Read the one record that begins at `at`. Raises LogDamaged when none does."""
    reader = StreamReader(stream_dir, at, whole=True)
    try:
        entries = reader.read(1, 1)
    finally:
        reader.close()
    if not entries or entries[0].at != at:
        raise LogDamaged(stream_dir.name, at.segment, at.offset, at.segment, "no record begins here")
    return entries[0]


class StreamReader:
    """Follows one stream. `whole`: reads to the last whole record instead of the durable position, for a stream that nobody writes.

    `until`: reads nothing from this segment on.
    """

    def __init__(self, stream_dir: Path, position: Position | None = None, *, whole: bool = False, until: int | None = None) -> None:
        self._dir = stream_dir
        self._until = None if until is None else Position(until, 0)
        self._whole = whole
        self._fd = -1
        self._size = 0
        self._buffer = b""
        self._buffer_at = 0
        self._position = position or Position(0, 0)
        self._last = b""

    @property
    def position(self) -> Position:
        """Where the next record will be read; (0, 0) before the first read from the beginning."""
        return self._position

    def read(self, max_records: int = 1000, max_bytes: int = 4 << 20) -> list[Entry]:
        """Return the next records, an empty list when there are none yet. At least one is returned if there is one, whatever its size.

        Raises LogDamaged naming the place.
        """
        durable = None if self._whole else read_position(self._dir)
        if durable is None and not self._whole:
            return []
        if self._until is not None:
            durable = self._until if durable is None else min(durable, self._until)
        entries: list[Entry] = []
        size = 0
        while len(entries) < max_records and size < max_bytes:
            try:
                entry = self._following(durable)
            except LogDamaged:
                if not entries:
                    raise
                break  # What is good comes first; the next read raises.
            if entry is None:
                break
            entries.append(entry)
            size += len(entry.core) + len(entry.payload)
        return entries

    def _following(self, durable: Position | None) -> Entry | None:
        """Return the next record, also from a later segment."""
        while True:
            if self._fd < 0 and not self._open():
                return None
            entry = self._next(durable)
            if entry is not None or not self._advance(durable):
                return entry

    def close(self) -> None:
        """Close the segment that is open; the next read opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1
        self._buffer = b""

    def _open(self) -> bool:
        if self._position.segment == 0:
            firsts = segments(self._dir) if self._dir.is_dir() else []
            if not firsts:
                return False
            self._position = Position(firsts[0], 0)
        segment, offset = self._position
        try:
            self._fd = os.open(segment_path(self._dir, segment), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise LogDamaged(self._dir.name, segment, offset, segment, "the segment is missing") from None
        self._size = os.fstat(self._fd).st_size
        header = parse_segment_header(os.pread(self._fd, SEGMENT_HEADER_BYTES, 0))
        if isinstance(header, Bad) or header.first_seq != segment:
            what = header.reason if isinstance(header, Bad) else f"the header says that it begins with record {header.first_seq}"
            self.close()
            raise LogDamaged(self._dir.name, segment, 0, segment, what)
        self._position = Position(segment, max(offset, SEGMENT_HEADER_BYTES))
        self._buffer, self._buffer_at, self._last = b"", self._position.offset, b""
        return True

    def _limit(self, durable: Position | None) -> int:
        """Offset up to which the open segment may be read."""
        if durable is None or durable.segment > self._position.segment:
            return self._size
        return durable.offset if durable.segment == self._position.segment else 0

    def _next(self, durable: Position | None) -> Entry | None:
        """Return the record at the position, None at the end of what may be read of this segment."""
        limit = self._limit(durable)
        segment, offset = self._position
        if offset >= limit:
            return None
        start = offset - self._buffer_at
        if len(self._buffer) - start < (needed := bytes_needed(self._buffer, start)):
            self._fill(offset, needed, limit)
            start = 0
            if (needed := bytes_needed(self._buffer, 0)) > len(self._buffer):
                self._fill(offset, needed, limit)
        found = parse_frame(self._buffer, start)
        if isinstance(found, Frame):
            self._position = Position(segment, self._buffer_at + found.end)
            self._last = found.core
            return Entry(found.core, found.payload, self._position, Position(segment, offset))
        self._judge_end(found, durable, limit)
        return None

    def _fill(self, offset: int, needed: int, limit: int) -> None:
        self._buffer = os.pread(self._fd, min(max(needed, _CHUNK_BYTES), limit - offset), offset)
        self._buffer_at = offset

    def _judge_end(self, found: End | Bad, durable: Position | None, limit: int) -> None:
        """Accept the end of the segment, or raise LogDamaged."""
        segment, offset = self._position
        rest = os.pread(self._fd, self._size - offset, offset)
        what = found.reason if isinstance(found, Bad) else "no record is here"
        if durable is not None and durable.segment == segment:
            why: str | None = f"the stream is durable up to offset {limit}"
        elif not rest.rstrip(b"\0"):
            return
        elif segment != segments(self._dir)[-1]:
            why = "only the last segment may end in an unfinished write"
        else:
            vouched = read_position(self._dir)
            data = bytes(offset) + rest
            why = damage_behind(data, offset, vouched.offset if vouched is not None and vouched.segment == segment else 0)
        if why is not None:
            raise LogDamaged(self._dir.name, segment, offset, self._seq_at(offset), f"{what}; {why}")

    def _next_seq(self) -> int:
        """The sequence number that belongs at the position: that behind the last record, where one was read since the segment was opened."""
        try:
            return decode_header(self._last).seq + 1
        except RecordError:
            return self._seq_at(self._position.offset)

    def _seq_at(self, offset: int) -> int:
        """Count to the sequence number that belongs at an offset of the open segment."""
        data = os.pread(self._fd, offset, 0)
        seq, at = self._position.segment, SEGMENT_HEADER_BYTES
        while at < offset and isinstance(found := parse_frame(data, at), Frame):
            try:
                seq = decode_header(found.core).seq + 1
            except RecordError:
                break
            at = found.end
        return seq

    def _advance(self, durable: Position | None) -> bool:
        """Go on to the next segment; False when there is none to read yet."""
        segment, offset = self._position
        if durable is not None and durable.segment <= segment:
            return False
        later = [first for first in segments(self._dir) if first > segment]
        if not later:
            return False
        expected = self._next_seq()
        if later[0] != expected:
            raise LogDamaged(self._dir.name, segment, offset, expected, f"the next segment begins with record {later[0]}")
        self.close()
        self._position = Position(later[0], 0)
        return True
