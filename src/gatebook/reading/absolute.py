"""Turn the relative times of a query's text into absolute ones, so that a link asks the same question tomorrow. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from gatebook.query import QueryError, parse, resolve

# A quoted text is left as it is; else a time field with one value, or a list of them in brackets.
_PIECE: Final = re.compile(
    r'"(?:\\.|[^"\\])*"|(?<![^\s(\-])(?P<field>since|until|time|finished):(?P<value>\([^()"]*\)|[^\s()"]+)', re.IGNORECASE
)
_RELATIVE: Final = re.compile(r"(?P<before>^|[<>=(,\s]|\.\.)(?P<ago>-\d{1,6}(?:us|ms|s|m|h|d|w)|now)(?=$|[),\s]|\.\.)")
_UNITS_US: Final = {"us": 1, "ms": 1000, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86_400 * 10**6, "w": 604_800 * 10**6}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_US: Final = 86_400_000_000


def absolute(text: str, now_us: int) -> str:
    """The query as it reads at `now_us`. Raises QueryError for one that does not parse, or whose relative times cannot be written as dates."""
    before = parse(text)
    if not _moves(text):
        return before.text
    found = _PIECE.sub(lambda piece: _fixed(piece, now_us), text)
    if _moves(found):
        raise QueryError("a relative time cannot be kept in a link", position=0, expected="dates such as 2026-11-01T09:30Z")
    return found


def _moves(text: str) -> bool:
    query = parse(text)
    return resolve(query, 30 * _DAY_US) != resolve(query, 31 * _DAY_US)


def _fixed(piece: re.Match[str], now_us: int) -> str:
    if piece["field"] is None:
        return piece[0]
    return f"{piece['field']}:" + _RELATIVE.sub(lambda ago: ago["before"] + _moment(ago["ago"], now_us), piece["value"])


def _moment(ago: str, now_us: int) -> str:
    digits, unit = (ago[1:].rstrip("umshdw"), ago.lstrip("-0123456789")) if ago != "now" else ("0", "s")
    time_us = max(0, now_us - int(digits) * _UNITS_US[unit])
    return (_EPOCH + timedelta(microseconds=time_us)).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
