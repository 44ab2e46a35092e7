"""The columns of the histogram as SVG text."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import histogram_svg
from gatebook.console.histogram_svg import HEIGHT, Bucket, ColumnText, Layer, Mark

LAYERS = [Layer(key=name, css=f"s-{name}") for name in ("ok", "blocked", "failed")]
COUNTS = st.dictionaries(st.sampled_from([layer.key for layer in LAYERS]), st.integers(min_value=0, max_value=10**9))


def text(bucket: Bucket) -> ColumnText:
    """What a column says in these tests."""
    return ColumnText(label="words", href=f"/?at={bucket.since_us}", since="a", until="b", when="then")


@given(st.lists(COUNTS, max_size=30))
def test_columns_stay_inside_and_nothing_disappears(columns: list[dict[str, int]]) -> None:
    """Each count that is not zero is drawn, and no column leaves the chart by more than its smallest pieces."""
    buckets = [Bucket(since_us=number, until_us=number + 1, counts=counts) for number, counts in enumerate(columns)]
    svg, top = histogram_svg.columns(buckets, LAYERS, text)
    drawn = re.findall(r'class="s-\w+" data-i="\d" x="[\d.]+" y="(-?[\d.]+)" width="[\d.]+" height="([\d.]+)"', svg)
    assert len(drawn) == sum(1 for counts in columns for count in counts.values() if count)
    assert all(float(y) >= -8 and float(height) > 0 for y, height in drawn)
    assert top >= max((bucket.total for bucket in buckets), default=0) and top % 2 == 0


def test_words_and_addresses_are_escaped() -> None:
    """A label, a mark or an address cannot leave its attribute."""
    hostile = ColumnText(label="<script>", href='/?q="><script>', since='"', until='"', when='"><script>')
    marks = [Mark(share=0.5, title="<script>", href='"><script>')]
    svg, _ = histogram_svg.columns([Bucket(since_us=0, until_us=1, counts={"ok": 1})], LAYERS, lambda _: hostile, marks)
    assert "<script" not in svg and f"0 0 1000 {HEIGHT}" in svg


def test_one_column_is_entered_by_the_tab_key() -> None:
    """The last column takes the focus; the others are reached by arrow keys."""
    buckets = [Bucket(since_us=number, until_us=number + 1, counts={}) for number in range(3)]
    svg, _ = histogram_svg.columns(buckets, LAYERS, text)
    assert re.findall(r'tabindex="(-?\d)"', svg) == ["-1", "-1", "0"]
