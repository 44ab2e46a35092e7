"""Hours of the week in a time zone: `{days: [mon, fri], from: "22:00", to: "06:00", zone: Europe/Berlin}`."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta, Struct, field

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Hours of some days. A window that ends before it begins, or when it begins, ends on the next day; its day is that of its beginning."""

    days: Annotated[tuple[Day, ...], Meta(description="Days on which it begins: mon to sun; every day when empty.")] = ()
    from_: Annotated[str, Meta(description="Begins at this minute, HH:MM.")] = field(name="from", default="00:00")
    to: Annotated[str, Meta(description="Ends before this minute, HH:MM; 24:00 is midnight.")] = "24:00"
    zone: Annotated[str, Meta(description="Time zone, such as Europe/Berlin.")] = "UTC"


def faults(window: Window) -> Iterator[tuple[str, str]]:
    """Yield (field, what is wrong) for a window that cannot be read."""
    for name, text in (("from", window.from_), ("to", window.to)):
        if _CLOCK.fullmatch(text) is None:
            yield name, f"{text[:32]!r} is not a time such as 06:00"
    if window.from_ == "24:00":
        yield "from", "24:00 is the end of a day; its beginning is 00:00"
    if _zone(window.zone) is None:
        yield "zone", f"{window.zone[:64]!r} is not a time zone such as Europe/Berlin"


class Hours:
    """A window, read."""

    __slots__ = ("_begin", "_days", "_end", "_zone")

    def __init__(self, window: Window) -> None:
        zone = _zone(window.zone)
        if zone is None:
            raise ValueError(f"unknown time zone {window.zone!r}")
        self._zone = zone
        self._days = frozenset(map(DAYS.index, window.days or DAYS))
        self._begin, self._end = _minutes(window.from_), _minutes(window.to)

    def __contains__(self, time_us: int) -> bool:
        """Whether a moment (microseconds since 1970) is in the window. Raises ValueError or OverflowError for one that no calendar has."""
        local = datetime.fromtimestamp(time_us // 1_000_000, self._zone)
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self._begin < self._end:
            return today in self._days and self._begin <= minute < self._end
        return (today in self._days and minute >= self._begin) or ((today - 1) % 7 in self._days and minute < self._end)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
