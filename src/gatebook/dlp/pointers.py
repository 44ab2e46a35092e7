"""JSON pointers (RFC 6901) of tokens, for those tokens only that a finding stands in."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import add

from gatebook.dlp.document import Document, Token
from gatebook.dlp.hit import Exhausted

# The signs of a document in which each string is one quote. An object without containers in it is one match, also with the comma behind it, and so is a member
# with a plain value: most of a document is passed over quickly.
_STEP = re.compile(
    r"\{[^{}\[\]]*+\}\s*,?"
    r'|(")\s*:\s*(?:[^\s{}\[\],]+\s*,?)?'
    r'|"|[\[{\]},]|[^\s"{}\[\],:]+'
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
    wanted = [(skeleton.place(token), token) for token in reversed(tokens)]
    found: dict[int, tuple[str, str]] = {}
    frames: list[_Frame] = []
    for match in _STEP.finditer(skeleton.text):
        if not wanted:
            break
        start, end = match.span()
        first, last = skeleton.text[start], skeleton.text[end - 1]
        flat = first == "{" and last != "{"
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
        if last == ",":
            if not keyed and frames[-1].in_array:
                frames[-1].step += 1
        elif flat:
            continue
        elif last in "{[":
            frames.append(_Frame(last == "["))
        elif last in "}]":
            frames.pop()
    return found


class _Skeleton:
    """A document in which each string is one quote: `text`, with the way between places in it and in the document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        between = document.pieces[::2]
        self.text = '"'.join(between)
        self._places: list[int] = list(map(add, accumulate(map(len, between)), range(len(between))))

    def place(self, token: Token) -> int:
        """Return where a token is."""
        place = self._places[token.number]
        return place if token.is_string else place - self.document.starts[token.number] + token.at

    def string(self, place: int) -> int:
        """Return which string is the quote at a place."""
        return bisect_left(self._places, place)


def escape(name: str) -> str:
    """Return a name as it stands in a pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _member(document: Document, token: Token, plain: str, safe: str, hidden: Mapping[int, str]) -> tuple[str, str]:
    number = document.key_of(token)
    name = document.said(number)
    if "~" in name or "/" in name:
        name = escape(name)
    pointer = f"{plain}/{name}"
    if not hidden:
        return pointer, pointer
    at = document.starts[number]
    return pointer, f"{safe}/{escape(hidden[at]) if at in hidden else name}"


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
    number = skeleton.string(frame.step)
    name, at = escape(skeleton.document.said(number)), skeleton.document.starts[number]
    return name, escape(hidden[at]) if at in hidden else name
