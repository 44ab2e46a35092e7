"""Arguments by path: every plain value inside a JSON payload beside the path that leads to it, so that `args.limit:>100` can be asked.

Keys are joined by dots; the places of a list add nothing, so `args.ids:7` finds any element. Both sides are folded as words are.
A key that is there twice counts twice, and JSON that is cut off counts up to there: nobody hides an argument by writing it oddly.
"""

import re
from collections.abc import Iterator
from typing import Final

from gatebook.query.text import fold, unescaped

SEPARATOR: Final = "\x1f"
PAIRS_MAX: Final = 200
DEPTH_MAX: Final = 16
PATH_CHARS_MAX: Final = 200
VALUE_CHARS_MAX: Final = 200
TOKENS_MAX: Final = 20_000
_SEPARATOR_AS = " "
_ESCAPE_CHARS_MAX: Final = 6
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"(\s*+:)?|\\?\Z)|([{}\[\]])|(-?[0-9][0-9.eE+-]*+|true|false|null)', re.DOTALL)

NUMBER: Final = r"-?(0|[1-9][0-9]{0,14})([.][0-9]{1,15})?(e[+-]?[0-9]{1,2})?"
"""An argument that is compared as a number, in JSON's own writing: short enough to mean the same double to every reader."""
_number = re.compile(NUMBER)


def pairs(data: bytes) -> tuple[str, ...]:
    """Return `path U+001F value` for each plain value in JSON, in its order; nothing when it is not JSON.

    Values are cut to VALUE_CHARS_MAX characters; numbers are as they are written. What lies deeper than DEPTH_MAX, has a longer path, or comes
    after PAIRS_MAX others or TOKENS_MAX brackets, keys and values is left out.
    """
    found: list[str] = []
    for path, value in _leaves(data.decode("utf-8", "replace")):
        found.append(f"{path}{SEPARATOR}{value}")
        if len(found) == PAIRS_MAX:
            break
    return tuple(found)


def path_of(text: str) -> str:
    """Return a path as `pairs` writes it."""
    return fold(text).replace(SEPARATOR, _SEPARATOR_AS)


def value_of(text: str) -> str:
    """Return a value as `pairs` writes it: folded, and cut as there."""
    return fold(text[:VALUE_CHARS_MAX])[:VALUE_CHARS_MAX]


def number_of(value: str) -> float | None:
    """Return the number that a value of `pairs` is, also where the client sent it as text; None when it is none."""
    return float(value) if _number.fullmatch(value) else None


def _leaves(text: str) -> Iterator[tuple[str, str]]:
    stack: list[str] = []
    path = ""
    for number, token in enumerate(_TOKEN.finditer(text)):
        if number == TOKENS_MAX:
            return
        string, is_key, bracket, plain = token.groups()
        if bracket is not None:
            if bracket in "{[":
                stack.append(path)
            elif stack:
                path = stack.pop()
        elif is_key and stack:
            outer = stack[-1]
            name = path_of(_string(string, PATH_CHARS_MAX + 1))
            path = f"{outer}.{name}" if outer else name
            if len(path) > PATH_CHARS_MAX:
                # One too many stays one too many, and short, however many keys follow.
                path = path[: PATH_CHARS_MAX + 1]
        elif 0 < len(stack) <= DEPTH_MAX and len(path) <= PATH_CHARS_MAX:
            yield path, value_of(_string(string, VALUE_CHARS_MAX) if string is not None else plain)


def _string(raw: str, chars_max: int) -> str:
    return unescaped(raw[: chars_max * _ESCAPE_CHARS_MAX]) if "\\" in raw else raw[:chars_max]
