"""Arguments by path: every plain value inside a JSON payload beside the path that leads to it, so that `args.limit:>100` can be asked.

Keys are joined by dots; the places of a list add nothing, so `args.ids:7` finds any element. Both sides are folded as words are.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gatebook.query.text import fold

SEPARATOR: Final = "\x1f"
PAIRS_MAX: Final = 200
DEPTH_MAX: Final = 16
PATH_CHARS_MAX: Final = 200
VALUE_CHARS_MAX: Final = 200
_SEPARATOR_AS = " "
_decode = msgspec.json.Decoder(strict=False).decode


def pairs(data: bytes) -> tuple[str, ...]:
    """Return `path U+001F value` for each plain value in JSON, in its order; nothing when it is not JSON.

    Values are cut to VALUE_CHARS_MAX characters. What lies deeper than DEPTH_MAX, has a longer path, or comes after PAIRS_MAX others is left out.
    """
    try:
        tree = _decode(data) if data else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()
    if not isinstance(tree, dict | list):
        return ()
    found: list[str] = []
    for path, value in _leaves(tree, "", 0):
        found.append(f"{path}{SEPARATOR}{_text(value)}")
        if len(found) == PAIRS_MAX:
            break
    return tuple(found)


def path_of(text: str) -> str:
    """Return a path as `pairs` writes it."""
    return fold(text).replace(SEPARATOR, _SEPARATOR_AS)


def value_of(text: str) -> str:
    """Return a value as `pairs` writes it: folded, and cut as there."""
    return fold(text[:VALUE_CHARS_MAX])[:VALUE_CHARS_MAX]


def _leaves(node: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEPTH_MAX or len(path) > PATH_CHARS_MAX:
        return
    if isinstance(node, dict):
        for key, item in node.items():
            name = path_of(key)
            yield from _leaves(item, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item, path, depth + 1)
    else:
        yield path, node


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value_of(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:VALUE_CHARS_MAX]
    return msgspec.json.encode(value).decode()
