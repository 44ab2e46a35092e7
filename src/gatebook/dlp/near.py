"""What nearly was a find: text that looks like a value but fails its check, or lacks a word nearby. For people who try a detector."""

from collections.abc import Collection, Iterator
from typing import Literal

from msgspec import Struct

from gatebook.dlp.around import Around, Purse
from gatebook.dlp.document import Document, Token
from gatebook.dlp.hit import Exhausted, Place
from gatebook.dlp.matcher import Matcher
from gatebook.dlp.prefilter import TooManyPlaces
from gatebook.dlp.run import words_of_key
from gatebook.dlp.scanner import Scanner

_APART = 4
_PLACES_MAX = 2_000
_CANDIDATES_MAX = 5_000
_TEXT_MAX = 20_000
_OF_ONE_MAX = 5


class NearMiss(Struct, frozen=True, kw_only=True):
    """A candidate that is no find. `why`: check (checksum or another check fails) or context (no word of the detector stands near)."""

    detector: str
    value: str
    place: Place
    why: Literal["check", "context"]


def near_misses(scanner: Scanner, payload: bytes, detectors: Collection[str]) -> list[NearMiss]:
    """Return some candidates of these detectors that are no finds, in JSON text that has been scanned; what is encoded in it is not looked into."""
    document = Document(payload)
    purse = Purse(_CANDIDATES_MAX, 0)
    found: list[NearMiss] = []
    for name in sorted(detectors):
        matcher = scanner.engine.matchers[name]
        if matcher.validate is None and not matcher.context:
            continue
        own: list[NearMiss] = []
        try:
            for token in _tokens(scanner, document, name):
                own += _missed(matcher, document, token, purse)
                if len(own) >= _OF_ONE_MAX:
                    break
        except (Exhausted, TooManyPlaces):
            continue
        found += own[:_OF_ONE_MAX]
    return found


def _tokens(scanner: Scanner, document: Document, name: str) -> Iterator[Token]:
    found = document.tokens(scanner.engine.locate.ends(name, document.payload, _APART, _PLACES_MAX))
    yield from (found[at] for at in sorted(found))


def _missed(matcher: Matcher, document: Document, token: Token, purse: Purse) -> Iterator[NearMiss]:
    text = token.text[:_TEXT_MAX]
    key = "" if token.is_key else words_of_key("", document.names(token))
    for match in matcher.pattern.finditer(text):
        purse.candidate()
        group: str | int = matcher.group if matcher.group and match.start(matcher.group) >= 0 else 0
        start, end = match.span(group)
        around = Around(text, start, end, key, purse)
        passes = bool(matcher.validate(text[start:end], around)) if matcher.validate else end > start
        why: Literal["check", "context"] | None = "check" if not passes else None
        if passes and matcher.context and not around.near(matcher.context):
            why = "context"
        if why is not None and start < end:
            yield NearMiss(detector=matcher.detector.id, value=text[start:end], place=Place(at=token.at, start=start, end=end), why=why)
