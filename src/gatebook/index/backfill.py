"""The older part of a stream, read behind its newest records: segment after segment, the newest first, each into rows once.

So that a new index answers about the last minutes at once, however long the log is. A call that begins in one part and ends in a later one is made into
a row where it ends; the part where it begins leaves it out.
"""

from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gatebook.index.progress import Behind, StreamProgress
from gatebook.index.stream import Batch, Part, Stream
from gatebook.log.errors import LogDamaged
from gatebook.log.position import read_position
from gatebook.log.segment import segment_path, segments
from gatebook.log.vault import Vault
from gatebook.record.codec import RecordError

FAR_BYTES: Final = 96 << 20
"""With more than this to read, a stream is read newest first."""


def plan(stream_dir: Path, noted: StreamProgress | None, far_bytes: int, *, whole: bool = False) -> tuple[StreamProgress, Behind] | None:
    """Split what is to be read of a stream: its newest segment, and what is behind that. None when there is little, or one segment only."""
    firsts = segments(stream_dir) if stream_dir.is_dir() else []
    durable = None if whole else read_position(stream_dir)
    newest = durable.segment if durable is not None else max(firsts, default=0)
    if newest not in firsts or (durable is None and not whole):
        return None
    low = noted or StreamProgress(seq=firsts[0] - 1, segment=firsts[0], offset=0)
    if low.segment not in firsts or low.segment >= newest:
        return None
    behind_bytes = _size(stream_dir, firsts, low, newest)
    if behind_bytes <= far_bytes:
        return None
    front = StreamProgress(seq=newest - 1, segment=newest, offset=0)
    total_bytes = behind_bytes + (durable.offset if durable is not None else segment_path(stream_dir, newest).stat().st_size)
    behind = Behind(low=low, front=newest, first=newest, end=newest, at=front, total_bytes=total_bytes)
    return front, _older(stream_dir, behind) or behind


class Backfill:
    """Reads the older part of one stream into batches. Not thread-safe."""

    def __init__(self, stream_dir: Path, vault: Vault, behind: Behind, *, whole: bool = False) -> None:
        """Go on from `behind`. Raises LogDamaged when an open call is not where it was."""
        self._dir = stream_dir
        self._vault = vault
        self._whole = whole
        self._behind = behind
        self._left_bytes = _size(stream_dir, segments(stream_dir), behind.low, behind.first)
        self._straddling = set(behind.straddling)
        self.front_part = Part(behind.front, self._straddling)
        self.gaps: list[str] = []
        self.done = False
        self._stream = self._open()

    @property
    def since_us(self) -> int:
        """Everything newer has been read, microseconds since 1970; 0 when the front has not arrived yet."""
        return self._behind.since_us

    @property
    def total_bytes(self) -> int:
        """What there was to read when it was begun, the newest segment included."""
        return self._behind.total_bytes

    @property
    def unread(self) -> tuple[tuple[int, int], ...]:
        """Sequence numbers that have not been read: ranges of the number before the first, and the one behind the last."""
        behind = self._behind
        return (self._stream.seq, behind.end), (behind.low.seq, behind.first)

    def left_bytes(self) -> int:
        """How much is still to be read."""
        return 0 if self.done else self._left_bytes + self._stream.behind_bytes()

    def front_arrived(self, front: Stream) -> None:
        """Note that the newest segment has been read to its end."""
        if not self._behind.since_us and front.first_us:
            self._behind = replace(self._behind, since_us=front.first_us)

    def read(self, batch: Batch, records_max: int, bytes_max: int, front: Stream) -> int:
        """Read on into the batch; return how many records. A place that is damaged becomes a gap, with the rest of its segment."""
        read = 0
        try:
            read = self._stream.read(batch, records_max, bytes_max)
            if not read and self._stream.seq + 1 < self._behind.end:
                raise LogDamaged(
                    self._stream.name, self._behind.first, 0, self._stream.seq + 1, "the segment ends before the next one begins"
                )
        except (LogDamaged, RecordError, AssertionError) as error:
            self.gaps.append(str(error))
            self._finish(front)
        else:
            if self._stream.seq + 1 >= self._behind.end:
                self._finish(front)
        return read

    def progress(self) -> Behind:
        """Return what has been read, to be stored once the rows are inserted."""
        return replace(self._behind, at=self._stream.progress(), straddling=tuple(self._straddling))

    def close(self) -> None:
        """Close the files."""
        self._stream.close()

    def _open(self) -> Stream:
        behind = self._behind
        # The oldest part knows its own open calls: what ends there without a beginning has none.
        first = 0 if behind.first <= behind.low.segment else behind.first
        part = Part(first, self._straddling, until=behind.end)
        return Stream(self._dir, self._vault, behind.at, whole=self._whole, part=part)

    def _finish(self, front: Stream) -> None:
        """Hand over what is still open, and go on with the segment before."""
        front.adopt(self._stream, without=self._straddling)
        self._straddling -= set(self._stream.open)
        self._stream.close()
        since_us = min(filter(None, (self._stream.first_us, self._behind.since_us)), default=0)
        older = _older(self._dir, replace(self._behind, since_us=since_us))
        if older is None:
            self.done = True
            return
        self._behind = older
        self._left_bytes = _size(self._dir, segments(self._dir), older.low, older.first)
        self._stream = self._open()


def _older(stream_dir: Path, behind: Behind) -> Behind | None:
    """Return the part with the segment before the one that was read; None when that was the last."""
    if behind.first <= behind.low.segment:
        return None
    first = max((one for one in segments(stream_dir) if one < behind.first), default=behind.low.segment)
    at = behind.low if first <= behind.low.segment else StreamProgress(seq=first - 1, segment=first, offset=0)
    return replace(behind, first=max(first, behind.low.segment), end=behind.first, at=at)


def _size(stream_dir: Path, firsts: list[int], low: StreamProgress, end: int) -> int:
    """Bytes from a place up to a segment."""
    sizes = sum(segment_path(stream_dir, first).stat().st_size for first in firsts if low.segment <= first < end)
    return max(0, sizes - low.offset) if sizes else 0
