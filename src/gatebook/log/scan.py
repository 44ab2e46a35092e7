"""Reads one stream from its first byte to its last and checks every frame: checksum, payload digests, dense seq, chain.

The loop over frames takes a record that is as expected with a handful of C calls and no objects; only what is unexpected is parsed.
Nothing here trusts a length or a position: damage is reported, and reading goes on at the next whole frame.
"""

import os
from binascii import hexlify
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from gatebook.log.frames import (
    FRAME_HEADER_BYTES,
    FRAME_MAGIC,
    SEGMENT_HEADER_BYTES,
    Bad,
    Frame,
    bytes_needed,
    parse_frame,
    parse_segment_header,
)
from gatebook.log.payload_check import is_listed, lists_payload, what_is_wrong
from gatebook.log.position import Position, read_position
from gatebook.log.recovery import damage_behind
from gatebook.log.report import Finding, Findings, Kind, StreamReport
from gatebook.log.segment import segment_path, segments
from gatebook.record.base import Header
from gatebook.record.codec import FIRST_PREV, RecordError, decode_header

_CHUNK_BYTES = 1 << 20
_ZEROS = bytes(1 << 20)
_FRAME = Struct("<4sIIIQ")
_STREAM_AT = 50  # \0{"v":1,"id":"<36 characters>


class Batch(NamedTuple):
    """Records of one segment that follow each other without a gap: leaf hash and offset of each."""

    stream: str
    first_seq: int
    segment: int
    hashes: list[bytes]
    offsets: list[int]


class StreamScan:
    """One pass over one stream. `summary` and `findings` hold the outcome; leaf hashes go to `leaves` as they are read."""

    def __init__(
        self,
        stream_dir: Path,
        leaves: Callable[[Batch], None],
        *,
        payloads: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.name = stream_dir.name
        self.summary = StreamReport(name=self.name)
        self.findings = Findings()
        self.end = Position(0, 0)
        self._dir = stream_dir
        self._emit = leaves
        self._payloads = payloads
        self._progress = progress
        self._seq = 1
        self._prev: bytes | None = FIRST_PREV.encode()
        self._segment = 0
        self._last_at = Position(0, 0)
        self._batch = 0
        self._hashes: list[bytes] = []
        self._offsets: list[int] = []
        self._broken_chain: Finding | None = None

    def run(self, first_seq: int = 1, last_seq: int | None = None) -> None:
        """Check the records from `first_seq` to `last_seq`, whole segments at a time at the start."""
        durable = read_position(self._dir)
        names = segments(self._dir)
        if first_seq > 1:
            skipped = [name for name in names if name <= first_seq][:-1]
            names = names[len(skipped) :]
            if skipped and names:
                self._seq, self._prev = names[0], None
        for name in names:
            if last_seq is not None and name > last_seq:
                break
            self._open_segment(name)
            self._scan_segment(name, last_seq)
        later = [name for name in segments(self._dir) if not names or name > names[-1]]
        while later and last_seq is None:  # the writer went on meanwhile
            self._open_segment(later[0])
            self._scan_segment(later[0], last_seq)
            later = [name for name in segments(self._dir) if name > later[0]]
        if last_seq is None:
            self._check_position(durable)

    def _open_segment(self, name: int) -> None:
        if name > self._seq:
            self._find("missing", f"records {self._seq} to {name - 1} are missing: the next segment begins with {name}", name, 0, name - 1)
            self._prev = None
        elif name < self._seq:
            self._find("segment", f"the segment is named {name}, but record {self._seq} comes next", name, 0)
            self._prev = None
        self._seq, self._segment, self._batch = name, name, 0

    def _scan_segment(self, name: int, last_seq: int | None) -> None:
        fd = os.open(segment_path(self._dir, name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            header = parse_segment_header(os.pread(fd, SEGMENT_HEADER_BYTES, 0))
            if isinstance(header, Bad):
                self._find("segment", header.reason, name, 0)
            elif header.first_seq != name:
                self._find("segment", f"the segment header says first record {header.first_seq}", name, 0)
            self._scan_frames(fd, last_seq)
        finally:
            os.close(fd)

    def _scan_frames(self, fd: int, last_seq: int | None) -> None:
        at, want = SEGMENT_HEADER_BYTES, _CHUNK_BYTES
        while True:
            buf = os.pread(fd, want, at)
            used, stop = self._take(buf, at, last_seq)
            self._flush()
            if self._progress is not None:
                self._progress(self.summary.records, used)
            at += used
            self.end = Position(self._segment, at)
            if stop:
                return
            rest = len(buf) - used
            needed = bytes_needed(buf, used)
            if used and rest < needed or (rest < needed <= os.fstat(fd).st_size - at):
                want = max(_CHUNK_BYTES, needed)
                continue
            following = self._judge_stop(fd, at, buf[used:])
            if following is None:
                return
            at, want = following, _CHUNK_BYTES

    def _take(self, buf: bytes, base: int, last_seq: int | None) -> tuple[int, bool]:
        """Check the whole frames at the start of `buf`. Returns how many bytes they are, and whether `last_seq` was reached."""
        unpack, crc, sha, to_hex = _FRAME.unpack_from, crc32, sha256, hexlify
        view, limit, at = memoryview(buf), len(buf), 0
        seq, prev, batch_before, stop_seq = self._seq, self._prev or b"", self._batch, last_seq or 1 << 63
        add_hash, add_offset, payloads = self._hashes.append, self._offsets.append, self._payloads
        middle_text = f'","stream":"{self.name}","seq":'.encode()
        while at + FRAME_HEADER_BYTES <= limit and seq <= stop_seq:
            magic, total, core_bytes, checksum, batch = unpack(buf, at)
            start = at + FRAME_HEADER_BYTES
            middle, end = start + core_bytes, start + total
            if end > limit or magic != FRAME_MAGIC or middle > end or crc(view[at + 16 : end], crc(buf[at + 4 : at + 12])) != checksum:
                break
            # The byte before the core is the top byte of `batch`, zero: what RFC 6962 puts in front of a leaf is there already.
            leaf = buf[start - 1 : middle]
            expected = b'%b%d,"prev":"%b","time":' % (middle_text, seq, prev)
            if not leaf.startswith(expected, _STREAM_AT) or (batch != batch_before and batch != base + at):
                leaf = b"\0" + leaf[1:]
                self._seq, self._prev, self._batch = seq, prev or None, batch_before
                self._judge_record(leaf[1:], base + at, batch)
                seq = self._seq
                add_hash, add_offset = self._hashes.append, self._offsets.append
            if end > middle:
                if payloads and not is_listed(leaf, buf, view, middle, end):
                    self._judge_payload(leaf[1:], buf[middle:end], seq, base + at)
            elif leaf.endswith(b'"}]}}') and lists_payload(leaf[1:]):
                self.summary.payloads_dropped += 1
            digest = sha(leaf).digest()
            prev = to_hex(digest)
            add_hash(digest)
            add_offset(base + at)
            batch_before = batch
            seq += 1
            at = end
        self._seq, self._prev, self._batch = seq, prev, batch_before
        return at, seq > stop_seq

    def _judge_record(self, core: bytes, offset: int, batch: int) -> None:
        """A record is not as expected: say how, and go on with what it says of itself."""
        before = Position(self._segment, self._offsets[-1]) if self._offsets else self._last_at
        if batch != self._batch and batch != offset:
            self._find("frame", f"the frame names {batch} as the start of its write", self._segment, offset)
        try:
            header = decode_header(core)
        except RecordError as error:
            self._find("core", str(error), self._segment, offset)
            return
        if header.stream != self.name:
            self._find("core", f"record {header.seq} of stream {header.stream} is here", self._segment, offset)
        elif header.seq != self._seq:
            self._judge_order(header, offset)
        elif self._prev is not None and header.prev.encode() != self._prev:
            self._judge_chain(offset, before)

    def _judge_order(self, header: Header, offset: int) -> None:
        if header.seq > self._seq:
            message = f"record {self._seq} is not here; record {header.seq} follows instead"
            self._find("missing", message, self._segment, offset, header.seq - 1)
        else:
            self._find("order", f"record {header.seq} is here, where record {self._seq} should be", self._segment, offset)
        self._flush()
        self._seq = header.seq

    def _judge_chain(self, offset: int, before: Position) -> None:
        """`prev` is not the hash of the record before: that one was changed, or this one's `prev`. The next link tells which."""
        last = self._broken_chain
        if last is not None and last.seq == self._seq - 2:
            last.seq, last.segment, last.offset = self._seq - 1, before.segment, before.offset
            last.message = f"record {self._seq - 1} neither follows the one before it nor is followed by record {self._seq}"
            return
        message = f"record {self._seq} does not follow this record: one of the two was changed"
        finding = Finding(kind="chain", message=message, stream=self.name, seq=self._seq - 1, segment=before.segment, offset=before.offset)
        self._broken_chain = self.findings.add(finding)

    def _judge_payload(self, core: bytes, payload: bytes, seq: int, offset: int) -> None:
        message = what_is_wrong(core, payload)
        if message is not None:
            finding = Finding(kind="payload", message=message, stream=self.name, seq=seq, segment=self._segment, offset=offset)
            self.findings.add(finding)

    def _judge_stop(self, fd: int, at: int, seen: bytes) -> int | None:
        """No whole frame begins at `at`. Returns where to go on, None at the end of the segment."""
        durable = read_position(self._dir)
        last = segments(self._dir)[-1] == self._segment
        vouched = durable.offset if durable is not None and durable.segment == self._segment else 0
        size = os.fstat(fd).st_size
        zeros = _is_zero(fd, at, size)
        rest = b"" if zeros else os.pread(fd, size - at, at)
        if os.pread(fd, len(seen), at) != seen:
            return at  # read after all else: a writer was at work, and what follows was written later still
        if zeros:
            if last and vouched > at:
                self._find("missing", f"the segment ends here, but was durable up to byte {vouched}", self._segment, at)
            return None
        following = _next_whole(rest, 1)
        if last and vouched <= at and damage_behind(bytes(at) + rest, at, 0) is None:
            self.summary.unfinished_tail_bytes = len(rest.rstrip(b"\0"))
            return None
        parsed = parse_frame(rest, 0)
        reason = parsed.reason if isinstance(parsed, Bad) else "zeros where a frame should begin"
        if following is None:
            self._find("frame", f"{reason}; no whole frame follows", self._segment, at)
            self._prev = None
            return None
        self._resume(rest, following, reason, at)
        return at + following

    def _resume(self, rest: bytes, following: int, reason: str, at: int) -> None:
        frame = parse_frame(rest, following)
        assert isinstance(frame, Frame)
        try:
            found = decode_header(frame.core).seq
        except RecordError:
            found = self._seq + 1
        self._find("frame", reason, self._segment, at, max(found - 1, self._seq))
        self._seq, self._prev, self._batch = found, None, frame.batch

    def _check_position(self, durable: Position | None) -> None:
        if durable is not None and durable.segment > self._segment:
            message = f"segment {durable.segment:016d}.seg is missing; it was durable up to byte {durable.offset}"
            self._find("missing", message, self.end.segment, self.end.offset)

    def _flush(self) -> None:
        """Hand on the leaf hashes of records that follow each other."""
        count = len(self._hashes)
        if count:
            first = self._seq - count
            summary = self.summary
            summary.first_seq = summary.first_seq or first
            summary.last_seq = max(summary.last_seq, self._seq - 1)
            summary.records += count
            self._last_at = Position(self._segment, self._offsets[-1])
            self._emit(Batch(self.name, first, self._segment, self._hashes, self._offsets))
            self._hashes, self._offsets = [], []

    def _find(self, kind: Kind, message: str, segment: int, offset: int, seq_last: int | None = None) -> None:
        last = seq_last if seq_last is not None and seq_last > self._seq else None
        finding = Finding(kind=kind, message=message, stream=self.name, seq=self._seq, seq_last=last, segment=segment, offset=offset)
        self.findings.add(finding)


def _is_zero(fd: int, at: int, end: int) -> bool:
    """True when there is nothing but zeros up to `end`."""
    while at < end:
        block = os.pread(fd, min(len(_ZEROS), end - at), at)
        if block != _ZEROS[: len(block)] or not block:
            return not block
        at += len(block)
    return True


def _next_whole(buf: bytes, at: int) -> int | None:
    """Return where the next whole frame begins."""
    while (at := buf.find(FRAME_MAGIC, at)) >= 0:
        if isinstance(parse_frame(buf, at), Frame):
            return at
        at += 1
    return None
