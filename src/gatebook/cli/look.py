"""How calls look in a terminal: aligned columns, colour on a terminal only, nothing that a recorded text could use to take the terminal over."""

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO

_COLOURS: Final = {
    "ok": "32",
    "blocked": "35",
    "open": "36",
    "pending": "36",
    "cancelled": "33",
    "tool_error": "33",
    "protocol_error": "31",
    "upstream_error": "31",
    "timeout": "31",
    "unknown": "31",
}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HEAD: Final = ("TIME (UTC)", "STATUS", "PERSON", "CLIENT", "CONNECTOR", "TOOL", "TIME", "CALL")
_WIDTH_MAX: Final = (23, 14, 28, 18, 18, 32, 8, 36)


def coloured(stream: TextIO) -> bool:
    """Say whether to colour: a terminal, and neither NO_COLOR nor a dumb one."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def clean(text: str) -> str:
    """Return text without control characters: what a tool or a person wrote must not steer the terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def status(word: str, *, colour: bool, width: int = 0) -> str:
    """A status, padded and coloured."""
    padded = word.ljust(width)
    return f"\x1b[{_COLOURS.get(word, '0')}m{padded}\x1b[0m" if colour else padded


def moment(time_us: int) -> str:
    """A time, UTC, to the millisecond."""
    return f"{datetime.fromtimestamp(time_us / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}.{time_us // 1000 % 1000:03d}"


def took(us: int) -> str:
    """A duration in the unit that reads best."""
    if us < 1000:
        return f"{us} µs"
    if us < 1_000_000:
        return f"{us / 1000:.1f} ms" if us < 10_000 else f"{us / 1000:.0f} ms"
    return f"{us / 1_000_000:.1f} s"


def size(count: int) -> str:
    """A number of bytes."""
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def table(calls: Sequence[dict[str, Any]], *, colour: bool) -> Iterator[str]:
    """Lines of a table of calls, its head first; columns are as wide as their content needs."""
    rows = [cells(call) for call in calls]
    widths = [
        min(limit, max([len(head), *(len(row[at]) for row in rows)]))
        for at, (head, limit) in enumerate(zip(_HEAD, _WIDTH_MAX, strict=True))
    ]
    yield line(_HEAD, widths, colour=False)
    for row in rows:
        yield line(row, widths, colour=colour)


def cells(call: dict[str, Any]) -> tuple[str, ...]:
    """The columns of one call."""
    person = call["email"] or call["name"] or call["person"] or ("-" if call["subject"] in ("", "-") else f"({call['subject'][:12]})")
    tool = call["tool"] or call["method"] or "-"
    duration = "" if call["status"] == "open" else took(call["duration_us"])
    return tuple(
        clean(text)
        for text in (
            moment(call["time"]),
            call["status"],
            person,
            call["client"],
            call["connector"] or "-",
            tool,
            duration,
            call["call_id"],
        )
    )


def line(row: Sequence[str], widths: Sequence[int], *, colour: bool) -> str:
    """One line; what does not fit is cut with an ellipsis."""
    out = []
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        text = cell if len(cell) <= width else cell[: width - 1] + "…"
        out.append(status(text, colour=colour, width=width) if at == 1 else text.rjust(width) if at == 6 else text.ljust(width))
    return "  ".join(out).rstrip()


TAIL_WIDTHS: Final = (23, 14, 26, 16, 14, 24, 8, 36)
"""Widths of lines that are printed one by one, before the next one is known."""
