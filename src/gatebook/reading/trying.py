"""A text that somebody wants to try guardrails on: what is found in it, what it becomes, and which guardrail acts. Nothing is kept of it."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from secrets import token_bytes
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from gatebook.dlp.document import decode
from gatebook.dlp.guardrail import Direction, Guardrail, Judged, Verdict, apply, judge
from gatebook.dlp.hit import Hit, Place
from gatebook.dlp.near import near_misses
from gatebook.dlp.scanner import Scanner
from gatebook.dlp.shape import shape
from gatebook.reading.backtesting import without_values
from gatebook.record.parts import Severity

BYTES_MAX: Final = 64 * 1024
_FINDS_MAX: Final = 200
_NEAR_MAX: Final = 20
Spans = Annotated[tuple[tuple[int, int], ...], Meta(description="Where: beginning and end in characters of the text.")]


class TriedFind(Struct, frozen=True, kw_only=True):
    """What one detector found at one place."""

    detector: str
    severity: Severity
    pointer: Annotated[str, Meta(description="JSON pointer of the leaf; empty in plain text.")]
    in_key: bool
    count: int
    shape: Annotated[str, Meta(description="The first value with # for each digit and * for each letter.")]
    layers: Annotated[tuple[str, ...], Meta(description="Codings around it, outermost first.")]
    guardrail: Annotated[str, Meta(description="What decides about it; empty where no guardrail looks for it here.")]
    action: Annotated[str, Meta(description="What is done: log, redact, mask_last4, hash, block, or none.")]
    observed: Annotated[bool, Meta(description="The guardrail only observes.")]
    spans: Spans


class TriedNear(Struct, frozen=True, kw_only=True):
    """What looks like a value and is none. `why`: check (its checksum or another check fails), context (no word of the detector stands near)."""

    detector: str
    shape: str
    why: str
    words: Annotated[tuple[str, ...], Meta(description="Words of which one would have to stand near.")]
    spans: Spans


class TriedGuardrail(Struct, frozen=True, kw_only=True):
    """A guardrail that is about this part and tool."""

    guardrail: str
    action: str
    observed: bool
    finds: Annotated[int, Meta(description="Values that its detectors found.")]
    min_count: int
    applies: Annotated[bool, Meta(description="It has found as many as it needs.")]
    some: Annotated[bool, Meta(description="It is about some callers, hours or networks only.")]


class Tried(Struct, frozen=True, kw_only=True):
    """What guardrails make of a text."""

    part: str
    is_json: Annotated[bool, Meta(description="The text was read as JSON; else as one piece of text.")]
    effect: Annotated[str, Meta(description="allowed, redacted or blocked.")]
    reason: Annotated[str, Meta(description="What the caller would read; may be empty.")]
    fault: Annotated[str | None, Meta(description="Why it cannot be scanned to its end, where it cannot.")]
    becomes: Annotated[
        str | None, Meta(description="What passes on; null when it is blocked. Tokens of `hash` are others than those of this deployment.")
    ]
    kept: Annotated[
        str | None, Meta(description="What the book would keep of a blocked text; null when it is not blocked, or kept as it is.")
    ]
    found: list[TriedFind]
    more: Annotated[int, Meta(description="Places that are left out of `found`.")]
    near: list[TriedNear]
    guardrails: list[TriedGuardrail]


class Trial(Struct, frozen=True, kw_only=True):
    """What a text is tried on. `scanner` is that of the guardrails, None without any; `every` looks for all there is. `some`: names of guardrails of some callers."""

    part: Direction
    rules: tuple[Guardrail, ...]
    scanner: Scanner | None
    every: Scanner
    some: frozenset[str]


def try_text(text: str, trial: Trial) -> Tried:
    """Look at a text of at most BYTES_MAX bytes."""
    is_json = _is_json(text)
    payload = (text if is_json else json.dumps(text, ensure_ascii=False)).encode(errors="surrogatepass")
    rules, scanner = trial.rules, trial.scanner or trial.every
    scanned = scanner.scan(payload)
    verdict = apply(payload, scanned, trial.part, rules, token_bytes(32), scanner)
    known = scanner.detectors if trial.scanner is not None else {}
    others = [hit for hit in trial.every.scan(payload).hits if hit.detector not in known]
    hits = [hit for hit in scanned.hits if hit.detector in known] + others
    places = _Places(payload if is_json else None)
    judged = judge(Counter(hit.detector for hit in hits), rules)
    found = _found(hits, judged, trial, places)
    return Tried(
        part=trial.part,
        is_json=is_json,
        effect={"blocked": "blocked", "redacted": "redacted"}.get(verdict.effect, "allowed"),
        reason=verdict.reason,
        fault=scanned.fault,
        becomes=None if verdict.effect == "blocked" else _shown(verdict.body, is_json),
        kept=_kept(verdict, is_json),
        found=found[:_FINDS_MAX],
        more=max(0, len(found) - _FINDS_MAX),
        near=[] if scanned.fault else _near(payload, trial, hits, places),
        guardrails=[_guardrail(rule, hits, judged, trial.some) for rule in rules],
    )


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return False
    return True


def _shown(body: bytes, is_json: bool) -> str:
    text = body.decode(errors="replace")
    return text if is_json else str(json.loads(text))


def _kept(verdict: Verdict, is_json: bool) -> str | None:
    return None if verdict.safe_body is None else _shown(verdict.safe_body, is_json)


def _found(hits: Iterable[Hit], judged: Judged, trial: Trial, places: "_Places") -> list[TriedFind]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[Hit]] = {}
    values = {hit.value for hit in hits}
    for hit in sorted(hits, key=lambda hit: (hit.places[0].at, hit.places[0].start)):
        groups.setdefault((hit.detector, hit.pointer, hit.layers), []).append(hit)
    found = []
    for (detector, _, layers), some in groups.items():
        rule = judged.by_detector.get(detector) or next((rule for rule in judged.meant if rule.covers(detector)), None)
        found.append(
            TriedFind(
                detector=detector,
                severity=(rule.severity if rule else None) or trial.every.severity(detector),
                pointer=without_values(some[0].safe_pointer, values),
                in_key=some[0].in_key,
                count=len(some),
                shape=shape(some[0].value),
                layers=layers,
                guardrail=rule.id if rule else "",
                action=rule.action if rule else "none",
                observed=rule.observe if rule else False,
                spans=tuple(dict.fromkeys(places.span(hit.places[0]) for hit in some)),
            )
        )
    return found


def _near(payload: bytes, trial: Trial, hits: Collection[Hit], places: "_Places") -> list[TriedNear]:
    """What nearly was found, of the detectors that guardrails look for, or of all where there is no guardrail; not where something was found."""
    wanted = (trial.scanner or trial.every).detectors
    taken = [places.span(hit.places[0]) for hit in hits]
    near: list[TriedNear] = []
    for miss in near_misses(trial.every, payload, wanted):
        start, end = places.span(miss.place)
        if any(start < other[1] and other[0] < end for other in taken):
            continue
        words = wanted[miss.detector].context if miss.why == "context" else ()
        near.append(TriedNear(detector=miss.detector, shape=shape(miss.value), why=miss.why, words=words, spans=((start, end),)))
    return near[:_NEAR_MAX]


def _guardrail(rule: Guardrail, hits: Sequence[Hit], judged: Judged, some: Collection[str]) -> TriedGuardrail:
    finds = sum(rule.covers(hit.detector) for hit in hits)
    return TriedGuardrail(
        guardrail=rule.id,
        action=rule.action,
        observed=rule.observe,
        finds=finds,
        min_count=rule.min_count,
        applies=finds > 0 and rule in judged.meant,
        some=rule.id in some,
    )


class _Places:
    """From places in a payload to characters of the text that somebody wrote. `payload` None: the text is one piece."""

    def __init__(self, payload: bytes | None) -> None:
        self._payload = payload

    def span(self, place: Place) -> tuple[int, int]:
        """Beginning and end of a value; where its token is written with escapes, those of the whole token."""
        if self._payload is None:
            return place.start, place.end
        begins = len(self._payload[: place.at].decode(errors="surrogatepass"))
        raw = self._payload[place.at :]
        if raw[:1] != b'"':
            return begins + place.start, begins + place.end
        end = 1
        while raw[end : end + 1] != b'"':
            end += 2 if raw[end : end + 1] == b"\\" else 1
        written = raw[: end + 1].decode(errors="surrogatepass")
        if "\\" in written:
            return begins + 1, begins + len(written) - 1
        assert decode(raw[: end + 1]) == written[1:-1]
        return begins + 1 + place.start, begins + 1 + place.end
