"""The frame parser, on good bytes and on any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.log.frames import (
    END,
    FRAME_HEADER_BYTES,
    Bad,
    End,
    Frame,
    SegmentHeader,
    bytes_needed,
    encode_frame,
    encode_part,
    encode_segment_header,
    parse_frame,
    parse_parts,
    parse_segment_header,
)

cores = st.binary(min_size=1, max_size=300)
payloads = st.binary(max_size=300)
batches = st.integers(min_value=0, max_value=2**64 - 1)


@given(cores, payloads, batches, st.binary(max_size=50), st.binary(max_size=50))
def test_what_is_written_is_read_back(core: bytes, payload: bytes, batch: int, before: bytes, after: bytes) -> None:
    """A frame is found whole at its offset, whatever stands before and behind it."""
    data = before + encode_frame(core, payload, batch) + after
    assert parse_frame(data, len(before)) == Frame(core, payload, batch, len(data) - len(after))
    assert parse_frame(memoryview(data), len(before)) == Frame(core, payload, batch, len(data) - len(after))
    assert bytes_needed(data, len(before)) == len(data) - len(before) - len(after)


@given(cores, payloads, batches, st.data())
def test_a_changed_byte_is_seen(core: bytes, payload: bytes, batch: int, data: st.DataObject) -> None:
    """No single changed byte leaves a frame that is taken for the one that was written."""
    frame = bytearray(encode_frame(core, payload, batch))
    frame[data.draw(st.integers(0, len(frame) - 1))] ^= data.draw(st.integers(1, 255))
    assert not isinstance(parse_frame(frame, 0), Frame)


@given(cores, payloads, batches, st.data())
def test_a_frame_that_is_cut_short_is_not_whole(core: bytes, payload: bytes, batch: int, data: st.DataObject) -> None:
    """Every true prefix is bad, except the empty one, which is the end."""
    frame = encode_frame(core, payload, batch)
    cut = data.draw(st.integers(0, len(frame) - 1))
    found = parse_frame(frame[:cut], 0)
    assert isinstance(found, Bad if cut else End)


@given(st.binary(max_size=200), st.integers(min_value=0, max_value=250))
def test_any_bytes_are_judged_without_an_error(data: bytes, offset: int) -> None:
    """The parser answers on anything, and what it takes for a frame lies within the buffer."""
    found = parse_frame(data, offset)
    assert isinstance(found, Frame | End | Bad)
    if isinstance(found, Frame):
        assert offset + FRAME_HEADER_BYTES < found.end <= len(data)
    assert bytes_needed(data, offset) >= FRAME_HEADER_BYTES


@given(st.binary(min_size=20, max_size=200))
def test_any_bytes_behind_the_magic_are_judged(data: bytes) -> None:
    """Lengths that make no sense are bad, never an error."""
    assert isinstance(parse_frame(b"GBR1" + data, 0), Bad | Frame)


@pytest.mark.parametrize("data", [b"", b"\0", b"\0\0\0\0", bytes(24), bytes(100)])
def test_zeros_and_nothing_are_the_end(data: bytes) -> None:
    """The zeros that a segment is filled with, and the end of the file, end it."""
    assert parse_frame(data, 0) is END


@given(st.lists(st.tuples(st.sampled_from(["identity", "arguments", "response", "message", "diff"]), st.binary(max_size=100))))
def test_parts_are_read_back(parts: list[tuple[str, bytes]]) -> None:
    """A payload splits into the parts it was made of."""
    assert parse_parts(b"".join(encode_part(name, sealed) for name, sealed in parts)) == parts


@given(st.binary(max_size=100))
def test_any_payload_is_judged(data: bytes) -> None:
    """Splitting answers on anything, and loses no byte of what it accepts."""
    found = parse_parts(data)
    if not isinstance(found, Bad):
        assert b"".join(encode_part(name, sealed) for name, sealed in found) == data


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_segment_headers_are_read_back(first_seq: int, created_us: int) -> None:
    """A header says with which record its segment begins and when it was made."""
    assert parse_segment_header(encode_segment_header(first_seq, created_us)) == SegmentHeader(first_seq, created_us)


@given(st.binary(max_size=40))
def test_other_files_are_not_segments(data: bytes) -> None:
    """What does not begin with the magic is refused."""
    assert isinstance(parse_segment_header(data), Bad)
