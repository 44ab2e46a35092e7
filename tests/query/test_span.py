"""Time ranges as people type them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.query import QueryError
from gatebook.query.span import LATEST_US, read_span

NOW = 1_793_534_400_000_000  # 2026-11-01T12:00:00Z, a Sunday
HOUR_US = 3_600_000_000


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("last 2 hours", "2026-11-01T10:00", "2026-11-01T12:00"),
        ("Last hour", "2026-11-01T11:00", "2026-11-01T12:00"),
        ("the past 15 min", "2026-11-01T11:45", "2026-11-01T12:00"),
        ("7d", "2026-10-25T12:00", "2026-11-01T12:00"),
        ("-90m", "2026-11-01T10:30", "2026-11-01T12:00"),
        ("now-1w", "2026-10-25T12:00", "2026-11-01T12:00"),
        ("2 hours ago", "2026-11-01T10:00", "2026-11-01T12:00"),
        ("2 hours ago to 1 hour ago", "2026-11-01T10:00", "2026-11-01T11:00"),
        ("-2h..-1h", "2026-11-01T10:00", "2026-11-01T11:00"),
        ("today", "2026-11-01T00:00", "2026-11-01T12:00"),
        ("yesterday", "2026-10-31T00:00", "2026-11-01T00:00"),
        ("since yesterday", "2026-10-31T00:00", "2026-11-01T12:00"),
        ("yesterday 14:00 to 15:00", "2026-10-31T14:00", "2026-10-31T15:00"),
        ("yesterday at 14:00 - 15:00:30", "2026-10-31T14:00", "2026-10-31T15:00:30"),
        ("yesterday 14:00", "2026-10-31T14:00", "2026-10-31T14:01"),
        ("from yesterday 14:00 to today 03:00", "2026-10-31T14:00", "2026-11-01T03:00"),
        ("yesterday 22:00 to now", "2026-10-31T22:00", "2026-11-01T12:00"),
        ("2026-10-01 to 2026-10-02 09:30 UTC", "2026-10-01T00:00", "2026-10-02T09:30"),
        ("2026-10-01 to 2026-10-02", "2026-10-01T00:00", "2026-10-03T00:00"),
        ("2026-10-01..2026-10-02", "2026-10-01T00:00", "2026-10-02T00:00"),
        ("2026-10-01 – 2026-10-02", "2026-10-01T00:00", "2026-10-03T00:00"),
        ("between 2026-10-01 and 2026-10-02", "2026-10-01T00:00", "2026-10-03T00:00"),
        ("2026-10-01", "2026-10-01T00:00", "2026-10-02T00:00"),
        ("2026-10", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("2026-10-01T09:30Z", "2026-10-01T09:30", "2026-10-01T09:31"),
        ("2026-10-01T09:30-05:00", "2026-10-01T14:30", "2026-10-01T14:31"),
        ("2026-10-30..", "2026-10-30T00:00", "2026-11-01T12:00"),
        ("08:00-09:00 UTC", "2026-11-01T08:00", "2026-11-01T09:00"),
        ("8:00 to 9:00 +02:00", "2026-11-01T06:00", "2026-11-01T07:00"),
        ("2026-11-01 to today", "2026-11-01T00:00", "2026-11-01T12:00"),
    ],
)
def test_ranges_are_read(text: str, since: str, until: str) -> None:
    """Each form; what would end in the future ends now."""
    assert read_span(text, NOW) == (us(since), us(until))


def test_days_and_clocks_are_local_unless_a_zone_is_written() -> None:
    """Two hours ahead of UTC, yesterday ended at 22:00 UTC of the day before."""
    assert read_span("yesterday", NOW, 120) == (us("2026-10-30T22:00"), us("2026-10-31T22:00"))
    assert read_span("yesterday 14:00 to 15:00", NOW, 120) == (us("2026-10-31T12:00"), us("2026-10-31T13:00"))
    assert read_span("2026-10-01 to 2026-10-02 09:30 UTC", NOW, 120) == (us("2026-10-01T00:00"), us("2026-10-02T09:30"))
    late = us("2026-11-01T23:30")
    assert read_span("today", late, 60) == (us("2026-11-01T23:00"), late)
    assert read_span("-1h", NOW, -600) == (NOW - HOUR_US, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "last week", "monday", "2026-13-01", "2026-10-01 25:00", "15:00 to 14:00", "tomorrow", "13:00 to now", "yesterday to",
        "to yesterday", "2026-10-02 to 2026-10-01", "1969-12-31", "1900-01-01 to 2100-01-01", "2026-10 09:30", "9999-12", "x" * 200, "\0", "1:00+99:00",
    ],
)  # fmt: skip
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    """Words whose meaning is open, days that do not exist, ends before beginnings, times before 1970."""
    with pytest.raises(QueryError) as caught:
        read_span(text, NOW)
    assert caught.value.expected and 0 <= caught.value.position <= len(text)


def test_the_end_that_is_wrong_is_pointed_at() -> None:
    """The beginning could be read, so the end is what is wrong."""
    with pytest.raises(QueryError) as caught:
        read_span("yesterday to later", NOW)
    assert caught.value.position == 13


_PIECES = [
    "last",
    "2",
    "hours",
    "yesterday",
    "today",
    "now",
    "-",
    "..",
    " to ",
    "2026-11-01",
    "14:00",
    "T",
    "Z",
    "+02:00",
    " ",
    "ago",
    "since",
    "w",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join) | st.text(max_size=130), st.integers(-900, 900))
def test_any_text_is_a_range_or_an_error(text: str, offset_minutes: int) -> None:
    """Nothing else is raised, and a range begins before it ends."""
    try:
        since, until = read_span(text, NOW, offset_minutes)
    except QueryError:
        return
    assert 0 <= since < until <= LATEST_US
