"""The time zone that a person reads times in: UTC, or that of their browser. Everything is stored and asked in UTC."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct
from starlette.requests import Request

from gatebook.console.times import SECOND_US

COOKIE = "zone"
_NAME_CHARACTERS_MAX = 64


class Zone(Struct, frozen=True):
    """A time zone: `name` is UTC or that of the time zone database."""

    name: str
    info: tzinfo

    def _at(self, time_us: int) -> datetime:
        return datetime.fromtimestamp(time_us // SECOND_US, self.info)

    def offset_us(self, time_us: int) -> int:
        """How much later than UTC clocks show at that time."""
        return (self._at(time_us).utcoffset() or timedelta()) // timedelta(microseconds=1)

    def word(self, time_us: int) -> str:
        """What stands beside a time: UTC, CET, or the offset where the zone has no letters."""
        found = self._at(time_us).tzname() or "UTC"
        return f"UTC{found}" if found[:1] in "+-" else found

    def stamp(self, time_us: int) -> str:
        """Date and time to the second, without the zone."""
        return f"{self._at(time_us):%Y-%m-%d %H:%M:%S}"

    def clock(self, time_us: int) -> str:
        """Time of day to the millisecond."""
        return f"{self._at(time_us):%H:%M:%S}.{time_us % SECOND_US // 1000:03d}"

    def second(self, time_us: int) -> str:
        """Time of day to the second."""
        return f"{self._at(time_us):%H:%M:%S}"

    def day(self, time_us: int) -> str:
        """The day in words."""
        return f"{self._at(time_us):%A, %-d %B %Y}"

    def date(self, time_us: int) -> str:
        """The day in digits; equal for two times of one day only."""
        return f"{self._at(time_us):%Y-%m-%d}"

    def axis(self, time_us: int, span_us: int) -> str:
        """A tick of a time axis, as exact as the span asks for."""
        form = "%H:%M:%S" if span_us <= 600 * SECOND_US else "%H:%M" if span_us <= 2 * 86_400 * SECOND_US else "%-d %b"
        return f"{self._at(time_us):{form}}"

    def span(self, since_us: int, until_us: int) -> str:
        """A range as people write it: the day once when both ends are on it."""
        late = f"{self._at(until_us):%H:%M:%S}" if self.date(since_us) == self.date(until_us) else self.stamp(until_us)
        return f"{_short(self.stamp(since_us))} – {_short(late)}"


UTC_ZONE = Zone("UTC", UTC)


def _short(stamp: str) -> str:
    """Without the seconds where they are none."""
    return stamp[:-3] if stamp.endswith(":00") else stamp


def zone_of(request: Request) -> Zone:
    """The zone that the person chose; UTC when none, or when this machine does not know it."""
    return named(request.cookies.get(COOKIE, ""))


@lru_cache(maxsize=600)
def named(name: str) -> Zone:
    """The zone of a name: of the database, or an offset such as +02:00; UTC for anything else."""
    if not name or len(name) > _NAME_CHARACTERS_MAX or name == "UTC":
        return UTC_ZONE
    if name[:1] in "+-" and len(name) == 6 and (name[1:3] + name[4:]).isdigit() and int(name[1:3]) < 24 and int(name[4:]) < 60:
        minutes = (int(name[1:3]) * 60 + int(name[4:])) * (-1 if name[0] == "-" else 1)
        return Zone(name, timezone(timedelta(minutes=minutes)))
    try:
        return Zone(name, ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC_ZONE
