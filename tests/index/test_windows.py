"""Searching backwards in time, window by window."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.index.windows import FIRST_ROWS, Extent, Window, bounds_of, windows
from gatebook.query import parse, resolve

ANY = Window(-(2**62), 2**62)


@given(
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**8), st.tuples(st.integers(-10, 2 * 10**6), st.integers(-10, 2 * 10**6))
)
def test_windows_cover_everything_once(first: int, length: int, rows: int, ends: tuple[int, int]) -> None:
    """From the newest to the oldest, without gap or overlap, within extent and bounds."""
    extent, bounds = Extent(first, first + length, rows), Window(*ends)
    found = list(windows(extent, bounds))
    low, high = max(first, bounds.low), min(first + length + 1, bounds.high)
    if low >= high:
        assert found == []
        return
    assert found[0].high == high and found[-1].low == low
    assert all(newer.low == older.high for newer, older in zip(found, found[1:], strict=False))
    assert all(window.low < window.high for window in found)


def test_a_small_index_is_asked_once() -> None:
    """Windows are for many rows only; ten million take four questions at most."""
    assert len(list(windows(Extent(0, 10**12, FIRST_ROWS), ANY))) == 1
    assert len(list(windows(Extent(0, 10**12, 10_000_000), ANY))) <= 4


def test_an_empty_index_is_not_asked() -> None:
    """Nor is one whose rows all lie outside of the bounds."""
    assert list(windows(Extent(), Window(0, 0))) == []
    assert list(windows(Extent(100, 200, 50), Window(300, 400))) == []


def test_the_extent_grows_with_rows() -> None:
    """Also when they are older than those before."""
    assert Extent().with_rows(5, 9, 3) == Extent(5, 9, 3)
    assert Extent(5, 9, 3).with_rows(2, 7, 1) == Extent(2, 9, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("status:ok", ANY),
        ("since:-5s", Window(5_000_000, ANY.high)),
        ("a time:-5s..-2s b", Window(5_000_000, 8_000_000)),
        ("(a since:-5s) (b until:-2s)", Window(5_000_000, 8_000_001)),
        ("since:-5s OR b", ANY),
        ("NOT since:-5s", ANY),
        ("finished:>-5s", ANY),
    ],
)
def test_bounds_hold_for_the_whole_query_only(text: str, expected: Window) -> None:
    """A bound inside of an alternative or a negation says nothing about the rest."""
    assert bounds_of(resolve(parse(text), 10_000_000).tree) == expected
