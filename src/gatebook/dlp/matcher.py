"""The exact patterns: which values of which detectors stand in a text. What the prefilter let through is decided here."""

import re
from collections.abc import Iterable

from msgspec import Struct

from gatebook.dlp.around import TRACE, Around, Purse, words_pattern
from gatebook.dlp.detector import Detector
from gatebook.dlp.prefilter import Prefilter
from gatebook.dlp.validators import VALIDATORS

_WHOLE_MAX = 2_048
_WINDOW = 320
_REACH = 20_000
_APART = 24
_PLACES_MAX = 200_000
_ESCAPED = re.compile(r"\\+[bfnrt\"'/]")


class Found(Struct, frozen=True):
    """A value in a text: detector, span, value."""

    detector: str
    start: int
    end: int
    value: str


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

    def find(self, text: str, key: str, purse: Purse, spans: Iterable[tuple[int, int]]) -> list[Found]:
        """Return the values in the given spans of a text that stands under `key`."""
        found: list[Found] = []
        for start, stop in spans:
            place = start
            while (match := self.pattern.search(text, place, stop)) is not None:
                if match.end() == stop < len(text):
                    match = self.pattern.match(text, match.start(), min(len(text), stop + _REACH)) or match
                purse.candidate()
                accepted = self._accept(match, text, key, purse)
                if accepted is None:
                    place = match.start() + 1
                    continue
                found.append(accepted)
                place = max(accepted.end, match.start() + 1)
        return found

    def _accept(self, match: re.Match[str], text: str, key: str, purse: Purse) -> Found | None:
        group: str | int = self.group if self.group and match.start(self.group) >= 0 else 0
        start, end = match.span(group)
        if start == end:
            return None
        around = Around(text, start, end, key, purse)
        size = self.validate(text[start:end], around) if self.validate else end - start
        if not size or (self.context and not around.near(self.context)) or _taken_out(text, start, start + size):
            return None
        return Found(self.detector.id, start, start + size, text[start : start + size])


def _taken_out(text: str, start: int, end: int) -> bool:
    """Whether the span lies in what redaction has put there: a second scan must not find its own traces."""
    if "]" not in text:
        return False
    opening = text.rfind("[", max(0, start - 64), start + 1)
    match = TRACE.match(text, opening) if opening >= 0 else None
    return match is not None and match.end() >= end


def find_all(matchers: Iterable[Matcher], locate: Prefilter, text: str, key: str, purse: Purse) -> list[Found]:
    """Return what the matchers find in a text that stands under `key`; a value right behind an escape that was left in the text is found as well."""
    found = _find(matchers, locate, text, key, purse)
    if "\\" in text and _ESCAPED.search(text):
        blanked = _ESCAPED.sub(_blank, text)
        found += _find(matchers, locate, blanked, key, purse)
    return found


def _blank(match: re.Match[str]) -> str:
    """Return what an escape that was left in the text means, as long as the escape is."""
    last = match.group()[-1]
    return ("\n" if last in "nr" else last if last in "\"'/" else " ").rjust(len(match.group()))


def _find(matchers: Iterable[Matcher], locate: Prefilter, text: str, key: str, purse: Purse) -> list[Found]:
    found: list[Found] = []
    data: bytes | None = None
    for matcher in matchers:
        spans: Iterable[tuple[int, int]] = ((0, len(text)),)
        if len(text) > _WHOLE_MAX:
            data = text.encode(errors="surrogatepass") if data is None else data
            spans = _windows(matcher, locate, text, data)
        found += matcher.find(text, key, purse, spans)
        if matcher.keyed and key:
            shift = len(key) + 1
            pair = matcher.find(f"{key}={text[:_WHOLE_MAX]}", "", purse, ((0, shift + min(len(text), _WHOLE_MAX)),))
            found += [Found(one.detector, one.start - shift, one.end - shift, one.value) for one in pair if one.start >= shift]
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
