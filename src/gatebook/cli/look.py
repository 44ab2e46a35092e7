"""How things look in a terminal: colour on a terminal only, times, durations and sizes as people read them."""

import os
import shutil
from datetime import UTC, datetime
from typing import Final, TextIO

from gatebook.cli.width import clean

__all__ = ["bold", "clean", "coloured", "columns_of", "dim", "moment", "number", "paint", "size", "status", "took"]

_STATUS: Final = {
    "ok": "32",
    "redacted": "36",
    "blocked": "35",
    "open": "34",
    "pending": "34",
    "cancelled": "33",
    "tool_error": "33",
    "protocol_error": "31",
    "upstream_error": "31",
    "timeout": "31",
    "failed": "31",
    "unknown": "31",
}
_WIDTH_MIN: Final = 40


def coloured(stream: TextIO) -> bool:
    """Say whether to colour: a terminal, and neither NO_COLOR nor a dumb one."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns_of(stream: TextIO) -> int | None:
    """Columns of the terminal; None for a file or a pipe, where nothing has to be cut."""
    return max(_WIDTH_MIN, shutil.get_terminal_size().columns) if stream.isatty() else None


def paint(text: str, code: str, colour: bool) -> str:
    """Text in a colour, by its ANSI code."""
    return f"\x1b[{code}m{text}\x1b[0m" if colour and text else text


def bold(text: str, colour: bool) -> str:
    """Text that stands out."""
    return paint(text, "1", colour)


def dim(text: str, colour: bool) -> str:
    """Text that stands back."""
    return paint(text, "2", colour)


def status(word: str, text: str, *, colour: bool) -> str:
    """A text in the colour of a status."""
    return paint(text, _STATUS.get(word, "0"), colour)


def moment(time_us: int) -> str:
    """A time, UTC, to the millisecond."""
    return f"{datetime.fromtimestamp(time_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S}.{time_us // 1000 % 1000:03d}"


def took(us: int) -> str:
    """A duration in the unit that reads best."""
    if us < 1000:
        return f"{us} µs"
    if us < 1_000_000:
        return f"{us / 1000:.1f} ms" if us < 10_000 else f"{us / 1000:.0f} ms"
    return f"{us / 1_000_000:.1f} s" if us < 100_000_000 else f"{us / 60_000_000:.0f} min"


def size(count: int) -> str:
    """A number of bytes."""
    for unit, step in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if count < 1000:
            break
        if count < step * 1000 or unit == "GB":
            return f"{count / step:.1f} {unit}"
    return f"{count} B"


def number(count: int) -> str:
    """A number with its thousands apart."""
    return f"{count:,}"
