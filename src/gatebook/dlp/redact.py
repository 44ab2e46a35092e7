"""Takes found values out of a JSON text, in place: every byte outside of the tokens that hold a value stays, and in those what is not the value."""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Literal

from gatebook.dlp.document import decode
from gatebook.dlp.hit import Hit, Place
from gatebook.dlp.keys import unique_keys

Action = Literal["redact", "mask_last4", "hash"]
STRENGTH: dict[str, int] = {"hash": 1, "mask_last4": 2, "redact": 3}
_Edit = tuple[tuple[Place, ...], str, int]
_Span = tuple[int, int, str, int]

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*', re.DOTALL)
_COLON = re.compile(rb"\s*:")
_UNIT = re.compile(rb"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.)|([^\\]+)", re.DOTALL)
_VISIBLE = 4
_WHOLLY_MASKED_MAX = 6
_STARS_MAX = 12


def redact(payload: bytes, edits: Sequence[tuple[Hit, Action]], token: Callable[[Hit], str]) -> bytes:
    """Return the payload without the values of the hits, which must come from a scan of this payload. `token` gives the keyed hex of a value for `hash`.

    Where hits overlap, the strongest action covers all of them: redact, then mask, then hash. Numbers become strings; keys that collide get a suffix.
    """
    return (
        _edited(payload, [(hit.places, replacement(hit, action, token), STRENGTH[action]) for hit, action in edits]) if edits else payload
    )


def replacement(hit: Hit, action: Action, token: Callable[[Hit], str]) -> str:
    """Return what stands in place of a value."""
    name = hit.detector.rpartition("/")[2]
    if action == "redact":
        return f"[redacted:{name}]"
    if action == "hash":
        return f"[{name}:{token(hit)}]"
    plain = "".join(char for char in hit.value if char.isalnum())
    if len(plain) <= _WHOLLY_MASKED_MAX:
        return "*" * max(len(plain), _VISIBLE)
    return "*" * min(len(plain) - _VISIBLE, _STARS_MAX) + plain[-_VISIBLE:]


def _edited(payload: bytes, edits: list[_Edit]) -> bytes:
    by_token: dict[int, list[_Edit]] = {}
    for edit in edits:
        by_token.setdefault(edit[0][0].at, []).append(edit)
    changed: dict[int, tuple[int, bytes]] = {}
    renamed: dict[int, str] = {}
    for at, some in by_token.items():
        match = _TOKEN.match(payload, at)
        assert match is not None, "a hit of another payload"
        raw = match.group()
        text = decode(raw) if raw[:1] == b'"' else raw.decode()
        spans = _spans(text, some)
        if raw[:1] != b'"':
            changed[at] = match.end(), _quoted(_spliced(text, spans)).encode()
        elif _COLON.match(payload, match.end()):
            renamed[at] = _spliced(text, spans)
            changed[at] = match.end(), _raw_spliced(raw, spans)
        else:
            changed[at] = match.end(), _raw_spliced(raw, spans)
    if renamed:
        for at, name in unique_keys(payload, renamed).items():
            if name != renamed[at]:
                changed[at] = changed[at][0], changed[at][1][:-1] + _quoted(name[len(renamed[at]) :]).encode()[1:]
    return _joined(payload, changed)


def _joined(payload: bytes, changed: dict[int, tuple[int, bytes]]) -> bytes:
    pieces: list[bytes] = []
    place = 0
    for at in sorted(changed):
        end, raw = changed[at]
        pieces += (payload[place:at], raw)
        place = end
    return b"".join((*pieces, payload[place:]))


def _spans(text: str, edits: list[_Edit]) -> list[_Span]:
    """Return what to put where in a token's text, ascending and without overlaps."""
    inner: dict[tuple[int, int], list[_Edit]] = {}
    spans: list[_Span] = []
    for places, new, strength in edits:
        first = places[0]
        if len(places) > 1:
            inner.setdefault((first.start, first.end), []).append((places[1:], new, strength))
        else:
            spans.append((first.start, first.end, new, strength))
    for (start, end), some in inner.items():
        body = _edited(text[start:end].encode(errors="surrogatepass"), some)
        spans.append((start, end, body.decode(errors="surrogatepass"), 0))
    merged: list[_Span] = []
    for span in sorted(spans):
        if merged and span[0] < merged[-1][1]:
            last = merged.pop()
            strongest = max(last, span, key=lambda one: (one[3], one[1] - one[0]))
            span = (last[0], max(last[1], span[1]), strongest[2], strongest[3])
        merged.append(span)
    return merged


def _spliced(text: str, spans: list[_Span]) -> str:
    pieces: list[str] = []
    place = 0
    for start, end, new, _ in spans:
        pieces += (text[place:start], new)
        place = end
    return "".join((*pieces, text[place:]))


def _raw_spliced(raw: bytes, spans: list[_Span]) -> bytes:
    """Return a string token with spans of its text replaced; the rest keeps its own way of escaping."""
    body = raw[1:-1]
    where = _RawPlaces(body)
    pieces: list[bytes] = [b'"']
    place = 0
    for start, end, new, _ in spans:
        pieces += (body[place : where(start)], _quoted(new).encode(errors="surrogatepass")[1:-1])
        place = where(end)
    return b"".join((*pieces, body[place:], b'"'))


def _quoted(text: str) -> str:
    """Return a JSON string; lone surrogates, which UTF-8 does not know, stay escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)


class _RawPlaces:
    """Where characters of a decoded string stand in its raw form: characters in, bytes out."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._simple = b"\\" not in body and body.isascii()
        self._text: list[int] = []
        self._raw: list[int] = []
        self._runs: list[str | None] = []
        if self._simple:
            return
        place = 0
        for match in _UNIT.finditer(body):
            run = match.group(2)
            self._text.append(place)
            self._raw.append(match.start())
            self._runs.append(None if run is None else run.decode())
            place += 1 if run is None else len(self._runs[-1] or "")
        self._text.append(place)
        self._raw.append(len(body))
        self._runs.append(None)

    def __call__(self, place: int) -> int:
        if self._simple:
            return place
        unit = bisect_right(self._text, place) - 1
        run = self._runs[unit]
        return self._raw[unit] + (len(run[: place - self._text[unit]].encode()) if run else 0)
