"""The raw text of one JSON document: where its string and number tokens stand, what they say, and under which key. Nothing is parsed that nobody asks for."""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate, islice
from operator import add

import msgspec

from gatebook.dlp.hit import Exhausted

_NUMBER = re.compile(rb"-?\d[\d.eE+-]*")
_COLON = re.compile(rb"\s*:\s*")
_GAP_IN_ARRAY = re.compile(rb"[\s,\d.eE+-]*|(?:[\s,]|true|false|null)*")
_ROW = re.compile(rb"[\s,\d.eE+-]*")
_ARRAY_OPENS = re.compile(rb"\s*:\s*\[[\s,\d.eE+-]*")
_LABEL = re.compile(rb'"(?:type|name|label|field|kind|key|title|question|property|column|header)"\s*:\s*"([^"\\]{1,64})"')
_BARE_KEY = re.compile(r"(?i)value|val|number|num|no|content|answer|data|text|v|val_?ue_?string|input|string")
_SAYS_LITTLE = re.compile(
    rf"(?:{_BARE_KEY.pattern.removeprefix('(?i)')})|id|key|token|secret|code|password|api[_-]?(?:key|token)", re.IGNORECASE
)
_BACK_BYTES = 160
_BACK_TOKENS = 64
_OUTER_BYTES = 2_000
_RUN = 64
_NAME_MAX = 64
SIMPLE_MAX = 2_048
MAY_EMBED = re.compile(r"\s{0,64}[\[{\"]")
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
    """A string or number: bytes from `at` to `end` of the document. `text`: what it says, strings decoded and numbers as written.

    `number`: how many strings begin before it. `is_simple`: the text is short, and holds no escapes and no JSON. `key`: what the scan calls it, once it knows.
    """

    __slots__ = ("at", "end", "is_key", "is_simple", "is_string", "key", "number", "text")

    def __init__(self, at: int, end: int, number: int, text: str, is_key: bool | None) -> None:
        self.at = at
        self.end = end
        self.number = number
        self.text = text
        self.is_string = is_key is not None
        self.is_key = is_key is True
        first = text[:1]
        embeds = (first in '[{"' or first.isspace()) and self.is_string and MAY_EMBED.match(text) is not None
        self.is_simple = not embeds and len(text) <= SIMPLE_MAX and "\\" not in text
        self.key: str | None = None


class Document:
    """Tokens of a document that has passed `check`.

    `pieces`: the text split at the quotes of strings, so that every second one is what a string says, as raw bytes in Latin-1. `starts`: where strings begin,
    and the end of the document.
    """

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        # Of the same size, and every quote that is left begins or ends a string.
        bare = payload.replace(b"\\\\", b"\\.").replace(b'\\"', b"\\.") if b"\\" in payload else payload
        self.pieces = bare.decode("latin-1").split('"')
        self.starts: list[int] = list(map(add, islice(accumulate(map(len, self.pieces)), 0, None, 2), range(0, len(self.pieces), 2)))
        self._as_it_is = b"\\" not in payload and payload.isascii()
        self._tokens: dict[int, Token] = {}
        # Keys that say enough by themselves, by their pieces. One with an escape is not its piece alone.
        self._names: dict[str, str] = {}
        # The array of numbers whose name was asked for last: the string before it, a place in it, its name. A long one is not read again for each number.
        self._row = -1, 0, ""

    def token(self, position: int) -> Token | None:
        """Return the token that holds the byte at a position, or the value that begins right after it; None for what is neither."""
        number = bisect_right(self.starts, position) - 1
        if number >= 0 and position < self._end(number):
            return self._string(number)
        return self._outside(position, number)

    def tokens(self, ends: Iterable[int]) -> dict[int, Token]:
        """Return the tokens by offset that hold the bytes before the given ends, which ascend, or begin right there."""
        found: dict[int, Token] = {}
        done = 0
        starts, known = self.starts, self._tokens
        for end in ends:
            if end <= done:
                continue
            number = bisect_left(starts, end) - 1
            token = known.get(starts[number])
            if token is None and number >= 0:
                token = self._string(number)
            if token is None or token.end < end:
                token = self._outside(end - 1, number)
            if token is not None:
                found[token.at] = token
                done = token.end
        return found

    def strings(self) -> Iterator[Token]:
        """Yield all string tokens, keys included."""
        return map(self._string, range(len(self.starts) - 1))

    def beyond_ascii(self) -> Iterator[int]:
        """Yield which strings hold bytes beyond ASCII."""
        return (number for number, piece in enumerate(self.pieces[1::2]) if not piece.isascii())

    def said(self, number: int) -> str:
        """Return what a string says."""
        piece = self.pieces[2 * number + 1]
        if self._as_it_is or ("\\" not in piece and piece.isascii()):
            return piece
        return decode(self.payload[self.starts[number] : self._end(number)])

    def _end(self, number: int) -> int:
        return self.starts[number] + len(self.pieces[2 * number + 1]) + 2

    def _string(self, number: int) -> Token:
        at = self.starts[number]
        token = self._tokens.get(at)
        if token is None:
            piece, behind = self.pieces[2 * number + 1 : 2 * number + 3]
            is_key = behind[:1] == ":" or behind.lstrip().startswith(":")
            token = self._tokens[at] = Token(at, at + len(piece) + 2, number, piece if self._as_it_is else self.said(number), is_key)
        return token

    def _outside(self, position: int, before: int) -> Token | None:
        """Return the number at a position that is in no string, or what comes first after it. `before`: the string that ends before it."""
        gap_end = self.starts[before + 1]
        for match in _NUMBER.finditer(self.payload, self._run_start(position), gap_end):
            if match.end() > position:
                at = match.start()
                return self._tokens.setdefault(at, Token(at, match.end(), before + 1, match.group().decode(), None))
        return self._string(before + 1) if gap_end < len(self.payload) else None

    def _run_start(self, position: int) -> int:
        """Return where the run of characters of a number begins that holds a position."""
        size = _RUN
        while True:
            start = max(0, position + 1 - size)
            rest = self.payload[start : position + 1].rstrip(b"0123456789.eE+-")
            if rest or not start:
                return start + len(rest)
            size *= 8

    def member(self, token: Token) -> Token | None:
        """Return the string or number that a key stands before; None when the token is no key."""
        match = _COLON.match(self.payload, token.end) if token.is_key else None
        if match is None or match.end() >= len(self.payload):
            return None
        follows = self.token(match.end())
        return follows if follows and follows.at == match.end() else None

    def key_of(self, token: Token) -> int:
        """Return which string is the key of the member that the token belongs to: the token itself when it is the key."""
        return token.number if token.is_key else token.number - 1

    def names(self, token: Token) -> str:
        """Return the key that a value stands under, also through arrays. A key that says little, such as `value`, comes with the label beside it
        and with the key of the object around it.
        """
        before = token.number - 1
        if before < 0:
            return ""
        if token.is_string:
            gap = self.pieces[2 * token.number]
        elif self._row[0] == before and _ROW.fullmatch(self.payload, self._row[1], token.at):
            self._row = before, token.at, self._row[2]
            return self._row[2]
        else:
            gap = self.payload[self._end(before) : token.at].decode("latin-1")
        if gap not in (": ", ":") and gap.strip() != ":":
            return self._name_of_array(before, token.at)
        piece = self.pieces[2 * before + 1]
        if piece in self._names:
            return self._names[piece]
        key, says_little, bare = spoken(self.said(before))
        if not says_little:
            if "\\" not in piece:
                self._names[piece] = key
            return key
        label = self._label(self.starts[before]) if bare else ""
        return f"{self._outer_name(before)} {key} {label}".strip()

    def _outer_name(self, number: int) -> str:
        """Return the key of the object that holds the member whose key is the given string; nothing when that is not near."""
        closed = 0
        for inner in range(number, max(0, number - _BACK_TOKENS), -1):
            if self.starts[number] - self._end(inner - 1) > _OUTER_BYTES:
                break
            gap = self.pieces[2 * inner]
            for place in range(len(gap) - 1, -1, -1):
                if gap[place] in "}]":
                    closed += 1
                elif gap[place] in "{[":
                    closed -= 1
                    if closed < 0:
                        return self.said(inner - 1) if gap[place] == "{" and gap[:place].strip() == ":" else ""
        return ""

    def _label(self, at: int) -> str:
        back = self.payload[max(0, at - _BACK_BYTES) : at].rpartition(b"{")[2]
        found = _LABEL.search(back)
        return found.group(1).decode(errors="replace") if found else ""

    def _name_of_array(self, before: int, at: int) -> str:
        for number in range(before, max(-1, before - _BACK_TOKENS), -1):
            end = self._end(number)
            if _ARRAY_OPENS.fullmatch(self.payload, end, at):
                if number == before:
                    self._row = before, at, self.said(number)
                return self.said(number)
            if not _GAP_IN_ARRAY.fullmatch(self.payload, end, at):
                return ""
            at = self.starts[number]
        return ""


def spoken(key: str) -> tuple[str, bool, bool]:
    """Return a key, whether it says little, and whether it says nothing but that there is a value. Only what is short enough for a name is kept."""
    return _spoken(key) if len(key) <= _NAME_MAX else _spoken.__wrapped__(key)


@lru_cache(maxsize=4096)
def _spoken(key: str) -> tuple[str, bool, bool]:
    return key, _SAYS_LITTLE.fullmatch(key) is not None, _BARE_KEY.fullmatch(key) is not None


def decode(raw: bytes) -> str:
    """Return the text of a string token with its quotes; a lone surrogate stays one."""
    if b"\\" not in raw:
        return raw[1:-1].decode()
    try:
        return _string(raw)
    except msgspec.DecodeError:
        return str(_loose(raw.decode(errors="surrogatepass")))
