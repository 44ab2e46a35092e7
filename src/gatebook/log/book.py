"""The book: what the gateway and the keeper write through. One process, one thread, one stream.

`append` gives a record its place in the chain; `Receipt.durable` returns when it is on disk. Nothing may be sent on before that.
"""

import os
from collections.abc import Sequence
from dataclasses import replace as replace_chain
from pathlib import Path
from typing import Final, Protocol

from msgspec.structs import replace

from gatebook.log.chain import Chain
from gatebook.log.clock import Clock, SystemClock
from gatebook.log.errors import LogUnavailable, PartUnavailable, RecordTooLarge, UnavailableReason
from gatebook.log.frames import SEGMENT_HEADER_BYTES, encode_frame
from gatebook.log.opening import keep_torn, lock_stream, open_last_segment, overwrite_torn
from gatebook.log.position import Position
from gatebook.log.receipt import Receipt
from gatebook.log.recovery import Tail, read_tail
from gatebook.log.segment import Preparer, unavailable_reason
from gatebook.log.space import Space, Use
from gatebook.log.vault import Vault
from gatebook.log.writer import Writer
from gatebook.record import body as records
from gatebook.record.base import Body
from gatebook.record.ids import uuid7
from gatebook.record.parts import OpenCall, PartName

_CLOCK_STEP_US_MIN: Final = 1_000_000
_UNKNOWN_REASON: Final = "the process ended before the call did"
_RANDOM_BYTES: Final = 2500
_ID_BYTES: Final = 10
# Records that end something, or that say what the log itself went through: they may use the reserve of a full disk.
_CLOSING: Final = (
    records.CallFinished,
    records.CallOutcomeUnknown,
    records.ProcessStopped,
    records.SegmentOpened,
    records.TailCut,
    records.ClockStepped,
    records.LogUnavailable,
)


class LogLimits(Protocol):
    """The sizes that the book takes from the settings."""

    @property
    def segment_bytes(self) -> int:
        """Size of one segment file."""

    @property
    def reserve_bytes(self) -> int:
        """Room in the last segment that only records which close something may use while no next segment can be made."""


class Book:
    """Writes one stream. Not thread-safe: all calls come from the thread (and loop) that opened it."""

    @classmethod
    def open(cls, log_dir: Path, stream: str, vault: Vault, limits: LogLimits, clock: Clock | None = None) -> "Book":
        """Take the stream, recover its end, and close the calls that an earlier run left open. All that is durable when this returns.

        Raises StreamBusy, LogDamaged, LogUnavailable.
        """
        lock_fd = lock_stream(log_dir, stream)
        try:
            return cls(log_dir / stream, lock_fd, vault, limits, clock or SystemClock())
        except BaseException:
            os.close(lock_fd)
            raise

    def __init__(self, stream_dir: Path, lock_fd: int, vault: Vault, limits: LogLimits, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._random = b""
        self._random_used = 0
        self._clock_offset_us = clock.wall_us() - clock.monotonic_us()
        self._outage: tuple[int, UnavailableReason] | None = None
        self._refused = 0
        tail = read_tail(stream_dir)
        self._chain = Chain(stream_dir.name, tail.seq, tail.prev, tail.open_calls)
        fd = open_last_segment(stream_dir, tail, limits.segment_bytes, clock.wall_us())
        try:
            late = self._mend(stream_dir, fd, tail)
            self._writer = Writer(stream_dir, fd, Position(tail.segment, tail.offset), self._chain.seq)
        except BaseException:
            os.close(fd)
            raise
        self._space = Space(Preparer(stream_dir, limits.segment_bytes), tail, limits.segment_bytes, limits.reserve_bytes)
        self._lock_fd = lock_fd
        try:
            self._settle_past(late)
        except BaseException:
            self._space.preparer.close()
            self._writer.close()
            raise

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self._chain.stream

    @property
    def last_seq(self) -> int:
        """Sequence number of the newest record that was appended."""
        return self._chain.seq

    @property
    def durable_seq(self) -> int:
        """Sequence number up to which records are on disk."""
        return self._writer.durable_seq

    @property
    def healthy(self) -> UnavailableReason | None:
        """None while records that open something are accepted, else the reason why they are refused. As of now, without asking the disk."""
        return self._writer.failed or self._space.refusal(len(self._chain.open_calls))

    def new_id(self) -> str:
        """Return a fresh record id, for callers that need the id before they append."""
        start = self._random_used
        if start + _ID_BYTES > len(self._random):
            self._random = os.urandom(_RANDOM_BYTES)
            start = 0
        self._random_used = start + _ID_BYTES
        return uuid7(self._clock.wall_us(), self._random[start : start + _ID_BYTES])

    def append(self, body: Body, *, parts: Sequence[tuple[PartName, bytes]] = (), subject: str = "-", id: str | None = None) -> Receipt:
        """Give a record its place in the stream and queue it. `subject` says whose key seals the parts.

        The response of a call.finished is left out, and the record says so, when it is too large or the disk is full.
        Raises LogUnavailable when the record is refused, RecordTooLarge.
        """
        if self._writer.failed is not None:
            raise LogUnavailable(self._writer.failed, self._writer.failure)
        now_us = self._clock.wall_us()
        self._watch_clock(now_us)
        record_id = id or self.new_id()
        try:
            if self._outage is not None and not isinstance(body, _CLOSING):
                self._end_outage(now_us)
            self._append(body, record_id, now_us, parts, subject)
        except LogUnavailable as refusal:
            self._refused += 1
            self._outage = self._outage or (now_us, refusal.reason)
            raise
        self._writer.schedule(inline=len(self._chain.open_calls) <= 1)
        return Receipt(record_id, self._chain.seq, self._writer)

    def close(self, reason: UnavailableReason = "closed") -> None:
        """Write what is queued, let go of the stream. Receipts that are still waited for then end as durable, or raise LogUnavailable(reason)."""
        if self._lock_fd < 0:
            return
        if self._outage is not None and self._writer.failed is None:
            try:
                self._end_outage(self._clock.wall_us(), closing=True)
            except LogUnavailable:
                pass  # The disk is still full, to the last byte; the next start shows the gap.
        self._shut(reason)

    def _shut(self, reason: UnavailableReason = "closed") -> None:
        self._space.preparer.close()
        self._writer.close(reason)
        os.close(self._lock_fd)
        self._lock_fd = -1

    def _append(self, body: Body, record_id: str, now_us: int, parts: Sequence[tuple[PartName, bytes]], subject: str) -> None:
        use: Use = "opening" if not isinstance(body, _CLOSING) else "closing" if parts else "outcome"
        bare = replace(body, response_dropped="disk_full") if isinstance(body, records.CallFinished) and parts else None
        blob = b""
        if parts:
            try:
                payload, blob = self._vault.seal(record_id, subject, now_us, parts)
                body = replace(body, payload=payload)
            except OSError as error:
                if bare is None:
                    raise LogUnavailable(unavailable_reason(error), str(error)) from error
                body, blob = bare, b""
            except PartUnavailable as error:
                raise LogUnavailable("io_error", str(error)) from error
        core = self._chain.encode(body, record_id, now_us)
        if len(core) + len(blob) > self._space.record_bytes_max:
            if bare is None or not blob:
                raise RecordTooLarge(len(core) + len(blob), self._space.record_bytes_max)
            body, blob = replace(bare, response_dropped="too_large"), b""
            core = self._chain.encode(body, record_id, now_us)
        verdict = self._space.room(len(core) + len(blob), use, len(self._chain.open_calls))
        if verdict == "full" and bare is not None and blob:
            body, blob = bare, b""
            core = self._chain.encode(body, record_id, now_us)
            verdict = self._space.room(len(core), "outcome", len(self._chain.open_calls))
        if verdict == "full":
            raise LogUnavailable(self._space.preparer.reason if self._space.preparer.state == "failing" else "stalled")
        if verdict == "roll":
            self._roll(now_us)
            core = self._chain.encode(body, record_id, now_us)
        self._put(body, record_id, core, blob)

    def _put(self, body: Body, record_id: str, core: bytes, blob: bytes) -> None:
        frame = encode_frame(core, blob, self._space.take(len(core) + len(blob), self._writer.queue_empty))
        self._chain.advance(body, record_id, core)
        self._writer.push(frame, self._chain.seq)

    def _roll(self, now_us: int) -> None:
        first_seq = self._chain.seq + 1
        try:
            claimed = self._space.preparer.take(first_seq)
        except OSError as error:
            raise LogUnavailable(unavailable_reason(error), str(error)) from error
        self._writer.push_roll(claimed, first_seq, now_us)
        self._space.rolled()
        opened = self._segment_opened(first_seq)
        record_id = self.new_id()
        self._put(opened, record_id, self._chain.encode(opened, record_id, now_us), b"")

    def _segment_opened(self, first_seq: int) -> records.SegmentOpened:
        calls = tuple(OpenCall(call=call, seq=seq) for call, seq in self._chain.open_calls.items())
        return records.SegmentOpened(segment=first_seq, open=calls)

    def _watch_clock(self, now_us: int) -> None:
        offset_us = now_us - self._clock.monotonic_us()
        step_us = offset_us - self._clock_offset_us
        self._clock_offset_us = offset_us
        if abs(step_us) > _CLOCK_STEP_US_MIN:
            self._append(records.ClockStepped(step_us=step_us), self.new_id(), now_us, (), "-")

    def _end_outage(self, now_us: int, *, closing: bool = False) -> None:
        """Record that records had been refused, once those that open something are accepted again."""
        if not closing and (reason := self._space.refusal(len(self._chain.open_calls))) is not None:
            raise LogUnavailable(reason)
        assert self._outage is not None
        since_us, why = self._outage
        self._append(records.LogUnavailable(since=since_us, refused=self._refused, reason=why), self.new_id(), now_us, (), "-")
        self._outage, self._refused = None, 0

    def _mend(self, stream_dir: Path, fd: int, tail: Tail) -> records.TailCut | None:
        """Cut a torn end, and say so in the same write. Returns the record when it has to go to the next segment."""
        if tail.cut_end == tail.offset:
            return None
        keep_torn(stream_dir, fd, tail)
        cut = records.TailCut(at_seq=tail.seq + 1, offset=tail.offset, size=tail.cut_end - tail.offset)
        bodies: list[Body] = [cut] if tail.offset > SEGMENT_HEADER_BYTES or tail.segment == 1 else [self._segment_opened(tail.segment), cut]
        # A copy: when the frames do not fit they are not part of the chain.
        chain = replace_chain(self._chain, open_calls=dict(self._chain.open_calls))
        now_us = self._clock.wall_us()
        frames = b""
        for body in bodies:
            record_id = self.new_id()
            core = chain.encode(body, record_id, now_us)
            frames += encode_frame(core, b"", tail.offset)
            chain.advance(body, record_id, core)
        if not overwrite_torn(fd, tail, frames):
            return cut
        self._chain = chain
        tail.offset += len(frames)
        return None

    def _settle_past(self, late: records.TailCut | None) -> None:
        """Write what recovery owes: the cut, if that could not be said in its place, and an outcome for each call left open."""
        now_us = self._clock.wall_us()
        if self._space.is_fresh and self._chain.seq:
            opened = self._segment_opened(self._chain.seq + 1)
            record_id = self.new_id()
            self._put(opened, record_id, self._chain.encode(opened, record_id, now_us), b"")
        if late is not None:
            self._append(late, self.new_id(), now_us, (), "-")
        for call, seq in list(self._chain.open_calls.items()):
            unknown = records.CallOutcomeUnknown(call=call, started_seq=seq, reason=_UNKNOWN_REASON)
            self._append(unknown, self.new_id(), now_us, (), "-")
        self._writer.commit_now()
