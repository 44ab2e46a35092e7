"""Bars of how long each of several took."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.charts.waits import Wait, waits


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_every_bar_is_on_the_scale(times_us: list[int]) -> None:
    """A bar for each, none longer than the axis, the longer time never the shorter bar; labels are text."""
    svg = str(waits([Wait(label=f"<{us}>", us=us, words=f"{us} us") for us in times_us], "a & b"))
    widths = [float(width) for width in re.findall(r'class="s-c0" x="150.00" y="[\d.]+" width="([\d.]+)"', svg)]
    assert len(widths) == len(times_us) and all(2 <= width <= 430 for width in widths)
    ordered = [width for _, width in sorted(zip(times_us, widths, strict=True))]
    assert ordered == sorted(ordered) and "a &amp; b" in svg and "<0>" not in svg
