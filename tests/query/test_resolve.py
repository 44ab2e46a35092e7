"""Relative times get their meaning at one moment."""

from gatebook.query import parse, resolve
from gatebook.query.tree import And, Compare, Not, Or, Span


def test_every_relative_time_in_a_tree_is_replaced() -> None:
    """In comparisons and ranges, under AND, OR and NOT; everything else stays."""
    query = resolve(parse("(since:-1s OR tool:x) NOT time:-3s..-2s"), 10_000_000)
    first = Or((Compare("time", "ge", 9_000_000), Compare("tool", "eq", "x")))
    assert query.tree == And((first, Not(Span("time", 7_000_000, 8_000_000))))
    assert query.text == "(since:-1s OR tool:x) NOT time:-3s..-2s"


def test_days_begin_at_midnight_utc() -> None:
    """Today is the day in which the query is run; at midnight itself it has just begun."""
    day_us = 86_400_000_000
    for now_us in (20_000 * day_us, 20_000 * day_us + 5):
        assert resolve(parse("time:yesterday"), now_us).tree == Span("time", 19_999 * day_us, 20_000 * day_us)
        assert resolve(parse("since:today"), now_us).tree == Compare("time", "ge", 20_000 * day_us)
        assert resolve(parse("time:>today"), now_us).tree == Compare("time", "ge", 20_001 * day_us)
