"""The exact patterns: which values of which detectors stand in a text. What the prefilter let through is decided here."""

import re
from collections.abc import Iterable
from itertools import repeat

from msgspec import Struct

from gatebook.dlp.around import TRACE, Around, Purse, words_pattern
from gatebook.dlp.detector import Detector
from gatebook.dlp.document import SIMPLE_MAX, Token
from gatebook.dlp.hit import Place
from gatebook.dlp.prefilter import Prefilter
from gatebook.dlp.validators import VALIDATORS

_WINDOW = 320
_REACH = 20_000
_APART = 24
_PLACES_MAX = 200_000
_ESCAPED = re.compile(r"\\+[bfnrt\"'/]")


class Find(Struct, frozen=True, gc=False):
    """A value in the text of one token. `layers`: the codings around it. `inner`: where it stands in the JSON that the text is; empty when the span itself
    is meant.
    """

    detector: str
    start: int
    end: int
    value: str
    layers: tuple[str, ...] = ()
    inner: tuple[Place, ...] = ()


class Matcher:
    """One detector, compiled. Raises re.error or KeyError for what does not exist."""

    __slots__ = ("context", "detector", "group", "keyed", "pattern", "validate")

    def __init__(self, detector: Detector) -> None:
        self.detector = detector
        self.pattern = re.compile(detector.pattern, re.ASCII)
        self.group = "value" if "value" in self.pattern.groupindex else None
        self.validate = VALIDATORS[detector.validator] if detector.validator else None
        self.context = detector.context
        self.keyed = detector.keyed
        if detector.context:
            words_pattern(detector.context)

    def find(self, text: str, key: str, purse: Purse, spans: Iterable[tuple[int, int]] | None = None) -> list[Find]:
        """Return the values in a text that stands under `key`, or in the given spans of it."""
        found: list[Find] = []
        search, size, around = self.pattern.search, len(text), Around(text, 0, 0, key, purse)
        for start, stop in ((0, size),) if spans is None else spans:
            match = search(text, start, stop)
            while match is not None:
                if match.end() == stop < size:
                    match = self.pattern.match(text, match.start(), min(size, stop + _REACH)) or match
                purse.candidate()
                place = match.start() + 1
                around.start, around.end = match.span() if self.group is None else self._span(match)
                held = self._held(around) if around.start < around.end else 0
                if held:
                    end = around.start + held
                    found.append(Find(self.detector.id, around.start, end, text[around.start : end]))
                    place = max(end, place)
                match = search(text, place, stop)
        return found

    def _span(self, match: re.Match[str]) -> tuple[int, int]:
        if self.group is None or match.start(self.group) < 0:
            return match.span()
        return match.span(self.group)

    def _held(self, around: Around) -> int:
        """Return how many characters of a candidate are a value; 0 for none."""
        text, start, end = around.text, around.start, around.end
        held = self.validate(text[start:end], around) if self.validate else end - start
        if not held or (self.context and not around.near(self.context)) or ("]" in text and _taken_out(text, start, start + held)):
            return 0
        return held

    def find_in(self, tokens: list[Token], purse: Purse, finds: dict[Token, list[Find]]) -> None:
        """Add the values in each of many simple tokens, which have their keys, to `finds`. Mostly a text is one value or none."""
        name, validate, context, group = self.detector.id, self.validate, self.context, self.group
        around = Around("", 0, 0, "", purse)
        matches = repeat(None) if group else map(self.pattern.match, [token.text for token in tokens])
        for token, match in zip(tokens, matches, strict=False):
            text, key = token.text, token.key or ""
            size, begin = len(text), 0
            held = -1
            if match is not None and match.end() == size:
                purse.candidate()
                around.text, around.end, around.key = text, size, key
                held = validate(text, around) if validate else size
            if held == size and "]" not in text and (not context or around.near(context)):
                found = [Find(name, 0, size, text)]
            else:
                # What was no value at the very beginning is not tried again.
                begin = int(held == 0 or (match is None and not group))
                found = self.find(text, key, purse, ((begin, size),))
            if self.keyed:
                found += self.find_pair(text, key, purse)
            if found:
                finds[token] = finds[token] + found if token in finds else found

    def find_pair(self, text: str, key: str, purse: Purse) -> list[Find]:
        """Return the values in a text that is written behind its key."""
        if not key:
            return []
        shift = len(key) + 1
        pair = self.find(f"{key}={text[:SIMPLE_MAX]}", "", purse)
        return [Find(one.detector, one.start - shift, one.end - shift, one.value) for one in pair if one.start >= shift]


def _taken_out(text: str, start: int, end: int) -> bool:
    """Whether the span lies in what redaction has put there: a second scan must not find its own traces."""
    opening = text.rfind("[", max(0, start - 64), start + 1)
    match = TRACE.match(text, opening) if opening >= 0 else None
    return match is not None and match.end() >= end


def find_all(matchers: Iterable[Matcher], locate: Prefilter, text: str, key: str, purse: Purse) -> list[Find]:
    """Return what the matchers find in a text that stands under `key`; a value right behind an escape that was left in the text is found as well."""
    found = _find(matchers, locate, text, key, purse)
    if "\\" in text and _ESCAPED.search(text):
        found += _find(matchers, locate, _ESCAPED.sub(_blank, text), key, purse)
    return found


def _blank(match: re.Match[str]) -> str:
    """Return what an escape that was left in the text means, as long as the escape is."""
    last = match.group()[-1]
    return ("\n" if last in "nr" else last if last in "\"'/" else " ").rjust(len(match.group()))


def _find(matchers: Iterable[Matcher], locate: Prefilter, text: str, key: str, purse: Purse) -> list[Find]:
    found: list[Find] = []
    data = text.encode(errors="surrogatepass") if len(text) > SIMPLE_MAX else None
    for matcher in matchers:
        found += matcher.find(text, key, purse, None if data is None else _windows(matcher, locate, text, data))
        if matcher.keyed:
            found += matcher.find_pair(text, key, purse)
    return found


def _windows(matcher: Matcher, locate: Prefilter, text: str, data: bytes) -> list[tuple[int, int]]:
    """Return the spans of a long text around the places that the prefilter names."""
    ends = locate.ends(matcher.detector.id, data, _APART, _PLACES_MAX)
    windows: list[tuple[int, int]] = []
    ascii_only = len(data) == len(text)
    characters = counted = 0
    for end in ends:
        if ascii_only:
            place = end
        else:
            characters += len(data[counted:end].decode(errors="ignore"))
            counted = end
            place = characters
        start, stop = max(0, place - _WINDOW), min(len(text), place + _WINDOW)
        if windows and start <= windows[-1][1]:
            windows[-1] = (windows[-1][0], stop)
        else:
            windows.append((start, stop))
    return windows
