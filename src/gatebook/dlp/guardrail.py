"""What people decided about found data: guardrails, and what they mean for one payload."""

from collections import Counter
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from gatebook.dlp.fingerprint import fingerprint
from gatebook.dlp.hit import Fault, Hit, Scanned
from gatebook.dlp.names import FAMILY as NAMES
from gatebook.dlp.redact import Action, redact
from gatebook.record.parts import ErrorClass, Finding, Severity

Direction = Literal["arguments", "response"]
GuardAction = Literal["log", "redact", "mask_last4", "hash", "block"]
Effect = Literal["clean", "logged", "redacted", "blocked"]
_Done = Literal["logged", "redacted", "masked", "hashed", "blocked"]

STRENGTH: dict[GuardAction, int] = {"log": 0, "hash": 1, "mask_last4": 2, "redact": 3, "block": 4}
"""Which action wins over which, for each hit."""
_DONE: dict[GuardAction, _Done] = {"log": "logged", "hash": "hashed", "mask_last4": "masked", "redact": "redacted", "block": "blocked"}
_ERRORS: dict[Fault, ErrorClass] = {
    "too_large": "too_large",
    "too_deep": "invalid_input",
    "not_json": "invalid_input",
    "budget": "overloaded",
    "too_many": "too_large",
    "names_absent": "internal",
    "names_late": "overloaded",
    "names_busy": "overloaded",
    "names_failed": "internal",
}
_FAULTS: dict[Fault, str] = {
    "too_large": "The payload is larger than what is scanned for sensitive data.",
    "too_deep": "The payload nests deeper than what is scanned for sensitive data.",
    "not_json": "The payload is not valid JSON and cannot be scanned for sensitive data.",
    "budget": "Scanning the payload for sensitive data took more than its budget.",
    "too_many": "The payload holds more candidates for sensitive data than are examined.",
    "names_absent": "Names cannot be looked for in the payload: Presidio or its model is missing or does not start.",
    "names_late": "Looking for names in the payload took more than its budget.",
    "names_busy": "Names cannot be looked for in the payload: too many calls wait for it. Try again shortly.",
    "names_failed": "Looking for names in the payload failed.",
}
_TOKEN_SIZE = 12
_ROUNDS = 3


class Scans(Protocol):
    """What finds values in payloads."""

    def scan(self, payload: bytes) -> Scanned:
        """Scan a JSON text."""

    def severity(self, detector: str) -> Severity:
        """Return the severity of a detector."""


class Guardrail(Struct, frozen=True, kw_only=True):
    """A rule about found data. `detectors` are ids or patterns as in `select`. It applies from `min_count` hits of its detectors on.

    `observe`: it changes nothing; it is named, and what only it covers is on the record as logged. `severity`: of its findings, when not the detector's own. `reason`: what a blocked caller is told.
    """

    id: str
    on: tuple[Direction, ...]
    detectors: tuple[str, ...]
    action: GuardAction
    min_count: int = 1
    observe: bool = False
    severity: Severity | None = None
    reason: str = ""

    def covers(self, detector: str) -> bool:
        """Whether the rule is about this detector."""
        bare = detector.rpartition("/")[2]
        return any(pattern == "*" or fnmatchcase(detector, pattern) or fnmatchcase(bare, pattern) for pattern in self.detectors)


class Verdict(Struct, frozen=True, kw_only=True):
    """What guardrails mean for a payload.

    `body` is the payload to pass on: the very same object when nothing changed. `safe_body` is what may be kept of a blocked payload, None when it could not be
    scanned. `findings` hold what observing rules saw as well, also when the effect is clean. `rules`: ids that applied; `decider`: the one of them whose
    action made the effect, empty where none did. `observed`: ids of observing rules that would have. `error_class`: of a blocked payload.
    """

    effect: Effect
    body: bytes
    safe_body: bytes | None = None
    findings: tuple[Finding, ...] = ()
    rules: tuple[str, ...] = ()
    decider: str = ""
    observed: tuple[str, ...] = ()
    reason: str = ""
    fault: Fault | None = None
    error_class: ErrorClass | None = None


class Judged(Struct, frozen=True, kw_only=True):
    """What guardrails mean for so many hits of each detector, before anything is taken out. `meant`: those that reach their `min_count`.

    `by_detector`: the strongest of them that is not only observing, None where there is none.
    """

    meant: list[Guardrail]
    by_detector: dict[str, Guardrail | None]

    @property
    def active(self) -> list[Guardrail]:
        """Those that do something."""
        return [rule for rule in self.meant if not rule.observe]

    @property
    def observed(self) -> tuple[str, ...]:
        """Ids of those that only observe."""
        return tuple(rule.id for rule in self.meant if rule.observe)

    @property
    def effect(self) -> Effect:
        """What happens to the payload."""
        actions = {rule.action for rule in self.by_detector.values() if rule is not None}
        if "block" in actions:
            return "blocked"
        return "redacted" if actions - {"log"} else "logged" if actions else "clean"

    @property
    def decides(self) -> str:
        """Id of the guardrail with the strongest action; empty where none does anything."""
        rules = [rule for rule in self.by_detector.values() if rule is not None]
        return max(rules, key=lambda rule: STRENGTH[rule.action]).id if rules else ""


def judge(counts: Mapping[str, int], guardrails: Sequence[Guardrail]) -> Judged:
    """Return what guardrails of one direction mean where each detector of `counts` found so much."""
    meant = [rule for rule in guardrails if sum(count for name, count in counts.items() if rule.covers(name)) >= max(rule.min_count, 1)]
    active = [rule for rule in meant if not rule.observe]
    return Judged(meant=meant, by_detector={name: _strongest(active, name) for name in counts})


def apply(payload: bytes, scanned: Scanned, part: Direction, guardrails: Sequence[Guardrail], key: bytes, scanner: Scans) -> Verdict:
    """Return what the guardrails mean for a payload. `scanned` is what `scanner` said about it; `key` is the secret of fingerprints.

    The strongest action wins for each hit: block, redact, mask, hash, log. A changed payload is scanned again, and blocked when a value is still found.
    """
    mine = [rule for rule in guardrails if part in rule.on]
    if scanned.fault is not None:
        return _unscanned(payload, scanned.fault, mine)
    judged = judge(Counter(hit.detector for hit in scanned.hits), mine)
    observed, active, by_detector = judged.observed, judged.active, judged.by_detector
    decided = [(hit, rule) for hit in scanned.hits if (rule := by_detector[hit.detector]) is not None]
    seen = _seen(scanned.hits, by_detector, [rule for rule in judged.meant if rule.observe])
    findings = _findings([(hit, rule, _DONE[rule.action]) for hit, rule in decided] + seen, part, key, scanner)
    if not decided:
        return Verdict(effect="clean", body=payload, findings=findings, observed=observed)
    rules = tuple(dict.fromkeys(rule.id for rule in active if any(rule.covers(hit.detector) for hit, _ in decided)))
    known = Verdict(effect="logged", body=payload, findings=findings, rules=rules, observed=observed)
    blocking = next((rule for _, rule in decided if rule.action == "block"), None)
    if blocking is not None:
        reason = blocking.reason or f"The rule {blocking.id} does not let this data pass."
        return _blocked(known, blocking.id, _safe(payload, decided, active, scanner), reason)
    edits = [(hit, action) for hit, rule in decided if (action := _change(rule)) is not None]
    if not edits:
        return known
    changing = next(rule for _, rule in decided if _change(rule))
    taken = _taken_out(payload, edits, active, key, scanner)
    if taken is None:
        safe = _safe(payload, decided, active, scanner)
        return _blocked(known, changing.id, safe, "A value was still found after it had been taken out.")
    if taken.more:
        findings = _findings([(hit, rule, _DONE[rule.action]) for hit, rule in [*decided, *taken.more]] + seen, part, key, scanner)
    return replace(known, effect="redacted", body=taken.body, findings=findings, decider=changing.id, reason=changing.reason)


def _unscanned(payload: bytes, fault: Fault, rules: list[Guardrail]) -> Verdict:
    observed = tuple(rule.id for rule in rules if rule.observe)
    active = tuple(rule.id for rule in rules if not rule.observe)
    if not active:
        return Verdict(effect="clean", body=payload, observed=observed, fault=fault)
    return Verdict(
        effect="blocked", body=payload, rules=active, observed=observed, reason=_FAULTS[fault], fault=fault, error_class=_ERRORS[fault]
    )


def _blocked(known: Verdict, decider: str, safe: bytes | None, reason: str) -> Verdict:
    return replace(known, effect="blocked", decider=decider, safe_body=safe, reason=reason, error_class="policy")


def _strongest(rules: list[Guardrail], detector: str) -> Guardrail | None:
    covering = [rule for rule in rules if rule.covers(detector)]
    return max(covering, key=lambda rule: STRENGTH[rule.action]) if covering else None


def _change(rule: Guardrail) -> Action | None:
    return rule.action if rule.action in ("redact", "mask_last4", "hash") else None


class _Taken(Struct, frozen=True):
    """A payload without its values. `more`: names that were found only then, with their rules, and taken out too."""

    body: bytes
    more: list[tuple[Hit, Guardrail]]


def _taken_out(payload: bytes, edits: list[tuple[Hit, Action]], rules: list[Guardrail], key: bytes, scanner: Scans) -> _Taken | None:
    """Take values out and scan again; None when a value that a changing rule covers is still found, or nobody can tell.

    A language model reads what is left with other eyes, and may see a name where it saw none: that is taken out as well, a few times.
    """
    body, more = payload, list[tuple[Hit, Guardrail]]()
    for _ in range(_ROUNDS):
        body = redact(body, edits, lambda hit: fingerprint(key, hit, hit.detector)[:_TOKEN_SIZE])
        again = scanner.scan(body)
        left = [(hit, rule) for hit in again.hits if (rule := _strongest(rules, hit.detector)) is not None and rule.action != "log"]
        if again.fault is None and not left:
            return _Taken(body, more)
        edits = [(hit, action) for hit, rule in left if hit.detector.startswith(NAMES) and (action := _change(rule)) is not None]
        if again.fault is not None or len(edits) < len(left):
            return None
        more += left
    return None


def _safe(payload: bytes, decided: list[tuple[Hit, Guardrail]], rules: list[Guardrail], scanner: Scans) -> bytes | None:
    """Return the payload with all values taken out that a rule blocks or changes; None when that does not succeed."""
    hits: list[Hit] = [hit for hit, rule in decided if rule.action != "log"]
    body = payload
    for _ in range(_ROUNDS):
        edits: list[tuple[Hit, Action]] = [(hit, "redact") for hit in hits]
        body = redact(body, edits, lambda hit: "")
        again = scanner.scan(body)
        if again.fault is not None:
            return None
        hits = [hit for hit in again.hits if any(rule.action != "log" and rule.covers(hit.detector) for rule in rules)]
        if not hits:
            return body
    return None


def _seen(hits: Sequence[Hit], decided: Mapping[str, Guardrail | None], watching: list[Guardrail]) -> list[tuple[Hit, Guardrail, _Done]]:
    """Return the hits that only observing rules cover: nothing is done about them, but they go on the record."""
    rules = {name: _strongest(watching, name) for name, rule in decided.items() if rule is None}
    return [(hit, rule, "logged") for hit in hits if (rule := rules.get(hit.detector)) is not None]


def _findings(done: list[tuple[Hit, Guardrail, _Done]], part: Direction, key: bytes, scanner: Scans) -> tuple[Finding, ...]:
    groups: dict[tuple[str, _Done], list[tuple[Hit, Guardrail]]] = {}
    for hit, rule, action in done:
        groups.setdefault((hit.detector, action), []).append((hit, rule))
    return tuple(
        Finding(
            detector=detector,
            type=detector.rpartition("/")[2],
            severity=some[0][1].severity or scanner.severity(detector),
            part=part,
            action=action,
            count=len(some),
            pointer=some[0][0].safe_pointer,
            fingerprint=fingerprint(key, some[0][0], detector),
        )
        for (detector, action), some in groups.items()
    )
