"""Scans a payload: prefilter, then the tokens that it names, then what they hide. Read this first.

1. One pass of the prefilter over the raw bytes says which detectors and codings may occur. Mostly none: the payload is clean.
2. Only then are string tokens looked for. Each token that a probe points at is decoded and matched exactly, with its key as context.
3. Tokens with codings (look-alikes, percent, entities, base64, ...) are decoded, and what comes out is scanned in the same way, to a limited depth.
"""

from collections.abc import Callable, Iterable

from gatebook.dlp import opaque
from gatebook.dlp.around import words_probe
from gatebook.dlp.detector import Detector
from gatebook.dlp.hit import Exhausted, Hit, Limits, Scanned
from gatebook.dlp.matcher import Matcher
from gatebook.dlp.prefilter import Prefilter
from gatebook.dlp.run import UNICODE_SIGN, Engine, Run
from gatebook.record.parts import Severity

_SIGNS = {
    "~escape": r"\\u[0-9a-fA-F]|\\\\x[0-9a-fA-F]{2}",
    UNICODE_SIGN: r"\xc2[\xa0\xad]|\xc3\x97|[\xc4-\xcb\xce-\xdf][\x80-\xbf]|[\xcc\xcd][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xe1[\x80-\xbf]{2}"
    r"|\xe2\x80[\x80-\x92\x94\x95\xa4\xa8-\xaf]|\xe2[\x81-\x93\x9f\xa0\xb1-\xb7][\x80-\xbf]|\xe2\x88[\x92\x95\xb6]|\xe3[\x80\x85\x88-\x8f][\x80-\xbf]|\xea[\x80-\xbf]{2}"
    r"|\xef[\xa4-\xbf][\x80-\xbf]|\xf0\x9d[\x80-\xbf]|\xf0\x9f[\x84-\x87\xaf]|\xf0[\x90-\x9c\x9e][\x80-\xbf]|\xf3\xa0",
    "~percent": r"%[2-7][0-9a-fA-F]",
    "~entity": r"&(?:#[0-9xX]|commat;|period;|lowbar;|hyphen;|dash;|colon;|sol;|plus;|equals;|num;|nbsp;|shy;|amp;(?:#|commat))",
    "~quoted": r"=(?:3D|40|2E|2D|5F|\\r|\\n)",
    "~form": r"=[A-Za-z0-9%._*~-]{1,40}\+[A-Za-z0-9%]",
    "~marks": r"[0-9A-Za-z@._-](?:\*\*|~~|``)\*?[0-9A-Za-z@._-]|[0-9A-Za-z]\\{1,2}[_.*~+@-][0-9A-Za-z]",
    **opaque.SIGNS,
}
CLEAN = Scanned()


class Scanner:
    """Compiled detectors. May be used by several threads. Raises ValueError when a probe does not compile, re.error for a pattern, KeyError for a validator.

    `clock` returns seconds on a monotonic clock, for the budget of time; the default stands still, which is no budget.
    """

    def __init__(self, detectors: Iterable[Detector], limits: Limits | None = None, clock: Callable[[], float] = lambda: 0.0) -> None:
        self.limits = limits or Limits()
        self._clock = clock
        chosen = {detector.id: detector for detector in detectors}
        probes = {name: probe_of(detector) for name, detector in chosen.items()}
        first = {name: words_probe(detector.context) if detector.context else probes[name] for name, detector in chosen.items()}
        signs = dict(_SIGNS)
        if any(detector.probe is None for detector in chosen.values()):
            signs["~backslash"] = r"\\[\"\\/bfnrt]"
        self._engine = Engine(
            matchers={name: Matcher(detector) for name, detector in chosen.items()},
            context=frozenset(name for name, detector in chosen.items() if detector.context),
            first=Prefilter({**first, **signs, opaque.BLOB_SIGN: opaque.BLOB_PROBE}),
            locate=Prefilter({**probes, **signs}, apart=True),
            signs=frozenset(signs),
        )

    def scan(self, payload: bytes) -> Scanned:
        """Scan a JSON text. A fault in the outcome means that the payload was not scanned to its end: block it."""
        if len(payload) > self.limits.scan_bytes_max:
            return Scanned(fault="too_large")
        run = Run(self._engine, self.limits, self._clock)
        try:
            hits = run.scan(payload)
        except Exhausted as exhausted:
            return Scanned(fault=exhausted.fault)
        return Scanned(hits=hits) if hits else CLEAN

    def may_hold(self, payload: bytes) -> set[str]:
        """Return the names of the probes that match: what the first pass lets through, at the speed of the first pass."""
        return self._engine.first.alive(payload)

    @property
    def engine(self) -> Engine:
        """The compiled detectors."""
        return self._engine

    @property
    def detectors(self) -> dict[str, Detector]:
        """What is looked for, by id."""
        return {name: matcher.detector for name, matcher in self._engine.matchers.items()}

    def severity(self, detector: str) -> Severity:
        """Return the severity of one of the detectors."""
        return self._engine.matchers[detector].detector.severity


def probe_of(detector: Detector) -> str:
    """Return the pattern that finds the places where a value may stand in raw text."""
    if detector.probe is not None:
        return detector.probe
    return detector.pattern.removeprefix(r"\b").removesuffix(r"\b")


__all__ = ["CLEAN", "Hit", "Scanner", "probe_of"]
