"""What would other guardrails have done with the calls of the book? A draft against what is in force, payload by payload, in the gateway's own scan.

The book keeps payloads without what was taken out of them, so the finds that a record names are counted beside those that are still there.
What comes out names detectors, places and shapes, never a value.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from gatebook.dlp.guardrail import Direction, Effect, Guardrail, Judged, apply, judge
from gatebook.dlp.hit import Hit, Scanned
from gatebook.dlp.scanner import CLEAN, Scanner
from gatebook.dlp.shape import shape
from gatebook.gateway.guards import NO_GUARDS, Guarding, Guards
from gatebook.policy.bundle import Bundle
from gatebook.policy.replay import NAMES_MAX, OTHERS
from gatebook.reading.past_payloads import PARTS, PastPayloads
from gatebook.record.parts import Severity

_EXAMPLES_MAX = 20
_FOUND_EXAMPLES_MAX = 3
_KEY = bytes(32)
"""Fingerprints are not shown here, so that any key will do."""
_STRENGTH: dict[Effect, int] = {"clean": 0, "logged": 0, "redacted": 1, "blocked": 2}
_OUTCOMES = ("allowed", "redacted", "blocked")
_Rules = tuple[Guardrail, ...]
_Name = TypeVar("_Name", str, tuple[str, str])


class ChangedCall(Struct, frozen=True, kw_only=True):
    """A call that would end differently. `part`: where the guardrail that makes the difference looks."""

    call: str
    person: str
    connector: str
    tool: str
    was: str
    was_by: str
    now: str
    now_by: str
    part: str


class FoundExample(Struct, frozen=True, kw_only=True):
    """Where a detector of the draft found something."""

    detector: str
    call: str
    connector: str
    tool: str
    part: str
    pointer: Annotated[str, Meta(description="JSON pointer of the leaf; keys that hold a value are replaced.")]
    in_key: bool
    shape: Annotated[str, Meta(description="The value with # for each digit and * for each letter.")]
    layers: Annotated[tuple[str, ...], Meta(description="Codings around it, outermost first.")]
    guardrail: str
    action: str


class DetectorFinds(Struct, kw_only=True):
    """What a detector found for the draft. `calls_before`: calls in which it found something for the guardrails in force."""

    detector: str
    severity: Severity
    finds: int = 0
    calls: int = 0
    calls_before: int = 0


class GuardrailFinds(Struct, kw_only=True):
    """What a guardrail would do. `action` is that of the draft, else that in force; `finds`: values that it covers; `calls`: those it applies to, `calls_before`: by what is in force."""

    guardrail: str
    action: str
    observed: bool
    finds: int = 0
    calls: int = 0
    calls_before: int = 0


class Totals:
    """Sums of a backtest while it runs."""

    def __init__(self) -> None:
        self.looked_at = self.stopped = self.undecided = self.altered = self.bytes = 0
        self.missing: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.faults_before: Counter[str] = Counter()
        self.transitions: Counter[tuple[str, str]] = Counter()
        self.detectors: dict[str, DetectorFinds] = {}
        self.guardrails: dict[str, GuardrailFinds] = {}
        self.tools: Counter[tuple[str, str]] = Counter()
        self.tools_changed: Counter[tuple[str, str]] = Counter()
        self.people: Counter[str] = Counter()
        self.people_changed: Counter[str] = Counter()
        self.changed: dict[tuple[str, str], list[ChangedCall]] = {}
        self.found: dict[str, dict[tuple[str, str, str, str], FoundExample]] = {}


class Side:
    """The guardrails of one configuration, with the policies that ask for redaction."""

    def __init__(self, guarding: Guarding, bundle: Bundle) -> None:
        self.guarding = guarding
        self._bundle = bundle
        self._redacts = any(rule.effect == "redact" for rule in bundle.rules.values())

    @property
    def scanner(self) -> Scanner | None:
        """What looks at payloads."""
        return self.guarding.scanner

    def guards(self, past: PastPayloads) -> Guards:
        """The guardrails that apply to a call."""
        decision = self._bundle.decide(past.request) if self._redacts else None
        return self.guarding.of(past.request, decision) if self.scanner is not None else NO_GUARDS


class _Seen(Struct, frozen=True, kw_only=True):
    """What one side makes of one payload. `counts`: finds by detector, those included that had been taken out; `rules`: guardrails that apply to them;

    `covered`: the finds of which some of those says something.
    """

    effect: Effect = "clean"
    by: str = ""
    judged: Judged | None = None
    counts: Counter[str] = Counter()
    hits: tuple[Hit, ...] = ()
    fault: str | None = None
    rules: tuple[Guardrail, ...] = ()
    covered: Counter[str] = Counter()

    def rule_of(self, detector: str) -> Guardrail | None:
        """The guardrail that decides about finds of a detector, else one that observes them."""
        decides = self.judged.by_detector.get(detector) if self.judged else None
        return decides or next((rule for rule in self.rules if rule.covers(detector)), None)


class _Look(Struct, frozen=True, kw_only=True):
    """One payload by both sides."""

    part: Direction
    old: _Seen
    new: _Seen


class Backtest:
    """Adds up calls one by one."""

    def __init__(self, before: Side, after: Side) -> None:
        self._before = before
        self._after = after
        self._new_is_wider = _asks_for_all(after.scanner, before.scanner)
        self.totals = Totals()

    def add(self, past: PastPayloads | None) -> ChangedCall | None:
        """Look at one call; None is one that policy stopped before guardrails. Returns it when it would end differently."""
        totals = self.totals
        totals.looked_at += 1
        if past is None:
            totals.stopped += 1
            return None
        guards = self._before.guards(past), self._after.guards(past)
        parts = [part for part in PARTS if getattr(guards[0], part) or getattr(guards[1], part)]
        lost = [past.missing[part] for part in parts if part in past.missing]
        if lost:
            totals.undecided += 1
            totals.missing.update(set(lost))
            return None
        totals.altered += any(past.taken[part] for part in parts)
        seen: list[_Look] = []
        for part in parts:
            if part in past.payloads or past.taken[part]:
                # What has no answer because its arguments are blocked has nothing in its answer either.
                ended = any(look.new.effect == "blocked" for look in seen)
                seen.append(self._look(past, part, (getattr(guards[0], part), () if ended else getattr(guards[1], part))))
        self._count(past, seen)
        return self._compare(past, seen)

    def _look(self, past: PastPayloads, part: Direction, rules: tuple[_Rules, _Rules]) -> _Look:
        payload, taken = past.payloads.get(part, b"null"), past.taken[part]
        self.totals.bytes += len(payload)
        scanned = self._scan(payload, bool(rules[0]), bool(rules[1]))
        sides = (self._before, self._after)
        old, new = (_seen(payload, part, scanned[number], rules[number], taken, sides[number].scanner) for number in (0, 1))
        return _Look(part=part, old=old, new=new)

    def _scan(self, payload: bytes, before: bool, after: bool) -> tuple[Scanned, Scanned]:
        """Scan for both sides; once where one look says it for both."""
        old, new = self._before.scanner, self._after.scanner
        if not (before and after) or old is None or new is None:
            return old.scan(payload) if before and old else CLEAN, new.scan(payload) if after and new else CLEAN
        found = new.scan(payload)
        if old is new or (self._new_is_wider and found is CLEAN):
            return found, found
        return old.scan(payload), found

    def _count(self, past: PastPayloads, seen: Sequence[_Look]) -> None:
        totals = self.totals
        totals.faults_before.update({look.old.fault for look in seen if look.old.fault})
        totals.faults.update({look.new.fault for look in seen if look.new.fault})
        counts: Counter[str] = Counter()
        for look in seen:
            counts += look.new.covered
            for rule in look.new.rules:
                self._guardrail(rule, drafted=True).finds += sum(number for name, number in look.new.counts.items() if rule.covers(name))
            self._keep_examples(past, look)
        for name, number in counts.items():
            self._detector(name).finds += number
            self._detector(name).calls += 1
        for name in {name for look in seen for name in look.old.covered}:
            self._detector(name).calls_before += 1
        for rule in {rule.id: rule for look in seen for rule in look.new.rules}.values():
            self._guardrail(rule, drafted=True).calls += 1
        for rule in {rule.id: rule for look in seen for rule in look.old.rules}.values():
            self._guardrail(rule).calls_before += 1
        if counts:
            _add(totals.tools, (past.row.connector, past.row.tool), (OTHERS, ""))
            _add(totals.people, past.row.person, OTHERS)

    def _keep_examples(self, past: PastPayloads, look: _Look) -> None:
        row, values = past.row, None
        for hit in look.new.hits:
            kept = self.totals.found.setdefault(hit.detector, {})
            rule = look.new.rule_of(hit.detector)
            if rule is None or len(kept) >= _FOUND_EXAMPLES_MAX:
                continue
            values = values or {one.value for one in (*look.new.hits, *look.old.hits)}
            place = row.connector, row.tool, look.part, without_values(hit.safe_pointer, values)
            if place not in kept:
                kept[place] = FoundExample(
                    detector=hit.detector, call=row.call_id, connector=row.connector, tool=row.tool, part=look.part, pointer=place[3],
                    in_key=hit.in_key, shape=shape(hit.value), layers=hit.layers, guardrail=rule.id, action=rule.action,
                )  # fmt: skip

    def _compare(self, past: PastPayloads, seen: Sequence[_Look]) -> ChangedCall | None:
        was, was_by, was_in = _outcome([(look.part, look.old) for look in seen])
        now, now_by, now_in = _outcome([(look.part, look.new) for look in seen])
        if was == now:
            return None
        row, totals = past.row, self.totals
        totals.transitions[was, now] += 1
        _add(totals.tools_changed, (row.connector, row.tool), (OTHERS, ""))
        _add(totals.people_changed, row.person, OTHERS)
        changed = ChangedCall(
            call=row.call_id, person=row.person, connector=row.connector, tool=row.tool, was=was, was_by=was_by, now=now, now_by=now_by,
            part=now_in or was_in,
        )  # fmt: skip
        examples = totals.changed.setdefault((was, now), [])
        if len(examples) < _EXAMPLES_MAX:
            examples.append(changed)
        return changed

    def _detector(self, name: str) -> DetectorFinds:
        found = self.totals.detectors.get(name)
        if found is None:
            severity: Severity = "medium"
            for scanner in (self._after.scanner, self._before.scanner):
                if scanner is not None and name in scanner.detectors:
                    severity = scanner.severity(name)
                    break
            found = self.totals.detectors[name] = DetectorFinds(detector=name, severity=severity)
        return found

    def _guardrail(self, rule: Guardrail, *, drafted: bool = False) -> GuardrailFinds:
        found = self.totals.guardrails.get(rule.id)
        if found is not None and drafted:
            found.action, found.observed = rule.action, rule.observe
        if found is None:
            found = self.totals.guardrails[rule.id] = GuardrailFinds(guardrail=rule.id, action=rule.action, observed=rule.observe)
        return found


def without_values(pointer: str, values: Collection[str]) -> str:
    """A pointer with each value that stands in one of its keys as its shape."""
    for value in sorted(values, key=len, reverse=True):
        for written in (value.replace("~", "~0").replace("/", "~1"), value):
            if written and written in pointer:
                pointer = pointer.replace(written, shape(value))
    return pointer


def _asks_for_all(one: Scanner | None, other: Scanner | None) -> bool:
    """Whether a scanner looks for all that another looks for, within the same limits: then what it finds nothing in is clean for both."""
    if one is None or other is None or one.limits != other.limits:
        return False
    return all(one.detectors.get(name) == detector for name, detector in other.detectors.items())


def _add(counter: Counter[_Name], name: _Name, others: _Name) -> None:
    counter[name if name in counter or len(counter) < NAMES_MAX else others] += 1


def _seen(payload: bytes, part: Direction, scanned: Scanned, rules: _Rules, taken: Counter[str], scanner: Scanner | None) -> _Seen:
    if not rules or scanner is None:
        return _Seen()
    if scanned.fault is not None:
        active = [rule.id for rule in rules if not rule.observe]
        return _Seen(effect="blocked" if active else "clean", by=active[0] if active else "", fault=scanned.fault)
    counts = Counter(hit.detector for hit in scanned.hits) + taken
    if not counts:
        return _Seen()
    judged = judge(counts, rules)
    effect = judged.effect
    if effect == "redacted" and not taken:
        # Whether something is left is known only once it was taken out.
        effect = apply(payload, scanned, part, rules, _KEY, scanner).effect
    applied = tuple(rule for rule in judged.meant if any(rule.covers(name) for name in counts))
    covered = Counter({name: number for name, number in counts.items() if any(rule.covers(name) for rule in applied)})
    return _Seen(effect=effect, by=judged.decides, judged=judged, counts=counts, hits=scanned.hits, rules=applied, covered=covered)


def _outcome(seen: Sequence[tuple[Direction, _Seen]]) -> tuple[str, str, str]:
    """What became of a call, by which guardrail, in which part: the strongest, and of two alike the first."""
    strongest = max(seen, key=lambda one: _STRENGTH[one[1].effect], default=None)
    strength = _STRENGTH[strongest[1].effect] if strongest else 0
    return (_OUTCOMES[strength], strongest[1].by, strongest[0]) if strongest and strength else ("allowed", "", "")
