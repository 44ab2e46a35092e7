"""Stacked columns, small multiples and sparklines."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.charts.columns import Column, Piece, Plot, columns, multiple, sparkline
from gatebook.charts.frame import Note, Tick

COUNTS = st.lists(st.tuples(*(st.integers(min_value=0, max_value=10**9) for _ in range(3))), max_size=30)


def made(counts: list[tuple[int, ...]]) -> list[Column]:
    """Columns with a link for each piece."""
    return [
        Column(
            label=f"column {number}",
            href=f"/?c={number}",
            pieces=tuple(Piece(name=name, count=count, label=f"{count} {name}", href="/?p") for name, count in zip(("ok", "blocked", "failed"), column, strict=True)),
        )
        for number, column in enumerate(counts)
    ]  # fmt: skip


@given(COUNTS)
def test_nothing_disappears_and_every_mark_is_a_link(counts: list[tuple[int, ...]]) -> None:
    """Each count that is not zero is a link, however small; each column is one too."""
    svg = columns(made(counts), Plot(label="calls"))
    assert svg.count('href="/?p"') == sum(1 for column in counts for count in column if count)
    assert len(re.findall(r'href="/\?c=\d+"', svg)) == len(counts)
    assert all(float(height) > 0 for height in re.findall(r'class="s-\w+" [^>]*height="([\d.]+)"', svg))


@given(COUNTS)
def test_small_multiples_keep_to_the_scale_they_share(counts: list[tuple[int, ...]]) -> None:
    """A column is as high as its count is of the shared top; two charts with one top can be compared."""
    top = max((sum(column) for column in counts), default=0) or 1
    svg = multiple(made(counts), Plot(label="calls", width=200, height=60, top=top))
    drawn = [float(height) for height in re.findall(r'class="s-\w+" [^>]*height="([\d.]+)"', svg)]
    expected = [max(1.5, count / top * 56) for column in counts for count in column if count]
    assert all(abs(one - other) < 0.01 for one, other in zip(drawn, expected, strict=True))


def test_moments_and_ticks_stand_at_their_share() -> None:
    """A change of configuration is a link at its place; ticks have their words."""
    svg = columns([], Plot(label="x", ticks=(Tick(share=0.5, word="12:00"),), notes=(Note(share=1.0, label="changed", href="/r"),)))
    assert "12:00" in svg and 'aria-label="changed"' in svg and 'href="/r"' in svg and "M714.0 8V" in svg


def test_a_sparkline_tells_its_label() -> None:
    """It has as many points as counts, and words for those who do not see it."""
    svg = sparkline([0, 4, 2], "4 at most")
    assert 'aria-label="4 at most"' in svg and svg.count(",") == 3
