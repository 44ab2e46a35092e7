"""What a writer must know before it goes on: reads the end of a stream, tells a torn write from damage. Changes nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from gatebook.log.errors import LogDamaged
from gatebook.log.frames import (
    FRAME_MAGIC,
    SEGMENT_HEADER_BYTES,
    Bad,
    End,
    Frame,
    parse_frame,
    parse_segment_header,
)
from gatebook.log.position import Position, read_position
from gatebook.log.segment import segment_path, segments
from gatebook.record.codec import FIRST_PREV, leaf_hash
from gatebook.record.parts import OpenCall

_ENDS: Final = ("call.finished", "call.outcome_unknown")


class _Seen(msgspec.Struct):
    """The fields that recovery looks at."""

    id: str
    stream: str
    seq: int
    prev: str
    type: str
    call: str = ""
    open: tuple[OpenCall, ...] = ()


_decode = msgspec.json.Decoder(_Seen).decode


@dataclass
class Tail:
    """The end of a stream. `segment` is 0 when there is none yet.

    `offset`: where the next frame goes. `unproven`: offset of the last group commit that is whole: nothing shows that it ever reached the disk.
    `cut_end`: end of the torn bytes that begin at `offset`; equal to it when there are none.
    """

    segment: int = 0
    size_bytes: int = 0
    offset: int = SEGMENT_HEADER_BYTES
    unproven: int = SEGMENT_HEADER_BYTES
    cut_end: int = SEGMENT_HEADER_BYTES
    seq: int = 0
    prev: str = FIRST_PREV
    open_calls: dict[str, int] = field(default_factory=dict)


def damage_behind(data: bytes, bad_offset: int, durable_offset: int) -> str | None:
    """Say why the bytes at `bad_offset`, where no whole frame begins, had been durable; None when they are a write that was never acknowledged.

    `durable_offset` is what the position file vouches for in this segment, 0 when nothing.
    """
    if bad_offset < durable_offset:
        return f"the stream had been durable up to offset {durable_offset}"
    at = data.find(FRAME_MAGIC, bad_offset + 1)
    while at >= 0:
        frame = parse_frame(data, at)
        if isinstance(frame, Frame) and frame.batch > bad_offset:
            return f"a whole record follows at offset {at} that was written later"
        at = data.find(FRAME_MAGIC, at + 1)
    return None


def read_tail(stream_dir: Path) -> Tail:
    """Scan the last segment, and the one before it when the last holds no record yet. Raises LogDamaged."""
    firsts = segments(stream_dir)
    position = read_position(stream_dir)
    if not firsts:
        if position is not None and position.segment > 0:
            raise LogDamaged(stream_dir.name, position.segment, position.offset, position.segment, "all segments are missing")
        return Tail()
    if position is not None and position.segment > firsts[-1]:
        raise LogDamaged(stream_dir.name, position.segment, 0, position.segment, "the segment is missing")
    tail = _scan(stream_dir, firsts[-1], position, Tail(), last=True)
    if tail.seq == 0 and firsts[-1] > 1:
        if len(firsts) == 1:
            raise LogDamaged(
                stream_dir.name, firsts[-1], tail.offset, firsts[-1], "the segment before is missing and this one holds no record"
            )
        before = _scan(stream_dir, firsts[-2], position, Tail(), last=False)
        if before.seq + 1 != firsts[-1]:
            what = f"the segment should go on to record {firsts[-1] - 1}"
            raise LogDamaged(stream_dir.name, firsts[-2], before.offset, before.seq + 1, what)
        tail.seq, tail.prev, tail.open_calls = before.seq, before.prev, before.open_calls
    return tail


def _scan(stream_dir: Path, first_seq: int, position: Position | None, tail: Tail, *, last: bool) -> Tail:
    data = segment_path(stream_dir, first_seq).read_bytes()
    header = parse_segment_header(data)
    if isinstance(header, Bad) or header.first_seq != first_seq:
        what = header.reason if isinstance(header, Bad) else f"the header says that it begins with record {header.first_seq}"
        raise LogDamaged(stream_dir.name, first_seq, 0, first_seq, what)
    tail.segment, tail.size_bytes = first_seq, len(data)
    offset = SEGMENT_HEADER_BYTES
    while isinstance(found := parse_frame(data, offset), Frame):
        _take(tail, stream_dir.name, first_seq, offset, found.core)
        tail.unproven = found.batch
        offset = found.end
    tail.offset = offset
    # The last frame may end in zeros, so what is left of the file without them can be shorter than `offset`.
    tail.cut_end = max(offset, len(data.rstrip(b"\0")))
    durable = position.offset if position is not None and position.segment == first_seq else 0
    if tail.cut_end > offset or offset < durable:
        what = found.reason if isinstance(found, Bad) else "no record is here"
        why = damage_behind(data, offset, durable) if last else "only the last segment may end in an unfinished write"
        if why is not None:
            raise LogDamaged(stream_dir.name, first_seq, offset, (tail.seq or first_seq - 1) + 1, f"{what}; {why}")
    assert isinstance(found, Bad | End)
    return tail


def _take(tail: Tail, stream: str, segment: int, offset: int, core: bytes) -> None:
    """Follow one record: its place in the chain, and which calls are open after it."""
    expected = tail.seq + 1 if tail.seq else segment
    try:
        seen = _decode(core)
    except msgspec.MsgspecError as error:
        raise LogDamaged(stream, segment, offset, expected, f"the record cannot be read: {error}") from error
    if (seen.seq, seen.stream) != (expected, stream):
        raise LogDamaged(stream, segment, offset, expected, f"another record is here: {seen.seq} of stream {seen.stream}")
    if seen.prev != tail.prev and (tail.seq or segment == 1):
        raise LogDamaged(stream, segment, offset, expected, "the record does not follow from the one before")
    tail.seq, tail.prev = seen.seq, leaf_hash(core).hex()
    if seen.type == "call.started":
        tail.open_calls[seen.id] = seen.seq
    elif seen.type in _ENDS:
        tail.open_calls.pop(seen.call, None)
    elif seen.type == "log.segment_opened" and seen.seq == segment:
        tail.open_calls = {call.call: call.seq for call in seen.open}
