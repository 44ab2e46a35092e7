"""Makes PNG files of screens smaller without changing a pixel: rows are stored unfiltered, which suits flat colours and text, and packed as tightly as zlib can.

Source: PNG specification (third edition), sections 5, 7 and 9. For what the browser writes: 8 bits per channel, RGB or RGBA, not interlaced.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {2: 3, 6: 4}


def squeeze(picture: bytes) -> bytes:
    """Return the same picture in fewer bytes, or as it is where that gains nothing. Raises ValueError for anything but such a picture."""
    packed = zlib.compress(b"".join(b"\0" + row for row in rows_of(picture)), 9)
    head = next(_chunks(picture))
    smaller = _SIGNATURE + b"".join(chunk(*one) for one in (head, (b"IDAT", packed), (b"IEND", b"")))
    return min(smaller, picture, key=len)


def rows_of(picture: bytes) -> list[bytes]:
    """Return the bytes of the pixels of each row. Raises ValueError for anything but such a picture."""
    chunks = list(_chunks(picture))
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if depth != 8 or colour not in _CHANNELS or interlaced:
        raise ValueError("not a PNG of 8 bits per channel, RGB or RGBA, that is not interlaced")
    data = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    return list(_rows(data, width * _CHANNELS[colour], height, _CHANNELS[colour]))


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk of a file: length, kind, body, check sum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not picture.startswith(_SIGNATURE):
        raise ValueError("not a PNG")
    at = len(_SIGNATURE)
    while at < len(picture):
        (length,) = struct.unpack_from(">I", picture, at)
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += length + 12


def _rows(data: bytes, length: int, height: int, step: int) -> Iterator[bytes]:
    """The pixels of each row; `step` is bytes per pixel."""
    above = bytearray(length + step)  # a pixel of zeroes stands before each row
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(step) + bytearray(data[start + 1 : start + 1 + length])
        _unfilter(data[start], row, above, step)
        yield bytes(row[step:])
        above = row


def _unfilter(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    for at in range(step, len(row)) if kind else ():
        left, up, corner = row[at - step], above[at], above[at - step]
        if kind == 1:
            guess = left
        elif kind == 2:
            guess = up
        elif kind == 3:
            guess = (left + up) // 2
        else:
            towards = left + up - corner
            guess = min(left, up, corner, key=lambda one: abs(towards - one))
        row[at] = (row[at] + guess) & 255
