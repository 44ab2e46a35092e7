"""Pictures of the documentation are made smaller, and no pixel changes."""

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.png import chunk, rows_of, squeeze

STEP = 3


def encode(rows: Sequence[bytes], kinds: Sequence[int], depth: int = 8) -> bytes:
    """A PNG of RGB rows, each filtered as its kind says (PNG specification, section 9.2)."""
    data, above = bytearray(), bytes(len(rows[0]))
    for row, kind in zip(rows, kinds, strict=True):
        data.append(kind)
        for at, value in enumerate(row):
            left, corner = (row[at - STEP], above[at - STEP]) if at >= STEP else (0, 0)
            up = above[at]
            towards = left + up - corner
            near = sorted((left, up, corner), key=lambda one: abs(towards - one))[0]
            data.append((value - (0, left, up, (left + up) // 2, near)[kind]) & 255)
        above = row
    head = struct.pack(">IIBBBBB", len(rows[0]) // STEP, len(rows), depth, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(data), 1)) + chunk(b"IEND", b"")


@st.composite
def pictures(draw: Any) -> tuple[list[bytes], list[int]]:
    """Rows of one width, and a filter for each."""
    width = draw(st.integers(1, 12)) * STEP
    rows = draw(st.lists(st.binary(min_size=width, max_size=width), min_size=1, max_size=8))
    return rows, draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))


@given(pictures())
def test_no_pixel_changes(picture: tuple[list[bytes], list[int]]) -> None:
    """Whatever filters the file used, before and after."""
    rows, kinds = picture
    encoded = encode(rows, kinds)
    assert rows_of(encoded) == rows == rows_of(squeeze(encoded))


def test_flat_pictures_become_smaller() -> None:
    """Which is what it is for."""
    rows = [bytes((number // 7 * 11 % 256, 40, 200)) * 400 for number in range(60)]
    encoded = encode(rows, [4] * 60)
    assert len(squeeze(encoded)) < len(encoded)


@pytest.mark.parametrize("wrong", [b"GIF89a", encode([b"abc"], [0], depth=16)])
def test_other_pictures_are_refused(wrong: bytes) -> None:
    """They would come out wrong."""
    with pytest.raises(ValueError, match="not a PNG"):
        squeeze(wrong)
