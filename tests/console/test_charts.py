"""Charts as SVG text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import charts
from gatebook.console.charts import HEIGHT, Bucket

COUNTS = st.dictionaries(st.sampled_from(list(charts.OUTCOMES)), st.integers(min_value=0, max_value=10**9))


@given(st.lists(COUNTS, max_size=30))
def test_columns_stay_inside_and_nothing_disappears(columns: list[dict[str, int]]) -> None:
    """Each count that is not zero is drawn, and no column leaves the chart by more than its smallest pieces."""
    buckets = [Bucket(since_us=number, until_us=number + 1, counts=counts) for number, counts in enumerate(columns)]
    svg, top = charts.histogram(buckets, lambda bucket: f"/?at={bucket.since_us}", lambda _: "words")
    drawn = re.findall(r'class="s-\w+" x="[\d.]+" y="(-?[\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)
    assert len(drawn) == sum(1 for counts in columns for count in counts.values() if count)
    assert all(float(y) >= -8 and float(height) > 0 for y, height in drawn)
    assert top >= max((bucket.total for bucket in buckets), default=0) and top % 2 == 0


def test_words_and_addresses_are_escaped() -> None:
    """A label or address cannot leave its attribute."""
    svg, _ = charts.histogram([Bucket(since_us=0, until_us=1, counts={"ok": 1})], lambda _: '/?q="><script>', lambda _: "<script>")
    assert "<script" not in svg and f"0 0 1000 {HEIGHT}" in svg


@given(st.integers(min_value=0, max_value=10**12))
def test_a_level_is_at_most_full(us: int) -> None:
    """Whatever the duration, the bar fits its track."""
    width = re.search(r'class="level[^"]*" width="([\d.]+)"', charts.level(us))
    assert width is not None and 0 <= float(width[1]) <= 40


def test_a_split_is_drawn_and_told() -> None:
    """Each part has its share in the picture and in the words for those who do not see it."""
    svg = charts.split([("upstream", "Connector", 900), ("gateway", "Gateway", 100)])
    assert "Connector 90%, Gateway 10%" in svg and 'x="900.00"' in svg
