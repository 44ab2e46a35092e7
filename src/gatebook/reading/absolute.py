"""Turn the relative times of a query's text into absolute ones, so that a link asks the same question tomorrow. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from gatebook.query import QueryError, parse, resolve
from gatebook.query.resolve import moment_of
from gatebook.query.tree import Ago, Day
from gatebook.query.values import DAYS, moment

# A quoted text is left as it is; else a time field with one value, or a list of them in brackets.
_PIECE: Final = re.compile(
    r'"(?:\\.|[^"\\])*"|(?<![^\s(\-])(?P<field>since|until|time|finished):(?P<value>\([^()"]*\)|[^\s()"]+)', re.IGNORECASE
)
_RELATIVE: Final = re.compile(
    rf"(?P<before>^|[<>=(,\s]|\.\.)(?P<word>-\d{{1,6}}[a-z]{{1,2}}|now|{'|'.join(DAYS)})(?P<after>$|[),\s]|\.\.)", re.IGNORECASE
)
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
    field = piece["field"]
    if field is None:
        return piece[0]

    def fixed(found: re.Match[str]) -> str:
        value, _ = moment(found["word"], 0)
        if not isinstance(value, Ago | Day):
            return found[0]
        # A relative time alone means from then on; a date alone means that very moment. A day is a day either way.
        alone = field.lower() in ("time", "finished") and found["before"] in ("", "(", ",", " ") and found["after"] != ".."
        since = ">=" if alone and isinstance(value, Ago) else ""
        return f"{found['before']}{since}{_written(moment_of(value, now_us), isinstance(value, Day))}{found['after']}"

    # Twice: what ends one value begins the next.
    return f"{field}:" + _RELATIVE.sub(fixed, _RELATIVE.sub(fixed, piece["value"]))


def _written(time_us: int, day: bool) -> str:
    when = (_EPOCH + timedelta(microseconds=max(0, time_us))).replace(tzinfo=None)
    return when.date().isoformat() if day else when.isoformat(timespec="microseconds") + "Z"
