"""Text in terminal columns: how wide it is, cut and padded to a width, and with nothing in it that steers the terminal. Pure."""

import re
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"
# C0, C1 and DEL; what turns the direction of text, breaks lines or cannot be seen; halves of surrogate pairs; tags.
_STEERS: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_NAMED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def clean(text: str) -> str:
    """Return text with such characters written out, as `\\x1b`: what a tool or a person wrote must not steer the terminal."""
    return _STEERS.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char in _NAMED:
        return _NAMED[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def width(text: str) -> int:
    """How many columns a text takes; wide characters of East Asia and emoji take two, marks on others none."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def cut(text: str, columns: int) -> str:
    """Return the text, or as much of it as fits with an ellipsis."""
    if width(text) <= columns:
        return text
    room = columns - 1
    kept: list[str] = []
    for char in text:
        room -= _char_width(char)
        if room < 0:
            break
        kept.append(char)
    return "".join(kept) + ELLIPSIS if columns > 0 else ""


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Return the text, cut to that many columns and filled up to them; `right` puts it at the right."""
    text = cut(text, columns)
    space = " " * (columns - width(text))
    return space + text if right else text + space


def _char_width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
