"""The bytes of segments, frames and payload parts: pure functions over buffers, no files. The format is docs/log-format.md."""

import struct
from typing import Final, NamedTuple
from zlib import crc32

SEGMENT_MAGIC: Final = b"gatebook.seg.1\n\0"
SEGMENT_HEADER_BYTES: Final = 32
FRAME_MAGIC: Final = b"GBR1"
FRAME_HEADER_BYTES: Final = 24
PART_CODES: Final = {"identity": 1, "arguments": 2, "response": 3, "message": 4, "diff": 5}
PART_NAMES: Final = {code: name for name, code in PART_CODES.items()}

Buffer = bytes | bytearray | memoryview

_SEGMENT = struct.Struct("<16sQQ")
_FRAME = struct.Struct("<4sIIIQ")
_CHECKED = struct.Struct("<IIQ")
_LENGTH = struct.Struct("<I")
_PART = struct.Struct("<BI")
_ZEROS = b"\0\0\0\0"


class Frame(NamedTuple):
    """A whole frame. `batch`: all bytes of the file before it were durable when the frame was written. `end`: offset after the frame."""

    core: bytes
    payload: bytes
    batch: int
    end: int


class End(NamedTuple):
    """No frame begins here: zeros, or the buffer ends exactly here."""


class Bad(NamedTuple):
    """What begins here is not a whole frame."""

    reason: str


class SegmentHeader(NamedTuple):
    """First sequence number of the segment and when it was made, microseconds since 1970."""

    first_seq: int
    created_us: int


END: Final = End()


def encode_segment_header(first_seq: int, created_us: int) -> bytes:
    """Return the 32 bytes that a segment begins with."""
    return _SEGMENT.pack(SEGMENT_MAGIC, first_seq, created_us)


def parse_segment_header(buf: Buffer) -> SegmentHeader | Bad:
    """Read the first 32 bytes of a segment."""
    if len(buf) < SEGMENT_HEADER_BYTES:
        return Bad("the segment header is cut short")
    magic, first_seq, created_us = _SEGMENT.unpack_from(buf, 0)
    if magic != SEGMENT_MAGIC:
        return Bad("the segment header has another magic")
    return SegmentHeader(first_seq, created_us)


def encode_frame(core: bytes, payload: bytes, batch: int) -> bytes:
    """Return the bytes of one frame."""
    total = len(core) + len(payload)
    checksum = crc32(core, crc32(_CHECKED.pack(total, len(core), batch)))
    if payload:
        checksum = crc32(payload, checksum)
    return _FRAME.pack(FRAME_MAGIC, total, len(core), checksum, batch) + core + payload


def parse_frame(buf: Buffer, offset: int) -> Frame | End | Bad:
    """Read the frame at `offset`. `buf` reaches to the end of the file, or at least `bytes_needed` further."""
    room = len(buf) - offset
    if room < FRAME_HEADER_BYTES:
        return END if room <= 0 or not any(bytes(buf[offset : offset + 4])) else Bad("the frame header is cut short")
    magic, total, core_length, checksum, batch = _FRAME.unpack_from(buf, offset)
    if magic != FRAME_MAGIC:
        return END if magic == _ZEROS else Bad("the frame has another magic")
    start = offset + FRAME_HEADER_BYTES
    end = start + total
    if end > len(buf):
        return Bad("the frame is cut short")
    if core_length > total or not core_length:
        return Bad("the length of the core is impossible")
    middle = start + core_length
    core = bytes(buf[start:middle])
    payload = bytes(buf[middle:end])
    if crc32(payload, crc32(core, crc32(_CHECKED.pack(total, core_length, batch)))) != checksum:
        return Bad("the checksum does not match")
    return Frame(core, payload, batch, end)


def bytes_needed(buf: Buffer, offset: int) -> int:
    """Return how many bytes from `offset` on `parse_frame` needs to judge what begins there: the frame if one seems to begin, else its header."""
    if len(buf) - offset >= FRAME_HEADER_BYTES and buf[offset : offset + 4] == FRAME_MAGIC:
        return FRAME_HEADER_BYTES + int(_LENGTH.unpack_from(buf, offset + 4)[0])
    return FRAME_HEADER_BYTES


def encode_part(name: str, sealed: bytes) -> bytes:
    """Return one part of a payload; `sealed` is nonce, ciphertext and tag."""
    return _PART.pack(PART_CODES[name], len(sealed)) + sealed


def parse_parts(payload: Buffer) -> list[tuple[str, bytes]] | Bad:
    """Split a payload into the names and sealed bytes of its parts."""
    parts: list[tuple[str, bytes]] = []
    offset = 0
    while offset < len(payload):
        if len(payload) - offset < _PART.size:
            return Bad("the header of a part is cut short")
        code, length = _PART.unpack_from(payload, offset)
        start = offset + _PART.size
        offset = start + length
        if offset > len(payload):
            return Bad("a part is cut short")
        if code not in PART_NAMES:
            return Bad(f"part code {code} is unknown")
        parts.append((PART_NAMES[code], bytes(payload[start:offset])))
    return parts
