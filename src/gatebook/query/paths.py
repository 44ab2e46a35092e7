"""Arguments by path: every plain value inside a JSON payload beside the path that leads to it, so that `args.limit:>100` can be asked.

Keys are joined by dots; the places of a list add nothing, so `args.ids:7` finds any element. Both sides are folded as words are.
A key that is there twice counts twice, and JSON that is cut off counts up to there: nobody hides an argument by writing it oddly.
"""

import re
from collections.abc import Iterable, Iterator
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
_AT_ONCE_CHARS_MAX: Final = 65_536
_ODD: Final = ("\\", "\0", SEPARATOR)
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
    text = data.decode("utf-8", "replace")
    # Folding all at once takes half the time, and is the same where nothing is escaped.
    folded = text.isascii() and not any(odd in text for odd in _ODD)
    for path, value in _leaves(text.lower() if folded else text, folded):
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


def _leaves(text: str, folded: bool) -> Iterator[tuple[str, str]]:
    stack: list[str] = []
    path = ""
    for number, (string, is_key, bracket, plain) in enumerate(_tokens(text)):
        if number == TOKENS_MAX:
            return
        if bracket:
            if bracket in "{[":
                stack.append(path)
            elif stack:
                path = stack.pop()
        elif is_key and stack:
            outer = stack[-1]
            name = string[: PATH_CHARS_MAX + 1] if folded else path_of(_string(string, PATH_CHARS_MAX + 1))
            path = f"{outer}.{name}" if outer else name
            if len(path) > PATH_CHARS_MAX:
                # One too many stays one too many, and short, however many keys follow.
                path = path[: PATH_CHARS_MAX + 1]
        elif 0 < len(stack) <= DEPTH_MAX and len(path) <= PATH_CHARS_MAX:
            value = plain or string
            yield path, value[:VALUE_CHARS_MAX] if folded else value_of(plain or _string(string, VALUE_CHARS_MAX))


def _tokens(text: str) -> Iterable[tuple[str, str, str, str]]:
    """Texts, whether they are keys, brackets, and numbers or words; what a token is not, is empty."""
    if len(text) <= _AT_ONCE_CHARS_MAX:
        return _TOKEN.findall(text)
    return (token.groups("") for token in _TOKEN.finditer(text))  # type: ignore[misc]


def _string(raw: str, chars_max: int) -> str:
    return unescaped(raw[: chars_max * _ESCAPE_CHARS_MAX]) if "\\" in raw else raw[:chars_max]
