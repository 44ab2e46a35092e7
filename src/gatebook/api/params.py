"""Parameters of requests, each within a limit. Raises Problem(400) that names the parameter."""

import re
from datetime import UTC, datetime

from starlette.datastructures import QueryParams

from gatebook.api.problems import Problem
from gatebook.reading.room import LIMIT_MAX, Question

LIMIT_DEFAULT = 50
_CURSOR_CHARACTERS_MAX = 100
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LATEST_US = 4_102_444_800_000_000


def question(params: QueryParams) -> Question:
    """The query `q` between `since` and `until`."""
    return Question(text=params.get("q", ""), since_us=moment(params, "since"), until_us=moment(params, "until"))


def limit(params: QueryParams) -> int:
    """How many rows: 1 to LIMIT_MAX."""
    text = params.get("limit")
    if text is None:
        return LIMIT_DEFAULT
    if not text.isascii() or not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= LIMIT_MAX:
        raise bad("limit", f"must be a number from 1 to {LIMIT_MAX}")
    return int(text)


def cursor(params: QueryParams) -> str | None:
    """The cursor of a page, unread."""
    text = params.get("cursor")
    if text is not None and len(text) > _CURSOR_CHARACTERS_MAX:
        raise bad("cursor", "is not one that this API gave out")
    return text or None


def moment(params: QueryParams, name: str) -> int | None:
    """A time: RFC 3339, or microseconds since 1970."""
    text = params.get(name)
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 16:
        found = int(text)
    else:
        try:
            when = datetime.fromisoformat(text)
            found = round((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() * 1_000_000)
        except (ValueError, OverflowError):
            raise bad(name, "must be a time such as 2026-01-31T14:00:00Z, or microseconds since 1970") from None
    if not 0 <= found <= _LATEST_US:
        raise bad(name, "is out of range")
    return found


def call_id(text: str) -> str:
    """The id of a call, lower case. Raises Problem(404) for what cannot be one."""
    if _ID.fullmatch(text.lower()) is None:
        raise Problem(404, "No such call", "There is no call with this id.")
    return text.lower()


def bad(name: str, what: str) -> Problem:
    """The problem of one parameter."""
    return Problem(400, "A parameter is not valid", f"The parameter {name} {what}.", parameter=name)
