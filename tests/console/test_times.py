"""Time ranges and how times are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import times
from gatebook.console.times import BUCKETS_MAX, Range, RangeError, read_range
from gatebook.query import parse
from gatebook.query.tree import Compare
from gatebook.reading.room import moment

NOW = 1_795_000_000_000_000
MOMENTS = st.integers(min_value=0, max_value=4_102_444_000_000_000)


@given(MOMENTS)
def test_times_are_read_back_as_written(at_us: int) -> None:
    """Addresses and recorded queries hold the exact microsecond."""
    assert times.parse_time(times.iso(at_us)) == at_us
    assert parse(f"time:>={moment(at_us)}").tree == Compare("time", "ge", at_us)


@given(MOMENTS, st.integers(min_value=1, max_value=4_102_444_000_000_000))
def test_a_histogram_has_few_buckets(since_us: int, span_us: int) -> None:
    """Whatever the range, the columns fit, also when the first begins earlier than the range."""
    step_us = times.bucket_us(since_us, since_us + span_us)
    first_us = since_us - since_us % step_us
    assert -(-(since_us + span_us - first_us) // step_us) <= BUCKETS_MAX + 1
    assert len(times.ticks_us(since_us, since_us + span_us)) <= 10


def test_presets_end_now_and_custom_ranges_do_not() -> None:
    """A preset is relative; from and to are absolute and half open."""
    assert read_range({"range": "1h"}, NOW) == Range(since_us=NOW - 3_600_000_000, preset="1h")
    assert read_range({"range": "all"}, NOW) == Range(preset="all")
    chosen = read_range({"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, NOW)
    assert chosen.until_us is not None and chosen.since_us is not None
    assert chosen.until_us - chosen.since_us == 86_400_000_000
    assert read_range(chosen.params, NOW) == chosen


@pytest.mark.parametrize("params", [{"range": "3y"}, {"from": "x"}, {"from": "9" * 17}, {"from": "2026-01-02", "to": "2026-01-01"}])
def test_other_ranges_are_refused(params: dict[str, str]) -> None:
    """A wrong range is an error with words, never a silent default."""
    with pytest.raises(RangeError):
        read_range(params, NOW)


@pytest.mark.parametrize(
    ("us", "text"), [(640, "640 µs"), (2345, "2.3 ms"), (41_000, "41 ms"), (1_190_000, "1.19 s"), (180_000_000, "3.0 min"), (None, "–")]
)
def test_durations_have_three_digits_or_so(us: int | None, text: str) -> None:
    """Each in the unit that fits."""
    assert times.duration(us) == text


def test_a_time_that_no_calendar_has_is_a_number() -> None:
    """A record holds what its writer put there; the page is shown all the same."""
    assert times.stamp(0) == "1970-01-01 00:00:00" and times.stamp(2**63 - 1) == f"{2**63 - 1} µs" and times.stamp(None) == ""
