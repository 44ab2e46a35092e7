"""The raw text of one JSON document: where its string and number tokens stand, what they say, and under which key. Nothing is parsed that nobody asks for."""

import json
import re
from functools import lru_cache
from itertools import accumulate

import msgspec

from gatebook.dlp.hit import Exhausted

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
_BLOCK = 512
_RUN = 64
_NAME_MAX = 64
SIMPLE_MAX = 2_048
MAY_EMBED = re.compile(r"\s{0,64}[\[{\"]")
_SPACES = (b" ", b"\n", b"\t", b"\r")
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

    `is_simple`: the text is short, and holds no escapes and no JSON. `owner`: offset and name of the member that it is the value of, once its names were
    asked for. `key`: what the scan calls it, once it knows.
    """

    __slots__ = ("at", "end", "is_key", "is_simple", "is_string", "key", "owner", "text")

    def __init__(self, at: int, end: int, is_string: bool, is_key: bool, text: str) -> None:
        self.at = at
        self.end = end
        self.is_string = is_string
        self.is_key = is_key
        self.text = text
        self.is_simple = len(text) <= SIMPLE_MAX and "\\" not in text and not (is_string and MAY_EMBED.match(text))
        self.owner: tuple[int, str] | None = None
        self.key: str | None = None


class Document:
    """Tokens of a document that has passed `check`. Quotes are counted by blocks and sought from where a token is asked for; nothing lists all tokens."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        # Of the same size, and every quote that is left begins or ends a string.
        self.bare = payload.replace(b"\\\\", b"..").replace(b'\\"', b"..") if b"\\" in payload else payload
        self._counts: list[int] | None = None
        self._last = Token(0, 0, False, False, "")
        self._tokens: dict[int, Token] = {}
        self._gap = 0, 0

    def quotes(self, position: int) -> int:
        """Return how many quotes of strings stand before a position."""
        if self._counts is None:
            count = self.bare.count
            self._counts = list(accumulate((count(b'"', at, at + _BLOCK) for at in range(0, len(self.bare), _BLOCK)), initial=0))
        block = position // _BLOCK
        return self._counts[block] + self.bare.count(b'"', block * _BLOCK, position)

    def strings(self) -> Iterator[Token]:
        """Yield all string tokens, keys included."""
        for start, end in zip(*self._strings(), strict=True):
            yield Token(start, end, True)

    def token(self, position: int) -> Token | None:
        """Return the token that holds the byte at a position, or the value that begins right after it; None for what is neither."""
        if self._last.at <= position < self._last.end:
            return self._last
        token = self._token(position, self.quotes(position) % 2 == 1)
        self._last = token or self._last
        return token

    def tokens(self, ends: list[int]) -> dict[int, Token]:
        """Return the tokens by offset that hold the bytes before the given ends, which ascend, or begin right there."""
        found: dict[int, Token] = {}
        done = counted = quotes = 0
        count = self.bare.count
        for end in ends:
            if end <= done:
                continue
            quotes += count(b'"', counted, end - 1)
            counted = end - 1
            token = self._token(counted, quotes % 2 == 1)
            if token is not None:
                found[token.at] = token
                done = token.end
        return found

    def _token(self, position: int, inside: bool) -> Token | None:
        if inside:
            at = self.bare.rfind(b'"', 0, position)
        elif self.bare[position] == 0x22:
            at = position
        else:
            return self._outside(position)
        return self._tokens.get(at) or self._string(at)

    def _string(self, at: int) -> Token:
        end = self.bare.index(b'"', at + 1) + 1
        after = self.payload[end : end + 1]
        is_key = after == b":" or (after in _SPACES and _COLON.match(self.payload, end) is not None)
        token = self._tokens[at] = Token(at, end, True, is_key, decode(self.payload[at:end]))
        return token

    def _outside(self, position: int) -> Token | None:
        """Return the number at a position that is in no string, or what comes first after it."""
        if not self._gap[0] <= position < self._gap[1]:
            quote = self.bare.find(b'"', position)
            self._gap = position, len(self.bare) if quote < 0 else quote
        gap_end = self._gap[1]
        for match in _NUMBER.finditer(self.payload, self._run_start(position), gap_end):
            if match.end() > position:
                at = match.start()
                return self._tokens.setdefault(at, Token(at, match.end(), False, False, match.group().decode()))
        return self._string(gap_end) if gap_end < len(self.bare) else None

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
        follows = self._token(match.end(), False)
        return follows if follows and follows.at == match.end() else None

    def member_of(self, token: Token) -> tuple[int, str]:
        """Return the key of the member that the token belongs to, as offset and name: the token itself when it is the key."""
        if token.owner is not None:
            return token.owner
        if token.is_key:
            return token.at, token.text
        close = self.bare.rindex(b'"', 0, token.at)
        at = self.bare.rindex(b'"', 0, close)
        return at, spoken(self.payload[at : close + 1])[0]

    def names(self, token: Token) -> str:
        """Return the key that a value stands under, also through arrays. A key that says little, such as `value`, comes with the label beside it
        and with the key of the object around it.
        """
        close = self.bare.rfind(b'"', 0, token.at)
        if close < 0:
            return ""
        gap = self.payload[close + 1 : token.at]
        if gap not in (b":", b": ") and gap.strip() != b":":
            return self._name_of_array(close, token.at)
        at = self.bare.rindex(b'"', 0, close)
        key, says_little, bare = spoken(self.payload[at : close + 1])
        token.owner = at, key
        if not says_little:
            return key
        label = self._label(at) if bare else ""
        return f"{self._outer_name(at)} {key} {label}".strip()

    def _outer_name(self, key_at: int) -> str:
        """Return the key of the object that holds the member whose key begins at an offset; nothing when that is not near."""
        closed = 0
        start = key_at
        for _ in range(_BACK_TOKENS):
            close = self.bare.rfind(b'"', 0, start)
            if close < 0 or key_at - close - 1 > _OUTER_BYTES:
                break
            gap = self.payload[close + 1 : start]
            start = self.bare.rindex(b'"', 0, close)
            for place in range(len(gap) - 1, -1, -1):
                if gap[place] in b"}]":
                    closed += 1
                elif gap[place] in b"{[":
                    closed -= 1
                    if closed < 0:
                        return decode(self.payload[start : close + 1]) if gap[place] == 0x7B and gap[:place].strip() == b":" else ""
        return ""

    def _label(self, at: int) -> str:
        back = self.payload[max(0, at - _BACK_BYTES) : at].rpartition(b"{")[2]
        found = _LABEL.search(back)
        return found.group(1).decode(errors="replace") if found else ""

    def _name_of_array(self, close: int, at: int) -> str:
        for _ in range(_BACK_TOKENS):
            if _ARRAY_OPENS.fullmatch(self.payload, close + 1, at):
                return decode(self.payload[self.bare.rindex(b'"', 0, close) : close + 1])
            if not _GAP_IN_ARRAY.fullmatch(self.payload, close + 1, at):
                return ""
            at = self.bare.rindex(b'"', 0, close)
            close = self.bare.rfind(b'"', 0, at)
            if close < 0:
                return ""
        return ""


def spoken(raw: bytes) -> tuple[str, bool, bool]:
    """Return a key, whether it says little, and whether it says nothing but that there is a value. Only what is short enough for a name is kept."""
    return _spoken(raw) if len(raw) <= _NAME_MAX else _spoken.__wrapped__(raw)


@lru_cache(maxsize=4096)
def _spoken(raw: bytes) -> tuple[str, bool, bool]:
    key = decode(raw)
    return key, _SAYS_LITTLE.fullmatch(key) is not None, _BARE_KEY.fullmatch(key) is not None


def decode(raw: bytes) -> str:
    """Return the text of a string token with its quotes; a lone surrogate stays one."""
    if b"\\" not in raw:
        return raw[1:-1].decode()
    try:
        return _string(raw)
    except msgspec.DecodeError:
        return str(_loose(raw.decode(errors="surrogatepass")))
