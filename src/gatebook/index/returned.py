"""How many records an answer brought: what "how far did it reach?" is counted in."""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

_BYTES_MAX: Final = 1 << 20
_DEPTH_MAX: Final = 3


class _Item(Struct):
    type: str = ""
    text: str = ""


class _Result(Struct):
    content: list[_Item] = []
    structuredContent: Raw = Raw()
    contents: list[Raw] = []
    messages: list[Raw] = []
    isError: bool = False


class _Answer(Struct):
    result: _Result | None = None


_decode = msgspec.json.Decoder(_Answer).decode


def returned(response: bytes) -> int:
    """Return the number of records in a JSON-RPC answer: the length of its longest list, 1 for a single thing, 0 for an error or nothing.

    Structured content counts before text, and text counts by what it holds when it is JSON.
    """
    if not response or len(response) > _BYTES_MAX:
        return 0
    try:
        result = _decode(response).result
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
    if result is None or result.isError:
        return 0
    if bytes(result.structuredContent) not in (b"", b"null"):
        return _records(bytes(result.structuredContent))
    texts = sum(_records(item.text.encode("utf-8", "replace")) for item in result.content if item.type == "text")
    others = sum(item.type != "text" for item in result.content)
    return texts + others + len(result.contents) + len(result.messages)


def _records(data: bytes) -> int:
    if data[:1] not in (b"{", b"["):
        return 1 if data.strip() else 0
    try:
        tree = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 1
    longest = _longest(tree, 0)
    return 1 if longest is None else longest


def _longest(node: Any, depth: int) -> int | None:
    """Length of the longest list within some levels; None when there is no list."""
    if isinstance(node, list):
        return len(node)
    if not isinstance(node, dict) or depth == _DEPTH_MAX:
        return None
    return max((found for item in node.values() if (found := _longest(item, depth + 1)) is not None), default=None)
