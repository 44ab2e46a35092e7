"""One request against the rules that could concern it. Deny wins over approval, approval over redaction, redaction over allowing."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from gatebook.policy.access import DEFAULT_DENY
from gatebook.policy.conditions import Condition, Facts
from gatebook.policy.engine import ConditionFailed
from gatebook.policy.grants import Standing
from gatebook.policy.request import Counts, Request
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import Matcher, UnknownSource
from gatebook.record.parts import Decision

Default = Literal["allow", "deny"]
_KEYS_MAX = 256


class Outcome(Struct, frozen=True):
    """What came of one rule. `why` says in a sentence why it did not match, or what failed; it is empty for a plain match."""

    matched: bool
    failed: bool = False
    why: str = ""


class Prepared:
    """A rule made ready."""

    __slots__ = ("condition", "decides", "matcher", "rule")

    def __init__(self, rule: Rule, matcher: Matcher, condition: Condition | None) -> None:
        self.rule = rule
        self.matcher = matcher
        self.condition = condition
        self.decides = rule.mode == "enforce" and rule.effect != "alert_only"

    @property
    def dynamic(self) -> bool:
        """Whether its match can differ between two calls of the same person, client, connector and tool."""
        return self.matcher.dynamic or self.condition is not None or self.rule.limit is not None

    def applies(self, request: Request) -> bool:
        """Whether it says something about a request of this kind. Arguments are those of tools; opening a session can only be denied."""
        if request.tool is not None:
            return True
        if self.condition is not None and self.condition.reads_arguments:
            return False
        return not request.connect or (self.rule.effect in ("deny", "alert_only") and self.rule.limit is None)

    def outcome(self, request: Request, facts: Facts, counts: Counts | None) -> Outcome:
        """Look at all that `Index` does not. What fails counts as a match, except where a match would allow."""
        failure = ""
        try:
            if miss := self.matcher.dynamic_miss(request):
                return Outcome(False, why=miss)
        except UnknownSource as error:
            failure = str(error)
        try:
            if self.condition is not None and not self.condition.eval(facts):
                return Outcome(False, bool(failure), "when is false")
        except ConditionFailed as error:
            failure = f"when failed: {error}"
        if failure and self.rule.effect == "allow":
            return Outcome(False, True, failure)
        if self.rule.limit is not None and not self._above(request, counts):
            return Outcome(False, bool(failure), "its limit is not reached")
        return Outcome(True, bool(failure), failure)

    def keys(self, request: Request) -> Iterator[tuple[str, ...]]:
        """Yield the keys under which this call is counted for the limit of the rule; several where it counts by group."""
        assert self.rule.limit is not None
        keys: list[tuple[str, ...]] = [()]
        for by in self.rule.limit.by:
            keys = [(*key, value) for key in keys for value in self._values(by, request)][:_KEYS_MAX]
        yield from keys

    def _values(self, by: str, request: Request) -> list[str]:
        match by:
            case "person":
                return [request.person]
            case "group":
                named = {group.lower() for group in self.matcher.selector.groups}
                own = sorted({group.lower() for group in request.groups})
                # Without a group a call is still counted, under the empty name: nobody escapes a limit by being in no group.
                return [group for group in own if group in named] or own or [""]
            case "connector":
                return [request.connector]
            case _:
                return [request.tool or ""]

    def _above(self, request: Request, counts: Counts | None) -> bool:
        # All keys are asked about, none skipped: being asked is how the counter learns what the call is counted under.
        answers = [] if counts is None else [counts(self.rule.id, key) for key in self.keys(request)]
        return any(answers)


class Candidates:
    """What is known of a request before its arguments, time, network and counts. Made by `Bundle.candidates`; may be cached by `Request.key`."""

    __slots__ = ("_fixed", "bundle", "default", "dynamic", "rules", "standing")

    def __init__(self, standing: Standing, rules: tuple[Prepared, ...], default: Default, bundle: str) -> None:
        self.standing = standing
        """What the grants say."""
        self.rules = rules
        """The rules that match by all that is known, in the order of evaluation."""
        self.default = default
        self.bundle = bundle
        is_open = not standing.denied and bool(standing.permanent or standing.temporary)
        self.dynamic = bool(standing.temporary) or (is_open and any(_waits(one) for one in rules))
        """Whether two requests with these candidates can be decided differently."""
        self._fixed: Decision | None = None

    def decide(self, request: Request, counts: Counts | None = None) -> Decision:
        """Decide. Without `counts` no limit is reached. Raises nothing: what fails is decided as the rules say, and named in `errors`."""
        if self._fixed is not None:
            return self._fixed
        decision = _Decider(self, request).decide(counts)
        if not self.dynamic:
            self._fixed = decision
        return decision

    @property
    def reads_arguments(self) -> bool:
        """Whether a decision may depend on the arguments."""
        return any(one.decides and one.condition is not None and one.condition.reads_arguments for one in self.rules)

    def asks(self, time_us: int) -> bool:
        """Whether rules are asked at all: something grants the request at this moment, and the connector does not deny the tool."""
        return not self.standing.denied and bool(self.standing.permanent or _live(self.standing, time_us))

    def lifted(self, time_us: int) -> dict[str, Grant]:
        """Return the ids of the deny rules that temporary grants lift at this moment, each with its first grant."""
        return {name: grant for grant in reversed(_live(self.standing, time_us)) for name in grant.except_rules}

    def visible(self, time_us: int = 0) -> bool:
        """Whether a tool is listed: whether some arguments, at some time and from some place, could be allowed or wait for approval."""
        if not self.asks(time_us):
            return False
        lifted = self.lifted(time_us)
        ruling = [one for one in self.rules if one.decides]
        if any(one.rule.effect == "deny" and not one.dynamic and one.rule.id not in lifted for one in ruling):
            return False
        if self.default == "allow" or _live(self.standing, time_us):
            return True
        return any(one.rule.effect != "deny" for one in ruling)


class _Decider:
    """One decision in the making."""

    def __init__(self, candidates: Candidates, request: Request) -> None:
        self._candidates = candidates
        self._request = request
        self._standing = candidates.standing
        self._live = _live(self._standing, request.time_us)
        self._matched = list(self._standing.matched) + [f"grant/{grant.id}" for grant in self._live]
        self._observed: list[str] = []
        self._errors: list[str] = []
        self._hits: dict[str, list[Rule]] = {"deny": [], "require_approval": [], "redact": [], "allow": []}

    def decide(self, counts: Counts | None) -> Decision:
        standing, request = self._standing, self._request
        if standing.denied and (standing.connects or self._live):
            self._matched += standing.denied
            return self._made("blocked", standing.denied[0], f"The tool {request.tool} of the connector {request.connector} is denied.")
        if not standing.permanent and not self._live:
            return self._made("blocked", DEFAULT_DENY, _not_granted(request, standing))
        self._look(counts)
        return self._strongest()

    def _look(self, counts: Counts | None) -> None:
        facts = Facts(self._request)
        for one in self._candidates.rules:
            outcome = one.outcome(self._request, facts, counts)
            if outcome.failed:
                self._errors.append(one.rule.id)
            if not outcome.matched:
                continue
            self._matched.append(one.rule.id)
            if not one.decides:
                self._observed.append(one.rule.id)
            else:
                self._hits[one.rule.effect].append(one.rule)

    def _strongest(self) -> Decision:
        lifted = self._candidates.lifted(self._request.time_us)
        for rule in self._hits["deny"]:
            if rule.id not in lifted:
                return self._made("blocked", rule.id, rule.reason or f"The policy {rule.id} denies this.")
        approvals = self._hits["require_approval"]
        for rule in approvals:
            if rule.id not in self._request.approvals:
                return self._made("pending", rule.id, rule.reason or f"The policy {rule.id} asks for an approval of this.")
        freed = next((lifted[rule.id] for rule in self._hits["deny"]), None)
        allowing = self._allowing(approvals, freed)
        if allowing is None:
            return self._made("blocked", DEFAULT_DENY, f"No policy allows {_asked(self._request)}.")
        for rule in self._hits["redact"]:
            return self._made("redacted", rule.id, rule.reason or None)
        return self._made("allowed", allowing, None)

    def _allowing(self, approved: list[Rule], freed: Grant | None) -> str | None:
        """Return the id of what allows, None when nothing does."""
        if freed is not None:
            return f"grant/{freed.id}"
        for rule in (*self._hits["allow"], *approved):
            return rule.id
        if self._live and (not self._standing.permanent or self._candidates.default == "deny"):
            return f"grant/{self._live[0].id}"
        if self._candidates.default == "allow" or self._request.connect:
            return self._standing.permanent[0]
        # A redaction whose condition failed is applied to be safe; it is no ground to allow.
        return next((rule.id for rule in self._hits["redact"] if rule.id not in self._errors), None)

    def _made(self, effect: Literal["allowed", "blocked", "redacted", "pending"], rule: str, reason: str | None) -> Decision:
        return Decision(
            effect=effect,
            rule=rule,
            bundle=self._candidates.bundle,
            matched=tuple(self._matched),
            reason=reason,
            observed=tuple(self._observed),
            errors=tuple(self._errors),
        )


def _live(standing: Standing, time_us: int) -> tuple[Grant, ...]:
    return tuple(grant for grant in standing.temporary if time_us < grant.until_us)


def _asked(request: Request) -> str:
    return f"the connector {request.connector}" if request.tool is None else f"the tool {request.tool} of the connector {request.connector}"


def _not_granted(request: Request, standing: Standing) -> str:
    if standing.connects and request.tool is not None:
        return f"The tool {request.tool} of the connector {request.connector} is not allowed."
    return f"You have no access to the connector {request.connector}."


def _waits(one: Prepared) -> bool:
    return one.dynamic or (one.decides and one.rule.effect == "require_approval")
