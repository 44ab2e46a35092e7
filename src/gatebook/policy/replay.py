"""What would another configuration have decided? Past calls against a new bundle, and what changes, counted."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from gatebook.policy.bundle import Bundle
from gatebook.policy.candidates import Candidates
from gatebook.policy.request import Counts, Request
from gatebook.record.parts import Decision, Effect

NAMES_MAX = 10_000
"""Of one kind that are counted apart; the rest is counted under OTHERS."""
OTHERS = "(others)"
_CANDIDATES_MAX = 20_000


class PastCall(Struct, frozen=True, kw_only=True):
    """A call of the log."""

    id: str
    request: Request
    """As it was asked then. `approvals` are those that it had."""
    effect: Effect | None = None
    rule: str | None = None
    """What was decided then; not needed when the old bundle is given."""
    arguments_known: bool = True
    """False when the arguments are no longer there: then nothing is said where a condition would have to read them."""


class Changed(Struct, frozen=True):
    """A call that is decided differently."""

    call: str
    was: Effect
    was_by: str
    now: Effect
    now_by: str
    person: str
    connector: str
    tool: str


class Report(Struct, frozen=True, kw_only=True):
    """Sums of a replay. A call has changed when its effect has; another deciding rule with the same effect is no change."""

    calls: int
    changed: int
    undecided: int
    """Calls whose arguments would be needed and are no longer there; they are not among the changed ones."""
    transitions: dict[tuple[Effect, Effect], int]
    """From the effect then to that now."""
    by_rule: dict[str, int]
    """Changed calls by what decides now, or for calls that are now allowed, by what decided then."""
    by_person: dict[str, int]
    by_tool: dict[str, int]
    """By `connector__tool`."""
    errors: dict[str, int]
    """Calls for which a condition of the new bundle could not be answered, by rule."""
    examples: tuple[Changed, ...]


class Replay:
    """Adds up calls one by one. Without an old bundle, what was decided then is what the calls say."""

    def __init__(self, new: Bundle, old: Bundle | None = None, *, examples_max: int = 20) -> None:
        self._new = _Decider(new)
        self._old = None if old is None else _Decider(old)
        self._examples_max = examples_max
        self._calls = self._undecided = 0
        self._transitions: Counter[tuple[Effect, Effect]] = Counter()
        self._by_rule: Counter[str] = Counter()
        self._by_person: Counter[str] = Counter()
        self._by_tool: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._examples: dict[tuple[Effect, Effect], list[Changed]] = {}

    def add(self, call: PastCall, counts: Counts | None = None, *, times: int = 1) -> Changed | None:
        """Decide one call; return it when its effect has changed. `times`: so many calls are like this one in all that decides.

        Raises ValueError when it is not known what was decided then.
        """
        self._calls += times
        request = call.request
        now = self._new.decide(call, counts)
        was = self._then(call, counts)
        if now is None or was is None:
            self._undecided += times
            return None
        for rule in now.errors:
            _count(self._errors, rule, times)
        effect, rule = was
        if effect == now.effect:
            return None
        changed = Changed(call.id, effect, rule, now.effect, now.rule, request.person, request.connector, request.tool or "")
        self._keep(changed, times)
        return changed

    def report(self) -> Report:
        """Return the sums so far."""
        return Report(
            calls=self._calls,
            changed=self._transitions.total(),
            undecided=self._undecided,
            transitions=dict(self._transitions.most_common()),
            by_rule=dict(self._by_rule.most_common()),
            by_person=dict(self._by_person.most_common()),
            by_tool=dict(self._by_tool.most_common()),
            errors=dict(self._errors.most_common()),
            examples=tuple(one for _, examples in sorted(self._examples.items()) for one in examples),
        )

    def _then(self, call: PastCall, counts: Counts | None) -> tuple[Effect, str] | None:
        if self._old is not None:
            decision = self._old.decide(call, counts)
            return None if decision is None else (decision.effect, decision.rule)
        if call.effect is None:
            raise ValueError(f"it is not known what was decided for call {call.id}; give the old bundle")
        return call.effect, call.rule or ""

    def _keep(self, changed: Changed, times: int) -> None:
        transition = changed.was, changed.now
        self._transitions[transition] += times
        _count(self._by_rule, changed.was_by if changed.now == "allowed" else changed.now_by, times)
        _count(self._by_person, changed.person, times)
        _count(self._by_tool, f"{changed.connector}__{changed.tool}", times)
        # Some of each kind of change: the first twenty of all could be twenty times the same.
        examples = self._examples.setdefault(transition, [])
        if len(examples) < self._examples_max:
            examples.append(changed)


def replay(calls: Iterable[PastCall], new: Bundle, old: Bundle | None = None, *, examples_max: int = 20) -> Report:
    """Replay all calls. Limits are taken as not reached. `examples_max` is for each kind of change."""
    run = Replay(new, old, examples_max=examples_max)
    for call in calls:
        run.add(call)
    return run.report()


def changes(calls: Iterable[PastCall], new: Bundle, old: Bundle | None = None) -> Iterator[Changed]:
    """Yield the calls whose effect changes, as they come."""
    run = Replay(new, old, examples_max=0)
    for call in calls:
        changed = run.add(call)
        if changed is not None:
            yield changed


class _Decider:
    """A bundle that remembers the candidates of calls with the same key."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._known: dict[tuple[object, ...], Candidates] = {}

    def decide(self, call: PastCall, counts: Counts | None) -> Decision | None:
        """Decide; None when that needs arguments that are no longer there."""
        request = call.request
        key = request.key
        candidates = self._known.get(key)
        if candidates is None:
            if len(self._known) >= _CANDIDATES_MAX:
                self._known.clear()
            candidates = self._known[key] = self._bundle.candidates(request)
        if not call.arguments_known and candidates.reads_arguments:
            return None
        return candidates.decide(request, counts)


def _count(counter: Counter[str], name: str, times: int) -> None:
    counter[name if name in counter or len(counter) < NAMES_MAX else OTHERS] += times
