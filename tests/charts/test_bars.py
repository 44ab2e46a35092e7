"""Bars, shares and the waterfall."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.charts.bars import Step, bar, share, waterfall
from gatebook.charts.columns import Piece

PIECES = st.lists(st.integers(min_value=0, max_value=10**9), max_size=9)


def pieces(counts: list[int]) -> list[Piece]:
    """A piece for each count."""
    return [Piece(name="ok", count=count, label=f"{count}", href="/?p") for count in counts]


@given(PIECES)
def test_a_bar_stays_within_its_track(counts: list[int]) -> None:
    """However many and however small the pieces."""
    svg = bar(pieces(counts), sum(counts), "calls")
    for left, width in re.findall(r'class="s-ok" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg):
        assert float(left) + float(width) <= 160.02


@given(PIECES)
def test_every_share_is_a_link(counts: list[int]) -> None:
    """A share that is not zero is drawn."""
    assert share(pieces(counts), "clients").count("href=") == sum(1 for count in counts if count)


@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)), max_size=20), st.integers(0, 10**8))
def test_requests_stand_within_the_call(steps: list[tuple[int, int]], total_us: int) -> None:
    """Also one that outlived the call: then the picture is as long as that."""
    svg = waterfall([Step(label="x", started_us=start, duration_us=took) for start, took in steps], total_us, "requests")
    for left, width in re.findall(r'class="t-upstream" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg):
        assert float(left) + float(width) <= 482
