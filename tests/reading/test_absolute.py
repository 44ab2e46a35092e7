"""Relative times of a query as dates."""

import pytest

from gatebook.index.rows import FullRow
from gatebook.query import QueryError, matches, parse, resolve
from gatebook.reading.absolute import absolute

NOW_US = 1_795_000_000_123_456
HOUR_US = 3_600_000_000


@pytest.mark.parametrize(
    "text",
    [
        "since:-1h", "status:ok since:-2h until:-1h", "time:>-1h", "time:<=-1h", "time:-2h..-1h", "time:-2h..", "time:..now", "until:now",
        "NOT since:-1h", "-since:-1h", "(since:-1h OR connector:crm)", "time:(-1h,-2h..-1h)", "time:-1h", "time:today", "since:yesterday until:TODAY", "time:yesterday..-1h", "time:>yesterday", "NOT time:(today,-90m..now)", "time:( -2h..-1h , -90m )", "time:(-1h,-2h,-90m)", "TIME:-2h..-1h", 'since:-2h "since:-1h"', "finished:>=-90m",
    ],
)  # fmt: skip
def test_the_answer_is_the_one_of_that_moment(text: str) -> None:
    """Asked later, the text finds what the old one found at that moment."""
    fixed = parse(absolute(text, NOW_US))
    assert resolve(fixed, NOW_US) == resolve(fixed, NOW_US + 100 * HOUR_US)
    for ago_us in (
        0,
        1,
        HOUR_US - 1,
        HOUR_US,
        HOUR_US + 1,
        2 * HOUR_US - 1,
        2 * HOUR_US,
        2 * HOUR_US + 1,
        3 * HOUR_US,
        9 * HOUR_US,
        30 * HOUR_US,
        60 * HOUR_US,
    ):
        at_us = NOW_US - ago_us
        row = FullRow(call_id="x", time=at_us, finished=at_us, connector="crm", status="ok", arguments="since:-1h")
        assert matches(resolve(parse(text), NOW_US), row) is matches(fixed, row), ago_us


@pytest.mark.parametrize("text", ["", "status:ok", '"since:-1h"', "arguments:since", "time:2026-11-01", "a OR (b c)"])
def test_a_text_without_relative_times_stays_as_it_is(text: str) -> None:
    """What merely looks like one is not touched."""
    assert absolute(text, NOW_US) == text


def test_a_text_that_does_not_parse_is_refused() -> None:
    """With the position, as everywhere."""
    with pytest.raises(QueryError):
        absolute("status:(", NOW_US)
