"""Hours of the week."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.policy.windows import DAYS, Hours, Window, faults

minutes = st.integers(0, 24 * 60 - 1)


def at(text: str) -> int:
    """Return a time as microseconds."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


@given(
    days=st.lists(st.sampled_from(DAYS), unique=True, max_size=3).map(tuple),
    begin=minutes,
    length=st.integers(1, 24 * 60),
    moment=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)),
)
def test_a_window_holds_the_minutes_from_its_beginning_to_its_end(days: tuple[str, ...], begin: int, length: int, moment: datetime) -> None:
    """Counted on a line of minutes of the week, also over midnight and over Sunday."""
    end = (begin + length) % (24 * 60)
    window = Window(days=days, from_=f"{begin // 60:02}:{begin % 60:02}", to=f"{end // 60:02}:{end % 60:02}")
    minute = moment.weekday() * 1440 + moment.hour * 60 + moment.minute
    expected = any((minute - DAYS.index(day) * 1440 - begin) % (7 * 1440) < length for day in days or DAYS)
    assert (int(moment.replace(tzinfo=UTC).timestamp() * 1_000_000) in Hours(window)) == expected


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    """Friday night reaches into Saturday, and Saturday night is not in it."""
    night = Hours(Window(days=("fri",), from_="22:00", to="06:00"))
    assert at("2026-01-09T23:00+00:00") in night and at("2026-01-10T05:59+00:00") in night
    assert at("2026-01-09T05:00+00:00") not in night and at("2026-01-10T23:00+00:00") not in night


def test_hours_follow_the_clock_of_the_zone() -> None:
    """Nine in Berlin is eight in UTC in winter and seven in summer."""
    office = Hours(Window(from_="09:00", to="17:00", zone="Europe/Berlin"))
    assert at("2026-01-05T08:00+00:00") in office and at("2026-01-05T07:59+00:00") not in office
    assert at("2026-07-06T07:00+00:00") in office and at("2026-07-06T15:00+00:00") not in office
    assert at("2026-07-06T07:00+00:00") == int(datetime(2026, 7, 6, 9, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * 1_000_000


def test_a_whole_day_is_from_midnight_to_midnight() -> None:
    """Both ways of writing the end of a day hold its last minute."""
    for window in (Window(days=("mon",)), Window(days=("mon",), from_="00:00", to="00:00")):
        assert at("2026-01-05T23:59+00:00") in Hours(window) and at("2026-01-06T00:00+00:00") not in Hours(window)


@pytest.mark.parametrize(
    ("window", "field"),
    [
        (Window(from_="9:00"), "from"), (Window(to="25:00"), "to"), (Window(from_="24:00"), "from"), (Window(to="10:60"), "to"),
        (Window(zone="Europe/Atlantis"), "zone"), (Window(zone="../../etc/passwd"), "zone"), (Window(zone=""), "zone"), (Window(zone="Europe"), "zone"),
    ],
)  # fmt: skip
def test_a_window_that_cannot_be_read_is_named_by_its_field(window: Window, field: str) -> None:
    """Times, the end of the day at its beginning, unknown zones, and zones that are paths."""
    assert [name for name, _ in faults(window)] == [field]


def test_it_is_written_with_plain_words() -> None:
    """`from` is the name in a document; a day that is none is refused by its type."""
    window = msgspec.convert({"days": ["mon"], "from": "22:00", "to": "06:00", "zone": "UTC"}, Window)
    assert window.from_ == "22:00" and not list(faults(window))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"days": ["monday"]}, Window)
