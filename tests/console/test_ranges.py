"""Time ranges that people type or choose in a form."""

import pytest

from gatebook.console import ranges, zones
from gatebook.console.times import RangeError, iso

NOW_US = 1_795_435_200_000_000  # 2026-11-23T12:00:00Z
STOCKHOLM = zones.named("Europe/Stockholm")


def read(zone: zones.Zone = zones.UTC_ZONE, **params: str) -> tuple[str, ...]:
    """The ends of a range as texts."""
    found = ranges.read(params, zone, NOW_US)
    return tuple("" if end is None else iso(end) for end in (found.since_us, found.until_us))


def test_typed_ranges_are_read_in_the_zone_that_is_shown() -> None:
    """The same words are an hour earlier for who sees Stockholm's clocks."""
    assert read(when="yesterday 14:00 to 15:00") == ("2026-11-22T14:00:00Z", "2026-11-22T15:00:00Z")
    assert read(STOCKHOLM, when="yesterday 14:00 to 15:00") == ("2026-11-22T13:00:00Z", "2026-11-22T14:00:00Z")


def test_the_clocks_of_that_day_count() -> None:
    """In July Stockholm is two hours ahead, whatever it is today."""
    assert read(STOCKHOLM, when="2026-07-01 14:00 to 15:00") == ("2026-07-01T12:00:00Z", "2026-07-01T13:00:00Z")


def test_the_ends_of_a_form_are_read_in_the_zone_too() -> None:
    """A field for local times has no zone; an address has one."""
    form = {"from": "2026-11-20T14:00", "to": "2026-11-20T15:00:30"}
    assert read(STOCKHOLM, **form) == ("2026-11-20T13:00:00Z", "2026-11-20T14:00:30Z")
    assert read(STOCKHOLM, **{"from": "2026-11-20T14:00:00Z"}) == ("2026-11-20T14:00:00Z", "")


@pytest.mark.parametrize(
    "params", [{}, {"when": "some day"}, {"when": "x" * 500}, {"from": "2026-11-02", "to": "2026-11-01"}, {"from": "never"}, {"from": "-1"}]
)
def test_what_is_no_range_is_refused_with_what_would_be_right(params: dict[str, str]) -> None:
    """A mistake is a sentence."""
    with pytest.raises(RangeError, match=r"\w+ .*\."):
        ranges.read(params, zones.UTC_ZONE, NOW_US)
