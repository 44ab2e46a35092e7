"""Tables in a terminal: columns as wide as their content needs, and as the terminal allows."""

import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from gatebook.cli import look
from gatebook.cli.main import Problem
from gatebook.cli.width import clean, pad, width

GAP: Final = "  "
_ID: Final = "call"


class Column(Struct, frozen=True, kw_only=True):
    """A column of a table: `text` makes a cell of a row. It is shrunk down to `low` where the terminal is narrow; `limit` holds always."""

    head: str
    text: Callable[[Any], str]
    limit: int = 60
    low: int = 8
    right: bool = False
    status: bool = False


def _person(call: dict[str, Any]) -> str:
    known = call["name"] or call["email"] or call["person"]
    return str(known or ("-" if call["subject"] in ("", "-") else f"({call['subject'][:12]})"))


def _what(call: dict[str, Any]) -> str:
    return " / ".join(text for text in (call["connector"], call["tool"] or call["method"]) if text) or "-"


def _state(call: dict[str, Any]) -> str:
    return "redacted" if call["status"] == "ok" and call["effect"] == "redacted" else str(call["status"])


NAMED: Final[dict[str, Column]] = {
    "time": Column(head="TIME (UTC)", text=lambda call: look.moment(call["time"]), limit=23, low=23),
    "short_time": Column(head="TIME (UTC)", text=lambda call: look.moment(call["time"])[5:19], limit=14, low=14),
    "status": Column(head="STATUS", text=_state, limit=14, low=14, status=True),
    "person": Column(head="PERSON", text=_person, limit=28),
    "client": Column(head="CLIENT", text=lambda call: call["client"] or "-", limit=18),
    "connector": Column(head="CONNECTOR", text=lambda call: call["connector"] or "-", limit=18),
    "tool": Column(head="TOOL", text=lambda call: call["tool"] or call["method"] or "-", limit=32),
    "what": Column(head="CONNECTOR / TOOL", text=_what, limit=52, low=12),
    "duration": Column(
        head="TOOK", text=lambda call: "" if call["status"] == "open" else look.took(call["duration_us"]), limit=8, low=7, right=True
    ),
    "call": Column(head="CALL", text=lambda call: call["call_id"], limit=36, low=36),
}
"""Columns that look better than their field alone."""

WIDE: Final = ("time", "status", "person", "client", "connector", "tool", "duration", "call")
_MEDIUM: Final = ("short_time", "status", "person", "what", "duration", "call")
_NARROW: Final = ("short_time", "status", "person", "what", "duration")


def choose(columns: str | None, terminal: int | None) -> tuple[Column, ...]:
    """The columns that somebody asked for, else those that fit. Raises Problem for a name that is none."""
    if columns is None:
        names = WIDE if terminal is None or terminal >= 150 else _MEDIUM if terminal >= 100 else _NARROW
        return tuple(NAMED[name] for name in names)
    return tuple(_column(name.strip()) for name in columns.split(",") if name.strip())


def has_ids(chosen: Sequence[Column]) -> bool:
    """Whether the rows tell the ids of their calls."""
    return NAMED[_ID] in chosen


def _column(name: str) -> Column:
    from gatebook.index.rows import CALL_COLUMNS

    if name in NAMED:
        return NAMED[name]
    if name not in CALL_COLUMNS:
        near = difflib.get_close_matches(name, [*NAMED, *CALL_COLUMNS], n=1, cutoff=0.5)
        raise Problem(f"there is no column {clean(name)[:40]!r}" + (f"; did you mean {near[0]}?" if near else ""), exit_code=2)
    return Column(head=name.upper(), text=lambda call: _plain(call[name]))


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def render(rows: Sequence[Any], columns: Sequence[Column], *, terminal: int | None, colour: bool) -> Iterator[str]:
    """Lines of a table, its head first."""
    cells = [[clean(column.text(row)) for column in columns] for row in rows]
    needed = [min(column.limit, max([width(column.head), *(width(row[at]) for row in cells)])) for at, column in enumerate(columns)]
    widths = fit(needed, columns, terminal)
    yield look.dim(line([column.head for column in columns], columns, widths, colour=False), colour)
    for row in cells:
        yield line(row, columns, widths, colour=colour)


def fit(needed: Sequence[int], columns: Sequence[Column], terminal: int | None) -> list[int]:
    """Widths that fit the terminal: the widest column gives first, down to its least."""
    widths = list(needed)
    if terminal is None:
        return widths
    over = sum(widths) + len(GAP) * (len(widths) - 1) - terminal
    while over > 0:
        giving = [at for at, column in enumerate(columns) if widths[at] > min(column.low, needed[at])]
        if not giving:
            break
        widest = max(giving, key=lambda at: widths[at])
        widths[widest] -= 1
        over -= 1
    return widths


def line(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int], *, colour: bool) -> str:
    """One line; what does not fit is cut with an ellipsis."""
    out = []
    for cell, column, room in zip(row, columns, widths, strict=True):
        text = pad(cell, room, right=column.right)
        out.append(look.status(cell, text, colour=colour) if column.status else text)
    return GAP.join(out).rstrip()
