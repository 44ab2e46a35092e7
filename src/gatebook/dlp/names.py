"""Names of people and places in prose, which patterns cannot find: what they are called here, and how what a language model found joins a scan.

The model runs elsewhere. A scan that needs what it says about a payload raises Unread; whoever can ask it does, and begins the scan again.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from gatebook.dlp.around import TRACE
from gatebook.dlp.document import Document
from gatebook.dlp.hit import Exhausted, Fault, Hit, Scanned
from gatebook.dlp.pointers import pointers
from gatebook.dlp.prose import Text, texts
from gatebook.dlp.scanner import CLEAN, Scanner
from gatebook.record.parts import Severity

Entity = Literal["PERSON", "LOCATION", "ORGANIZATION", "NRP", "DATE_TIME"]
FAMILY = "ner/"
UNREAD = "ner/unread"

# Runs of stars that masking leaves, with what may stand behind them.
_MASK = re.compile(r"\*{3,12}[^\W_]{0,4}")
_SAYS_SOMETHING = re.compile(r"[^\W\d_]{2}")


class NameKind(Struct, frozen=True, kw_only=True):
    """One kind of name: the detector, what Presidio calls it, and what it is for people."""

    id: str
    entity: Entity
    title: str
    severity: Severity


KINDS: Mapping[str, NameKind] = {
    kind.id: kind
    for kind in (
        NameKind(id="ner/person", entity="PERSON", title="Name of a person", severity="medium"),
        NameKind(id="ner/location", entity="LOCATION", title="Place or address", severity="low"),
        NameKind(id="ner/organization", entity="ORGANIZATION", title="Company, authority or other body", severity="low"),
        NameKind(id="ner/nrp", entity="NRP", title="Nationality, religious or political group", severity="high"),
        NameKind(id="ner/date_time", entity="DATE_TIME", title="Date or time in words", severity="low"),
    )
}
_IDS = {kind.entity: kind.id for kind in KINDS.values()}


class Named(Struct, frozen=True):
    """What the model said about the texts of one payload: number of the text, start, end and entity of each find; or why it said nothing."""

    finds: tuple[tuple[int, int, int, str], ...] = ()
    fault: Fault | None = None


class Unread(Exception):
    """Raised by a scan that needs what the model says about the `texts` of `payload`."""

    def __init__(self, payload: bytes, texts: tuple[str, ...]) -> None:
        super().__init__("names have not been looked for")
        self.payload = payload
        self.texts = texts


class NamesScanner:
    """A scanner that also finds the names in one payload, and in what is left of it after redaction.

    `known` holds what the model said, by payload. `lenient`: a payload that the model could not read counts as one without names; `unread` is then the reason.
    """

    def __init__(self, scanner: Scanner, payload: bytes, known: Mapping[bytes, Named], *, lenient: bool) -> None:
        self._scanner = scanner
        self._payload = payload
        self._known = known
        self._lenient = lenient
        self.unread: Fault | None = None

    def scan(self, payload: bytes) -> Scanned:
        """Scan a JSON text as Scanner does. Raises Unread."""
        plain = self._scanner.scan(payload)
        if plain.fault is not None:
            return plain
        limits = self._scanner.limits
        try:
            found = texts(payload, limits)
            if not found:
                return plain
            named = self._known.get(payload)
            if named is None:
                raise Unread(payload, tuple(one.text for one in found))
            if named.fault is not None and self._lenient:
                self.unread = named.fault
                return plain
            if named.fault is not None:
                return Scanned(fault=named.fault)
            names = _finds(found, named, again=payload is not self._payload)
            hits = _joined(plain.hits, names, found[0].document, limits.depth_max) if names else plain.hits
        except Exhausted as exhausted:
            return Scanned(fault=exhausted.fault)
        if len(hits) > limits.hits_max:
            return Scanned(fault="too_many")
        return Scanned(hits=hits) if hits else CLEAN

    def severity(self, detector: str) -> Severity:
        """Return the severity of a detector."""
        kind = KINDS.get(detector)
        return self._scanner.severity(detector) if kind is None else kind.severity


class _Find(Struct, frozen=True):
    """A name in a text."""

    text: Text
    detector: str
    start: int
    end: int


def _finds(found: Sequence[Text], named: Named, *, again: bool) -> list[_Find]:
    return [
        _Find(found[number], _IDS[entity], start, end)
        for number, first, last, entity in named.finds
        if entity in _IDS and 0 <= number < len(found)
        for start, end in _pieces(found[number].text, first, last, again=again)
    ]


def _joined(plain: Sequence[Hit], names: Sequence[_Find], document: Document, depth_max: int) -> tuple[Hit, ...]:
    """Return all hits in order. Pointers are made anew: a key that holds a name must not show in the place of another find, nor the other way round."""
    hidden = {hit.places[0].at: f"[redacted:{hit.detector.rpartition('/')[2]}]" for hit in plain if hit.in_key}
    hidden |= {find.text.at: f"[redacted:{find.detector.removeprefix(FAMILY)}]" for find in names if find.text.in_key}
    offsets = {hit.places[0].at for hit in plain} | {find.text.at for find in names}
    tokens = [token for at in sorted(offsets) if (token := document.token(at)) is not None]
    paths = pointers(document, tokens, depth_max, hidden)
    hits = [replace(hit, safe_pointer=paths[hit.places[0].at][1]) for hit in plain]
    hits += [_hit(find, paths[find.text.at]) for find in names]
    return tuple(sorted(hits, key=lambda hit: (hit.places[0].at, hit.places[0].start)))


def _hit(find: _Find, path: tuple[str, str]) -> Hit:
    return Hit(
        detector=find.detector,
        pointer=path[0],
        safe_pointer=path[1],
        in_key=find.text.in_key,
        value=find.text.text[find.start : find.end],
        layers=("json",) * len(find.text.around),
        places=find.text.places(find.start, find.end),
    )


def _pieces(text: str, start: int, end: int, *, again: bool) -> Iterator[tuple[int, int]]:
    """Yield what of a find is not what redaction has put there: a second scan must not find its own traces. `again`: masks are traces too."""
    start, end = max(0, start), min(end, len(text))
    traces = [match.span() for match in TRACE.finditer(text)] if "]" in text else []
    if again:
        traces = sorted(traces + [match.span() for match in _MASK.finditer(text)])
    for trace_start, trace_end in traces:
        if trace_end <= start or trace_start >= end:
            continue
        if _SAYS_SOMETHING.search(text, start, trace_start):
            yield start, trace_start
        start = trace_end
    if start < end and _SAYS_SOMETHING.search(text, start, end):
        yield start, end
