"""One stream on its way into the index: reads on, keeps the calls that have no outcome yet, and turns records into rows."""

from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gatebook.index import build
from gatebook.index.build import Opened
from gatebook.index.progress import OpenAt, StreamProgress
from gatebook.index.rows import FullRow, RecordRow
from gatebook.index.starts import Starts
from gatebook.log.errors import LogDamaged, PartUnavailable
from gatebook.log.position import Position, read_position
from gatebook.log.reader import Entry, StreamReader, read_entry
from gatebook.log.segment import segment_path, segments
from gatebook.log.vault import Vault
from gatebook.record.base import Header
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.codec import RecordError, decode_body, decode_header
from gatebook.record.parts import Payload

OPEN_TEXT_CHARS_MAX: Final = 32 << 20
"""Arguments of open calls that are kept in memory, per stream; beyond it they are read from the log again when the outcome arrives."""


class Batch(Struct, kw_only=True):
    """Rows that wait to be inserted."""

    calls: list[FullRow] = []
    records: list[RecordRow] = []
    entries: int = 0
    bytes: int = 0


class Part:
    """A part of a stream that is read for itself: from record `first` on, up to the segment `until`.

    `straddling` gets the calls that end here and began before: those rows are made here, with what their first record says.
    """

    def __init__(self, first: int, straddling: set[str], until: int | None = None) -> None:
        self.first = first
        self.until = until
        self.straddling = straddling


class Stream:
    """The follower's state for one stream, or a part of one. Not thread-safe."""

    def __init__(
        self, stream_dir: Path, vault: Vault, progress: StreamProgress | None, *, whole: bool = False, part: Part | None = None
    ) -> None:
        """Go on from `progress`, or begin. Raises LogDamaged when an open call is not where it was."""
        self.name = stream_dir.name
        self.part = part
        self._dir = stream_dir
        self._vault = vault
        self.seq = progress.seq if progress else 0
        self.time_us = 0
        self.first_us = 0
        self.open: dict[str, FullRow] = {}
        self._starts = Starts(stream_dir)
        self._spilled: set[str] = set()
        self._open_chars = 0
        self._position = Position(progress.segment, progress.offset) if progress else Position(0, 0)
        self._reader = StreamReader(stream_dir, self._position, whole=whole, until=part.until if part else None)
        for at in progress.open if progress else ():
            self._keep(self._started_at(Position(at.segment, at.offset)))

    def read(self, batch: Batch, records_max: int, bytes_max: int) -> int:
        """Read on into the batch; return how many records. Raises LogDamaged naming the place."""
        entries = self._reader.read(records_max, bytes_max)
        for entry in entries:
            self._take(entry, batch)
        batch.entries += len(entries)
        batch.bytes += sum(len(entry.core) + len(entry.payload) for entry in entries)
        return len(entries)

    def progress(self) -> StreamProgress:
        """Return what has been read, to be stored once the rows are inserted."""
        still_open = tuple(OpenAt(row.call_id, row.started_seq, row.started_segment, row.started_offset) for row in self.open.values())
        return StreamProgress(seq=self.seq, segment=self._position.segment, offset=self._position.offset, open=still_open)

    def behind_bytes(self) -> int:
        """Return how many durable bytes have not been read."""
        durable = read_position(self._dir)
        if durable is not None and self.part is not None and self.part.until is not None:
            durable = min(durable, Position(self.part.until, 0))
        if durable is None or durable <= self._position:
            return 0
        if durable.segment == self._position.segment:
            return durable.offset - self._position.offset
        between = [first for first in segments(self._dir) if self._position.segment <= first < durable.segment]
        return sum(segment_path(self._dir, first).stat().st_size for first in between) - self._position.offset + durable.offset

    def adopt(self, other: "Stream", without: set[str]) -> None:
        """Take over the calls that an older part of the stream has left open, but not those `without`."""
        for row in other.open.values():
            if row.call_id not in without:
                self._keep(row, spilled=row.call_id in other._spilled)

    def close(self) -> None:
        """Close the files."""
        self._reader.close()

    def _take(self, entry: Entry, batch: Batch) -> None:
        header = decode_header(entry.core)
        if header.seq != self.seq + 1 and self.seq:
            raise AssertionError(f"stream {self.name}: record {header.seq} follows record {self.seq}")
        self.seq, self.time_us, self._position = header.seq, header.time, entry.position
        self.first_us = self.first_us or header.time
        try:
            body = decode_body(entry.core)
        except RecordError:
            # A newer version wrote this record; it stays in the log, and a later version of the index picks it up when it is rebuilt.
            return
        match body:
            case CallStarted():
                self._keep(build.started(header, body, entry.at, self._opened(header, body.payload, entry.payload)))
            case CallRefused():
                batch.calls.append(build.started(header, body, entry.at, self._opened(header, body.payload, entry.payload)))
            case CallFinished() | CallOutcomeUnknown():
                row = self._release(body.call) or self._began_before(body) or build.orphan(header, body)
                payload = body.payload if isinstance(body, CallFinished) else None
                batch.calls.append(build.finished(row, header, body, entry.at, self._opened(header, payload, entry.payload)))
            case _:
                opened = self._opened(header, getattr(body, "payload", None), entry.payload)
                batch.records.append(build.record(header, body, entry.core, entry.at, opened))

    def _began_before(self, body: CallFinished | CallOutcomeUnknown) -> FullRow | None:
        if self.part is None or body.started_seq >= self.part.first:
            return None
        self.part.straddling.add(body.call)
        at = self._starts.position(body.started_seq)
        try:
            row = self._started_at(at) if at is not None else None
        except (LogDamaged, RecordError, AssertionError):
            return None
        return row if row is not None and row.call_id == body.call else None

    def _keep(self, row: FullRow, *, spilled: bool = False) -> None:
        if spilled or self._open_chars + len(row.arguments) > OPEN_TEXT_CHARS_MAX:
            self._spilled.add(row.call_id)
            row = replace(row, arguments="", args=())
        self._open_chars += len(row.arguments)
        self.open[row.call_id] = row

    def _release(self, call_id: str) -> FullRow | None:
        row = self.open.pop(call_id, None)
        if row is None:
            return None
        self._open_chars -= len(row.arguments)
        if call_id in self._spilled:
            self._spilled.discard(call_id)
            return self._started_at(Position(row.started_segment, row.started_offset))
        return row

    def _started_at(self, at: Position) -> FullRow:
        entry = read_entry(self._dir, at)
        header, body = decode_header(entry.core), decode_body(entry.core)
        if not isinstance(body, CallStarted):
            raise AssertionError(f"stream {self.name}: record {header.seq} opens no call")
        return build.started(header, body, entry.at, self._opened(header, body.payload, entry.payload))

    def _opened(self, header: Header, payload: Payload | None, blob: bytes) -> Opened:
        if payload is None or not payload.parts:
            return Opened()
        try:
            return Opened(self._vault.open(header.id, payload, blob), "kept")
        except PartUnavailable as error:
            return Opened({}, error.reason)
