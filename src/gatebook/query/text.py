"""What is searched inside payloads: readable, lower-case text. The index stores it and queries are folded the same way, so both sides agree by construction."""

import re
import unicodedata

_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_UPPER_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_SIMPLE = {'"': '"', "\\": "\\", "/": "/", "b": " ", "f": " ", "n": "\n", "r": "\r", "t": "\t"}
_LEVELS_MAX = 3
TOKEN = re.compile("[0-9a-z\u0080-\U0010ffff]+")
"""A word: ASCII letters and digits and everything beyond ASCII, as the engine's splitByNonAlpha tokenizer has it."""


def searchable(data: bytes) -> str:
    """Return the text of a JSON payload that is searched.

    JSON escapes are undone, because `\\nword` would otherwise be found as "nword" only; keys or lists with escaped quotes are JSON inside JSON, which
    is undone too, to three levels.
    """
    text = data.decode("utf-8", "replace")
    for _ in range(_LEVELS_MAX):
        if "\\" not in text:
            break
        nested = '\\":' in text or '[\\"' in text
        text = unescaped(text)
        if not nested:
            break
    return fold(text)


def fold(text: str) -> str:
    """Return text as it is compared: lower case, composed, without NUL and without halves of surrogate pairs."""
    if text.isascii():
        return text.lower().replace("\0", " ")
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return unicodedata.normalize("NFC", whole.lower()).replace("\0", " ")


def ascii_lower(text: str) -> str:
    """Return text as fields of kind word compare it: ASCII letters in lower case, all others as they are."""
    return text.lower() if text.isascii() else text.translate(_UPPER_TO_LOWER)


def unescaped(text: str) -> str:
    """Return text with the escapes of JSON undone; what is no escape stays."""
    return _ESCAPE.sub(_unescape, text)


def words(text: str) -> list[str]:
    """Split folded text into words."""
    return TOKEN.findall(text)


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code, 16)) if code else _SIMPLE[match[2]]
