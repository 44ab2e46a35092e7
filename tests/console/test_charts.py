"""Charts as SVG text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import charts


@given(st.integers(min_value=0, max_value=10**12))
def test_a_level_is_at_most_full(us: int) -> None:
    """Whatever the duration, the bar fits its track."""
    width = re.search(r'class="level[^"]*" width="([\d.]+)"', charts.level(us))
    assert width is not None and 0 <= float(width[1]) <= 40


def test_a_split_is_drawn_and_told() -> None:
    """Each part has its share in the picture and in the words for those who do not see it."""
    svg = charts.split([("upstream", "Connector", 900), ("gateway", "Gateway", 100)])
    assert "Connector 90%, Gateway 10%" in svg and 'x="900.00"' in svg
