"""The raw text of one JSON document: where its string and number tokens stand, what they say, and under which key. Nothing is parsed that nobody asks for."""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator

import msgspec

from gatebook.dlp.hit import Exhausted

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NUMBER = re.compile(rb"-?\d[\d.eE+-]*")
_COLON = re.compile(rb"\s*:\s*")
_GAP_IN_ARRAY = re.compile(rb"[\s,\d.eE+-]*|(?:[\s,]|true|false|null)*")
_ARRAY_OPENS = re.compile(rb"\s*:\s*\[[\s,\d.eE+-]*")
_LABEL = re.compile(rb'"(?:type|name|label|field|kind|key|title|question|property|column|header)"\s*:\s*"([^"\\]{1,64})"')
_BARE_KEY = re.compile(r"(?i)value|val|number|num|no|content|answer|data|text|v|val_?ue_?string|input|string")
_SAYS_LITTLE = re.compile(
    rf"(?:{_BARE_KEY.pattern.removeprefix('(?i)')})|id|key|token|secret|code|password|api[_-]?(?:key|token)", re.IGNORECASE
)
_BACK_BYTES = 160
_BACK_TOKENS = 64
_OUTER_BYTES = 2_000
_raw = msgspec.json.Decoder(msgspec.Raw).decode
_string = msgspec.json.Decoder(str).decode
_loose = json.JSONDecoder(strict=False).decode


def check(payload: bytes) -> None:
    """Raise Exhausted when the payload is not JSON in UTF-8, or nests deeper than a parser goes."""
    try:
        _raw(payload)
        if not payload.isascii():
            payload.decode()
    except RecursionError:
        raise Exhausted("too_deep") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Exhausted("not_json") from None


class Token:
    """A string or number: bytes from `at` to `end` of the document."""

    __slots__ = ("at", "end", "is_string")

    def __init__(self, at: int, end: int, is_string: bool) -> None:
        self.at = at
        self.end = end
        self.is_string = is_string


class Document:
    """Tokens of a document that has passed `check`."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        self._spans: tuple[list[int], list[int]] | None = None

    def _strings(self) -> tuple[list[int], list[int]]:
        if self._spans is None:
            spans = [match.span() for match in _STRING.finditer(self.payload)]
            starts, ends = zip(*spans, strict=True) if spans else ((), ())
            self._spans = list(starts), list(ends)
        return self._spans

    def strings(self) -> Iterator[Token]:
        """Yield all string tokens, keys included."""
        for start, end in zip(*self._strings(), strict=True):
            yield Token(start, end, True)

    def token(self, position: int) -> Token | None:
        """Return the token that holds the byte at a position, or the value that begins right after it; None for what is neither."""
        starts, ends = self._spans or self._strings()
        number = bisect_right(starts, position) - 1
        if number >= 0 and position < ends[number]:
            return Token(starts[number], ends[number], True)
        gap_start = ends[number] if number >= 0 else 0
        gap_end = starts[number + 1] if number + 1 < len(starts) else len(self.payload)
        for match in _NUMBER.finditer(self.payload, gap_start, gap_end):
            if match.end() > position:
                return Token(match.start(), match.end(), False)
        return Token(starts[number + 1], ends[number + 1], True) if gap_end < len(self.payload) else None

    def member(self, token: Token) -> Token | None:
        """Return the string or number that a key stands before; None when the token is no key."""
        match = _COLON.match(self.payload, token.end) if token.is_string else None
        if match is None or match.end() >= len(self.payload):
            return None
        follows = self.token(match.end())
        return follows if follows and follows.at == match.end() else None

    def is_key(self, token: Token) -> bool:
        """Whether the token is the key of a member."""
        return token.is_string and _COLON.match(self.payload, token.end) is not None

    def key(self, at: int) -> tuple[int, bytes]:
        """Return the key of the member that the token at an offset belongs to, as offset and raw string: the token itself when it is the key."""
        starts, ends = self._spans or self._strings()
        number = bisect_left(starts, at)
        itself = number < len(starts) and starts[number] == at and _COLON.match(self.payload, ends[number]) is not None
        number -= not itself
        return starts[number], self.payload[starts[number] : ends[number]]

    def text(self, token: Token) -> str:
        """Return what a token says: strings decoded, numbers as written."""
        return decode(self.payload[token.at : token.end]) if token.is_string else self.payload[token.at : token.end].decode()

    def names(self, token: Token) -> str:
        """Return the key that a value stands under, also through arrays. A key that says little, such as `value`, comes with the label beside it
        and with the key of the object around it.
        """
        starts, ends = self._spans or self._strings()
        before = bisect_left(starts, token.at) - 1
        if before < 0:
            return ""
        if self.payload[ends[before] : token.at].strip() != b":":
            return self._name_of_array(before, token.at)
        key = decode(self.payload[starts[before] : ends[before]])
        if not _SAYS_LITTLE.fullmatch(key):
            return key
        label = self._label(starts[before]) if _BARE_KEY.fullmatch(key) else ""
        return f"{self._outer_name(before)} {key} {label}".strip()

    def _outer_name(self, number: int) -> str:
        """Return the key of the object that holds the member whose key is the given string; nothing when that is not near."""
        starts, ends = self._strings()
        closed = 0
        for inner in range(number, max(0, number - _BACK_TOKENS), -1):
            end = ends[inner - 1]
            if starts[number] - end > _OUTER_BYTES:
                break
            gap = self.payload[end : starts[inner]]
            for place in range(len(gap) - 1, -1, -1):
                if gap[place] in b"}]":
                    closed += 1
                elif gap[place] in b"{[":
                    closed -= 1
                    if closed < 0:
                        return decode(self.payload[starts[inner - 1] : end]) if gap[place] == 0x7B and gap[:place].strip() == b":" else ""
        return ""

    def _label(self, at: int) -> str:
        back = self.payload[max(0, at - _BACK_BYTES) : at].rpartition(b"{")[2]
        found = _LABEL.search(back)
        return found.group(1).decode(errors="replace") if found else ""

    def _name_of_array(self, before: int, at: int) -> str:
        starts, ends = self._strings()
        for number in range(before, max(-1, before - _BACK_TOKENS), -1):
            end = ends[number]
            if _ARRAY_OPENS.fullmatch(self.payload, end, at):
                return decode(self.payload[starts[number] : end])
            if not _GAP_IN_ARRAY.fullmatch(self.payload, end, at):
                return ""
            at = starts[number]
        return ""


def decode(raw: bytes) -> str:
    """Return the text of a string token with its quotes; a lone surrogate stays one."""
    if b"\\" not in raw:
        return raw[1:-1].decode()
    try:
        return _string(raw)
    except msgspec.DecodeError:
        return str(_loose(raw.decode(errors="surrogatepass")))
