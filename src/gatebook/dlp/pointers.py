"""JSON pointers (RFC 6901) of tokens, for those tokens only that a finding stands in."""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate

from gatebook.dlp.document import Document, Token, spoken
from gatebook.dlp.hit import Exhausted

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
STEP = re.compile(rb"(" + _STRING + rb")(\s*:)?|[\[{]|[\]}]|,|-?\d[\d.eE+-]*", re.DOTALL)
# The same where each string is one quote. An object without containers in it is one match, also with the comma behind it, and so is a member with a plain
# value: most of a document is passed over quickly.
_STEP = re.compile(
    rb"\{[^{}\[\]]*+\}\s*,?"
    rb'|(")\s*:\s*(?:[^\s{}\[\],]+\s*,?)?'
    rb'|"|[\[{\]},]|[^\s"{}\[\],:]+'
)


class _Frame:
    """A container that is open. `step`: the index of the current element, or where in the skeleton the current key is; and how that was written last."""

    __slots__ = ("in_array", "known", "step")

    def __init__(self, in_array: bool) -> None:
        self.in_array = in_array
        self.step = 0
        self.known: tuple[int, str, str] | None = None


def pointers(document: Document, tokens: Sequence[Token], depth_max: int, hidden: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """Return the pointer of the leaf, or of the member whose key it is, for the offset of each token, which come in order; and the same with the names in
    `hidden`, by key offset.

    Raises Exhausted when one stands deeper than allowed.
    """
    skeleton = _Skeleton(document)
    wanted = list(zip(skeleton.places([token.at for token in tokens]), tokens, strict=True))
    wanted.reverse()
    found: dict[int, tuple[str, str]] = {}
    frames: list[_Frame] = []
    for match in _STEP.finditer(skeleton.text):
        if not wanted:
            break
        start, end = match.span()
        first, last = skeleton.text[start], skeleton.text[end - 1]
        flat = first == 0x7B and last != 0x7B
        keyed = match.lastindex is not None
        if keyed and frames:
            frames[-1].step = start
        if wanted[-1][0] < end:
            if len(frames) + flat > depth_max:
                raise Exhausted("too_deep")
            plain, safe = _pointer(frames, skeleton, hidden)
            while wanted and wanted[-1][0] < end:
                token = wanted.pop()[1]
                found[token.at] = _member(document, token, plain, safe, hidden) if flat else (plain, safe)
        if last == 0x2C:
            if not keyed and frames[-1].in_array:
                frames[-1].step += 1
        elif flat:
            continue
        elif last == 0x7B or last == 0x5B:
            frames.append(_Frame(last == 0x5B))
        elif last == 0x7D or last == 0x5D:
            frames.pop()
    return found


class _Skeleton:
    """A document in which each string is one quote: `text`, with the way between places in it and in the document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        pieces = document.bare.split(b'"')
        self.text = b'"'.join(pieces[::2])
        self._before = list(accumulate(map(len, pieces[1::2]), initial=0))
        self._counted = self._quotes = 0

    def places(self, offsets: Sequence[int]) -> list[int]:
        """Return where the tokens are that stand at offsets of the document, which ascend."""
        places: list[int] = []
        counted = quotes = 0
        for at in offsets:
            quotes += self._document.bare.count(b'"', counted, at)
            counted = at
            places.append(at - self._before[quotes // 2] - quotes // 2)
        return places

    def key(self, place: int) -> tuple[int, bytes]:
        """Return the offset in the document and the raw string of the quote at a place. Places must ascend from call to call."""
        self._quotes += self.text.count(b'"', self._counted, place)
        self._counted = place
        at = place + self._before[self._quotes] + self._quotes
        end = at + self._before[self._quotes + 1] - self._before[self._quotes] + 2
        return at, self._document.payload[at:end]


def escape(name: str) -> str:
    """Return a name as it stands in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _member(document: Document, token: Token, plain: str, safe: str, hidden: Mapping[int, str]) -> tuple[str, str]:
    key_at, key = document.member_of(token)
    name = escape(key)
    pointer = f"{plain}/{name}"
    if not hidden:
        return pointer, pointer
    return pointer, f"{safe}/{escape(hidden[key_at]) if key_at in hidden else name}"


def _pointer(frames: list[_Frame], skeleton: _Skeleton, hidden: Mapping[int, str]) -> tuple[str, str]:
    """Return the pointer of where the frames stand, and the safe one. Each frame keeps its name, because the next token mostly has the same parents."""
    plain = safe = ""
    for frame in frames:
        if frame.known is None or frame.known[0] != frame.step:
            frame.known = frame.step, *_named(frame, skeleton, hidden)
        plain += f"/{frame.known[1]}"
        safe += f"/{frame.known[2]}"
    return plain, safe


def _named(frame: _Frame, skeleton: _Skeleton, hidden: Mapping[int, str]) -> tuple[str, str]:
    if frame.in_array:
        return str(frame.step), str(frame.step)
    at, key = skeleton.key(frame.step)
    name = escape(spoken(key)[0])
    return name, escape(hidden[at]) if at in hidden else name
