"""Patterns of `*` (any text) and `?` (one character): one reading of them for tools, connectors, clients and conditions."""

import re
from functools import lru_cache


def matches(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern. Case matters. Time grows with the product of both lengths at most, whatever they hold."""
    return pattern == "*" or _compiled(pattern).fullmatch(name) is not None


def is_pattern(text: str) -> bool:
    """Whether a text holds a wildcard, so that it stands for more than itself."""
    return "*" in text or "?" in text


def covers(wide: str, narrow: str) -> bool:
    """Whether all names that fit `narrow` also fit `wide`. Never wrong when True; False may mean that it is not known."""
    # A star of the wide pattern swallows a wildcard of the narrow one together with all that it stands for; a question mark does not.
    return wide in ("*", narrow) or ((not is_pattern(narrow) or "?" not in wide) and matches(wide, narrow))


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    first, *rest = (_literal(part) for part in re.split(r"\*+", pattern))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    # The leftmost place for each middle part is as good as any other, so giving up others (an atomic group) loses no match
    # and keeps a pattern of many stars from trying them all.
    return re.compile(first + "".join(f"(?>.*?{part})" for part in middle) + ".*" + last, re.DOTALL)


def _literal(part: str) -> str:
    return "".join("." if letter == "?" else re.escape(letter) for letter in part)
