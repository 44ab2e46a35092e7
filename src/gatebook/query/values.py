"""Read the value that stands behind a field's colon, by the field's kind."""

import datetime
import difflib
import re
import uuid
from fractions import Fraction

from gatebook.query.errors import QueryError
from gatebook.query.fields import Field
from gatebook.query.tree import Ago, Compare, Day, Node, Operator, Relative, Span

_DURATION_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}
_MULTIPLE = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "b": 1,
}
_QUANTITY = re.compile(r"(-?\d{1,18}(?:\.\d{1,9})?)([a-zA-Z]*)", re.ASCII)
_NUMBER = re.compile(r"(-?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?)([a-zA-Z]*)", re.ASCII)
_MOMENT = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?)?([Zz]|[+-]\d\d:\d\d)?", re.ASCII)
_AGO = re.compile(r"(?:now)?-(\d{1,6})(us|ms|s|m|h|d|w)", re.ASCII)
DAYS = {"today": 0, "yesterday": 1}
_INTEGER_MAX = 2**63 - 1
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

EXPECTED = {
    "number": "a number such as 500 or 10k",
    "size": "a size such as 512, 10k or 2MiB",
    "duration": "a duration such as 250ms, 2s or 1.5m",
    "time": "a time such as 2026-11-01, 2026-11-01T09:30Z, -1h, today or yesterday",
    "argument": "a number such as 100, 0.5 or 10k",
    "flag": "true or false",
    "uuid": "the id of a call, 36 characters",
}


def compared(field: Field, op: Operator, text: str, position: int) -> Node:
    """Read `text` as a value of the field. A time that names a day or minute only stands for all of it, `-1h` for all of the time since then."""
    if field.kind != "time":
        return Compare(field.name, op, _plain(field, text, position))
    low, width_us = moment(text, position)
    if isinstance(low, Ago):
        return Compare(field.name, "ge" if op == "eq" else op, low)
    if op in ("lt", "ge"):
        return Compare(field.name, op, low)
    high = Day(low.back - 1) if isinstance(low, Day) else low + width_us
    if op == "eq":
        return Span(field.name, low, high)
    return Compare(field.name, "ge" if op == "gt" else "lt", high)


def bound(field: Field, text: str, position: int) -> int | Relative | None:
    """Read one end of a range; empty is open."""
    if not text:
        return None
    if field.kind == "time":
        return moment(text, position)[0]
    return quantity(field, text, position)


def quantity(field: Field, text: str, position: int) -> int:
    """Read a number, duration (in microseconds) or size (in bytes)."""
    match = _QUANTITY.fullmatch(text)
    units = _DURATION_US if field.kind == "duration" else _MULTIPLE
    factor = units.get(match[2] if field.kind == "duration" else match[2].lower()) if match else None
    if match is None or factor is None:
        raise QueryError(f"{field.name} cannot be “{_short(text)}”", position=position, expected=EXPECTED[field.kind])
    whole, _, fraction = match[1].partition(".")
    sign = -1 if whole.startswith("-") else 1
    number = int(whole) * factor + sign * int((fraction or "0").ljust(9, "0")) * factor // 10**9
    if abs(number) > _INTEGER_MAX:
        raise QueryError(f"{field.name} is too large", position=position, expected="a number below 2^63")
    return number


def number(text: str, position: int) -> float:
    """Read a number beside which an argument is compared, with a unit as sizes have it."""
    match = _NUMBER.fullmatch(text)
    if match is None or match[2].lower() not in _MULTIPLE:
        raise QueryError(f"“{_short(text)}” is not a number", position=position, expected=EXPECTED["argument"])
    return float(Fraction(match[1]) * _MULTIPLE[match[2].lower()])


def is_number(text: str) -> bool:
    """Say whether `number` reads a text."""
    match = _NUMBER.fullmatch(text)
    return match is not None and match[2].lower() in _MULTIPLE


def moment(text: str, position: int) -> tuple[int | Relative, int]:
    """Read a time; return it in microseconds since 1970 (or as relative) with the width of the unit that was written."""
    written = text.lower()
    if written == "now":
        return Ago(0), 0
    if written in DAYS:
        return Day(DAYS[written]), _DURATION_US["d"]
    if relative := _AGO.fullmatch(written):
        return Ago(int(relative[1]) * _DURATION_US[relative[2]]), 0
    match = _MOMENT.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        return _absolute(match)
    except (ValueError, OverflowError):
        raise QueryError(f"“{_short(text)}” is not a time", position=position, expected=EXPECTED["time"]) from None


def _absolute(match: re.Match[str]) -> tuple[int, int]:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    offset = datetime.timedelta()
    if zone and zone not in "Zz":
        if int(zone[1:3]) > 23 or int(zone[4:]) > 59:
            raise ValueError(zone)
        offset = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:])) * (1 if zone[0] == "+" else -1)
    clock = datetime.time(int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")), datetime.UTC)
    when = datetime.datetime.combine(datetime.date(int(year), int(month), int(day or 1)), clock)
    since = when - offset - _EPOCH
    if not day:
        length = 31 if when.month == 12 else (when.replace(month=when.month + 1) - when).days
        width_us = length * _DURATION_US["d"]
    elif not hour:
        width_us = _DURATION_US["d"]
    elif not second:
        width_us = _DURATION_US["m"]
    else:
        width_us = 10 ** (6 - len(fraction)) if fraction else _DURATION_US["s"]
    return since // datetime.timedelta(microseconds=1), width_us


def choice(field: Field, text: str, position: int) -> str:
    """Check a word against the closed set of its field, where it has one."""
    if field.choices and text not in field.choices:
        near = difflib.get_close_matches(text, field.choices, n=1)
        raise QueryError(
            f"{field.name} is never “{_short(text)}”",
            position=position,
            expected="one of " + ", ".join(field.choices),
            nearest=near[0] if near else None,
        )
    return text


def _plain(field: Field, text: str, position: int) -> str | int | bool:
    if field.kind in ("number", "duration", "size"):
        return quantity(field, text, position)
    if field.kind == "flag":
        if text.lower() not in _YES_NO:
            raise QueryError(f"{field.name} cannot be “{_short(text)}”", position=position, expected=EXPECTED["flag"])
        return _YES_NO[text.lower()]
    if field.kind == "uuid":
        try:
            return str(uuid.UUID(text))
        except ValueError:
            raise QueryError(f"“{_short(text)}” is not the id of a call", position=position, expected=EXPECTED["uuid"]) from None
    return text


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
