"""Charts of block characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.cli import bars
from gatebook.cli.width import width

HOUR_US = 3_600_000_000
GOLDEN = """\
      12 ┤  █
         │  █
         │█ █
         │█ █▃
       0 ┼────
          ╵00:00

ok        ▅ █▁  14
blocked   ▄ █   3
failed      █   2
all             19
1 h a column, UTC; each line to its own scale"""


def test_a_golden_histogram() -> None:
    """An axis with the largest number, a line for each outcome that there is, and their sums."""
    buckets = [
        {"start_us": 0, "by": {"ok": 5, "blocked": 1}},
        {"start_us": 2 * HOUR_US, "by": {"ok": 8, "blocked": 2, "timeout": 1, "tool_error": 1}},
        {"start_us": 3 * HOUR_US, "by": {"ok": 1}},
    ]
    answer = {"since_us": 0, "until_us": 4 * HOUR_US, "step_us": HOUR_US, "buckets": buckets}
    assert "\n".join(line.rstrip() for line in bars.histogram(answer, colour=False, terminal=80)) == GOLDEN


@pytest.mark.parametrize(("counts", "drawn"), [([], ""), ([0, 0], "  "), ([1, 2, 4, 8], "▁▂▄█"), ([1, 10_000], "▁█"), ([5, 0, 5], "█ █")])
def test_sparklines(counts: list[int], drawn: str) -> None:
    """Nothing is blank, and the least of something can be seen."""
    assert bars.spark(counts) == drawn


def test_one_scale_for_several() -> None:
    """What is small beside another stays small."""
    assert bars.spark([1, 2], most=16) == "▁▁"


@pytest.mark.parametrize(("share", "drawn"), [(0.0, ""), (1.0, "████"), (0.5, "██"), (0.0001, "▏"), (2.0, "████"), (0.3, "█▎")])
def test_bars(share: float, drawn: str) -> None:
    """Never wider than their room; a share that is not nothing can be seen."""
    assert bars.bar(share, 4) == drawn


@given(st.lists(st.integers(0, 10**12), max_size=400), st.integers(1, 120))
def test_shrinking_loses_no_count(counts: list[int], room: int) -> None:
    """It adds up, and it fits."""
    shrunk = bars.shrink(counts, room)
    assert sum(shrunk) == sum(counts) and len(shrunk) <= room and len(bars.spark(shrunk)) == len(shrunk)


@given(st.integers(1, 400), st.integers(40, 160))
def test_a_histogram_fits_its_terminal(spans: int, terminal: int) -> None:
    """Whatever the range."""
    buckets = [{"start_us": at * HOUR_US, "by": {"ok": at + 1}} for at in range(spans)]
    answer = {"since_us": 0, "until_us": spans * HOUR_US, "step_us": HOUR_US, "buckets": buckets}
    lines = list(bars.histogram(answer, colour=False, terminal=terminal))
    assert max(map(width, lines[:6])) <= terminal


def test_values_of_a_field_with_hostile_names() -> None:
    """They are written out, cut, and the empty one has a word."""
    counts = [{"value": "\x1b[31m" + "x" * 200, "label": "", "count": 3}, {"value": "", "label": "", "count": 1}]
    lines = list(bars.facet("tool", counts, 4, colour=False, terminal=60))
    assert all(line.isprintable() and width(line) <= 60 for line in lines)
    assert "75.0 %" in lines[1] and lines[2].startswith("(none)")


@pytest.mark.parametrize(("us", "text"), [(86_400_000_000, "1 d"), (2 * HOUR_US, "2 h"), (90_000_000, "90 s"), (1_800_000_000, "30 min")])
def test_lengths_of_time(us: int, text: str) -> None:
    """In the largest whole unit."""
    assert bars.span(us) == text
