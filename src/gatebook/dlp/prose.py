"""The texts of a payload: what its string tokens say, keys and JSON within text included, and where each stands."""

import re
from collections.abc import Iterator

from msgspec import Struct

from gatebook.dlp.document import Document, Token, check
from gatebook.dlp.hit import Exhausted, Limits, Place

_EMBEDDED_DEPTH_MAX = 8
_WORD = re.compile(r"[^\W\d_]{2}")
_EMBEDS = re.compile(r"\s{0,64}[\[{\"]")


class Text(Struct, frozen=True, kw_only=True):
    """One text. `at`: offset of its token in `document`, the payload; `around`: the JSON within text that it stands in, outermost first; `inner`: its token in the last of them."""

    text: str
    document: Document
    at: int
    in_key: bool
    around: tuple[Place, ...] = ()
    inner: int = 0

    def places(self, start: int, end: int) -> tuple[Place, ...]:
        """Return the way to a span of it, as redaction needs it."""
        return (*self.around, Place(at=self.inner, start=start, end=end))


def texts(payload: bytes, limits: Limits) -> list[Text]:
    """Return the texts that hold a word, in order. Raises Exhausted when there are too many, or the payload cannot be read."""
    check(payload)
    document = Document(payload)
    found: list[Text] = []
    for token in document.strings():
        in_key = token.is_key
        for around, inner, text in _of(document, token, (), _EMBEDDED_DEPTH_MAX):
            found.append(Text(text=text, document=document, at=token.at, in_key=in_key, around=around, inner=inner))
            if len(found) > limits.texts_max:
                raise Exhausted("too_many")
    return found


def _of(document: Document, token: Token, around: tuple[Place, ...], depth: int) -> Iterator[tuple[tuple[Place, ...], int, str]]:
    text = token.text
    body = text.strip()
    if depth > 0 and _EMBEDS.match(text) and (embedded := _embedded(body)) is not None:
        start = text.find(body[:1])
        place = Place(at=token.at, start=start, end=start + len(body))
        for inner in embedded.strings():
            yield from _of(embedded, inner, (*around, place), depth - 1)
    elif _WORD.search(text):
        yield around, token.at, text


def _embedded(body: str) -> Document | None:
    raw = body.encode(errors="surrogatepass")
    try:
        check(raw)
    except Exhausted:
        return None
    return Document(raw)
