"""The zone that times are read in."""

import pytest

from gatebook.console import zones

NOON_US = 1_795_435_200_000_000  # 2026-11-23T12:00:00Z


@pytest.mark.parametrize(
    ("name", "stamp", "word"),
    [
        ("", "2026-11-23 12:00:00", "UTC"),
        ("UTC", "2026-11-23 12:00:00", "UTC"),
        ("Europe/Stockholm", "2026-11-23 13:00:00", "CET"),
        ("+05:30", "2026-11-23 17:30:00", "UTC+05:30"),
        ("Asia/Kathmandu", "2026-11-23 17:45:00", "UTC+0545"),
    ],
)
def test_times_are_shown_in_the_zone_and_with_its_name(name: str, stamp: str, word: str) -> None:
    """A time never stands without the zone it is in."""
    zone = zones.named(name)
    assert (zone.stamp(NOON_US), zone.word(NOON_US)) == (stamp, word)


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "x" * 500, "+99:99", "Europe", "\x00"])
def test_a_zone_that_is_none_is_utc(name: str) -> None:
    """Whatever a cookie holds, times are shown."""
    assert zones.named(name) == zones.UTC_ZONE


def test_a_range_names_its_day_once() -> None:
    """Both ends on one day, else both days; seconds only where there are some."""
    hour_us = 3_600_000_000
    assert zones.UTC_ZONE.span(NOON_US, NOON_US + hour_us) == "2026-11-23 12:00 – 13:00"
    assert zones.UTC_ZONE.span(NOON_US, NOON_US + 13 * hour_us + 1_000_000) == "2026-11-23 12:00 – 2026-11-24 01:00:01"


def test_summer_time_counts() -> None:
    """The offset is that of the moment, not of today."""
    zone = zones.named("Europe/Stockholm")
    assert zone.offset_us(NOON_US) == 3_600_000_000
    assert zone.offset_us(NOON_US - 180 * 86_400_000_000) == 7_200_000_000
