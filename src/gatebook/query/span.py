"""Time ranges as people type them: "last 2 hours", "yesterday 14:00 to 15:00", "2026-11-01 to 2026-11-02 09:30 UTC".

range   = ["last"] length | ["since"] moment | moment ("to" | "until" | "-" | "..") moment
moment  = [day] [clock] [zone] | "now" | "-" length | length "ago"
day     = 2026-11-01 | 2026-11 | "today" | "yesterday"
clock   = 14:00 | 14:00:30.5
zone    = "UTC" | +02:00
"""

import datetime
import re
from typing import Final

from msgspec import Struct

from gatebook.query.errors import QueryError

LENGTH_MAX: Final = 120
LATEST_US: Final = 4_102_444_800_000_000
"""No range ends later: 2100."""

_EXPECTED: Final = "a time range such as last 2 hours, today, yesterday 14:00 to 15:00 or 2026-11-01 to 2026-11-02 09:30 UTC"
_MINUTE_US: Final = 60_000_000
_DAY_US: Final = 86_400_000_000
_UNITS_US = {"s": 1_000_000, "m": _MINUTE_US, "h": 60 * _MINUTE_US, "d": _DAY_US, "w": 7 * _DAY_US}
_UNIT = r"(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)"
_LAST = re.compile(rf"(?:(?:the )?(?:last|past) )?(?:(\d{{1,6}}) ?)?{_UNIT}", re.ASCII)
_BACK = re.compile(rf"(?:now ?)?- ?(\d{{1,6}}) ?{_UNIT}|(\d{{1,6}}) ?{_UNIT} ago", re.ASCII)
_MOMENT = re.compile(
    r"(?:(\d{4})-(\d\d)(?:-(\d\d))?|(today|yesterday))?"
    r"(?:(?P<t>^|t| (?:at )?)(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?"
    r" ?(utc|z|\+\d\d:?\d\d|(?<=\d)-\d\d:\d\d)?",
    re.ASCII,
)
_BETWEEN = re.compile(r" (?:to|until|till|and) | ?\.\. ?| ?[–—] ?| - |-")
_LEADING = re.compile(r"(?:since|from|between|after) ")


class _Moment(Struct, frozen=True):
    """From `low` up to but without `high`. `day` is the local day (ordinal), when one can be said; `whole` when no clock was written."""

    low: int
    high: int
    day: int | None = None
    whole: bool = False
    zone: int | None = None


class _Clock(Struct, frozen=True):
    """What a moment is read against. `offset_us` is that of the zone that holds where none is written; `day` the day where none is."""

    now_us: int
    offset_us: int
    day: int | None = None


def read_span(text: str, now_us: int, offset_minutes: int = 0) -> tuple[int, int]:
    """Read a range; return its first microsecond since 1970 and the one behind its last.

    `offset_minutes` is how far local time is ahead of UTC; days and clocks without a zone are local. A day or minute alone stands for all of it, as does
    a day behind "to"; behind ".." it stands for its beginning, as in queries. What would end in the future ends now. Raises QueryError.
    """
    if len(text) > LENGTH_MAX:
        raise QueryError("the time range is too long", position=LENGTH_MAX, expected=f"at most {LENGTH_MAX} characters")
    written = " ".join(text.lower().replace("\0", " ").split())
    since, until = _span(written, _Clock(now_us, offset_minutes * _MINUTE_US))
    if since < now_us < until:
        until = now_us
    if since >= until:
        raise QueryError("the time range ends before it begins", position=0, expected=_EXPECTED)
    if since < 0 or until > LATEST_US:
        raise QueryError("the time range is out of bounds", position=0, expected="times between 1970 and 2100")
    return since, until


def _span(text: str, clock: _Clock) -> tuple[int, int]:
    if (match := _LAST.fullmatch(text)) and (match[1] or match[2][0] in "smh"):
        return clock.now_us - int(match[1] or 1) * _UNITS_US[match[2][0]], clock.now_us
    if one := _moment(text, clock):
        return (one.low, one.high) if one.high > one.low else (one.low, clock.now_us)
    lead = _LEADING.match(text)
    rest = text[lead.end() :] if lead else text
    if lead and (one := _moment(rest, clock)):
        return one.low, clock.now_us
    bad = 0
    for match in _BETWEEN.finditer(rest):
        first, last = rest[: match.start()], rest[match.end() :]
        if not (start := _moment(first, clock)):
            continue
        if not last and ".." in match[0]:
            return start.low, clock.now_us
        if end := _moment(last, _Clock(clock.now_us, clock.offset_us if start.zone is None else start.zone, start.day)):
            if end.zone is not None and start.zone is None:
                start = _moment(first, _Clock(clock.now_us, end.zone)) or start
                end = _moment(last, _Clock(clock.now_us, end.zone, start.day)) or end
            return start.low, end.high if end.whole and ".." not in match[0] else end.low
        bad = bad or len(text) - len(last)
    raise QueryError("this is not a time range", position=bad, expected=_EXPECTED)


def _moment(text: str, clock: _Clock) -> _Moment | None:
    """Read a moment; None when it is none."""
    if text == "now":
        return _Moment(clock.now_us, clock.now_us)
    if match := _BACK.fullmatch(text):
        at = clock.now_us - int(match[1] or match[3]) * _UNITS_US[(match[2] or match[4])[0]]
        return _Moment(at, at)
    match = _MOMENT.fullmatch(text)
    if match is None or not any(match.group(1, 4, 6)):
        return None
    year, month, day, word, tee, hour, minute, second, fraction, zone = match.groups()
    if (zone or "").startswith("-") and not (year and tee == "t"):
        # 14:00-15:00 is a range; the zone of a time is written with a minus sign in 2026-11-01T14:00-05:00 only.
        return None
    try:
        offset_us = clock.offset_us if zone is None else _offset_us(zone)
        today = (clock.now_us + offset_us) // _DAY_US
        if year:
            ordinal = (datetime.date(int(year), int(month), int(day or 1)) - datetime.date(1970, 1, 1)).days
        elif word:
            ordinal = today - (word == "yesterday")
        else:
            ordinal = today if clock.day is None else clock.day
        start, width_us = _of_day(hour, minute, second, fraction)
    except (ValueError, OverflowError):
        return None
    if year and not day:
        if hour:
            return None
        following = datetime.date(int(year) + int(month) // 12, int(month) % 12 + 1, 1) if int(year) < 9999 else datetime.date.max
        width_us = (following - datetime.date(int(year), int(month), 1)).days * _DAY_US
    low = ordinal * _DAY_US + start - offset_us
    return _Moment(low, low + width_us, ordinal, not hour, None if zone is None else offset_us)


def _of_day(hour: str | None, minute: str | None, second: str | None, fraction: str | None) -> tuple[int, int]:
    """Microseconds since midnight, and the width of the unit that was written."""
    if hour is None:
        return 0, _DAY_US
    clock = datetime.time(int(hour), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")))
    seconds = clock.hour * 3600 + clock.minute * 60 + clock.second
    width_us = _MINUTE_US if second is None else 10 ** (6 - len(fraction)) if fraction else 1_000_000
    return seconds * 1_000_000 + clock.microsecond, width_us


def _offset_us(zone: str) -> int:
    if zone in ("utc", "z"):
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(zone)
    return (hours * 60 + minutes) * _MINUTE_US * (-1 if zone[0] == "-" else 1)
