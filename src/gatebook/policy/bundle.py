"""All that decides in one configuration: access rules, tool packs, temporary grants, policies and a default. Compiled once, asked often."""

from collections.abc import Mapping

from msgspec import Struct

from gatebook.policy import soundness
from gatebook.policy.access import AccessRules
from gatebook.policy.candidates import Candidates, Default, Prepared
from gatebook.policy.conditions import Condition
from gatebook.policy.engine import ConditionError, Engine, default_engine
from gatebook.policy.grants import Grants
from gatebook.policy.index import Index
from gatebook.policy.problems import BundleError, Problem
from gatebook.policy.request import Counts, Request
from gatebook.policy.rules import PRECEDENCE, Grant, Rule
from gatebook.policy.selectors import Matcher, ToolPack
from gatebook.record.parts import Decision


class Sources(Struct, frozen=True, kw_only=True):
    """What a bundle is made of. `hash` is that of the configuration, hex, 16 characters."""

    access: tuple[AccessRules, ...] = ()
    packs: tuple[ToolPack, ...] = ()
    rules: tuple[Rule, ...] = ()
    grants: tuple[Grant, ...] = ()
    default: Default = "allow"
    """For what is granted and no rule speaks of: "allow", or "deny" (then only what a rule allows is allowed)."""
    hash: str


class Bundle:
    """A compiled configuration. The order in which rules are given changes nothing."""

    def __init__(self, sources: Sources, prepared: tuple[Prepared, ...], packs: Mapping[str, ToolPack]) -> None:
        self.sources = sources
        self.rules = {one.rule.id: one.rule for one in prepared}
        """All rules by id, in the order of evaluation."""
        self.prepared = prepared
        self.grants = Grants(sources.access, sources.packs, sources.grants)
        self._index = Index([one.rule.selector for one in prepared], packs)

    @classmethod
    def compile(cls, sources: Sources, engine: Engine | None = None) -> "Bundle":
        """Compile. Raises BundleError with everything that is wrong. Without an engine the first that is installed reads the conditions."""
        packs = {pack.name: pack for pack in sources.packs}
        problems = [*soundness.duplicates(sources.rules, sources.packs, sources.grants)]
        problems += [problem for pack in sources.packs for problem in soundness.of_pack(pack)]
        problems += [problem for grant in sources.grants for problem in soundness.of_grant(grant)]
        conditional = [rule.id for rule in sources.rules if rule.when is not None]
        if engine is None and conditional:
            try:
                engine = default_engine()
            except ConditionError as error:
                raise BundleError(Problem(rule=name, path="when", text=error.message) for name in conditional) from None
        prepared = []
        for rule in sorted(sources.rules, key=lambda one: (PRECEDENCE.index(one.effect), one.id)):
            found = [*soundness.of_rule(rule, packs)]
            condition = soundness.of_condition(rule, engine) if engine is not None else None
            if isinstance(condition, Problem):
                found.append(condition)
            elif condition is not None and engine is not None:
                found += soundness.of_patterns(rule, engine)
            problems += found
            if not found:
                assert condition is None or isinstance(condition, Condition)
                prepared.append(Prepared(rule, Matcher(rule.selector, packs), condition))
        if problems:
            raise BundleError(problems)
        return cls(sources, tuple(prepared), packs)

    def candidates(self, request: Request) -> Candidates:
        """Narrow down to what depends on arguments, approvals, time, network and counts. May be cached by `Request.key`."""
        standing = self.grants.standing(request)
        rules = tuple(one for number in self._index.matching(request) if (one := self.prepared[number]).applies(request))
        return Candidates(standing, rules, self.sources.default, self.sources.hash)

    def decide(self, request: Request, counts: Counts | None = None) -> Decision:
        """Decide one request."""
        return self.candidates(request).decide(request, counts)

    def visible(self, request: Request) -> bool:
        """Whether a tool is listed: never False for a call that `decide` would allow or ask an approval for. Reads no arguments."""
        return self.candidates(request).visible(request.time_us)

    def approvers(self, rule: str) -> tuple[str, ...]:
        """Return the groups and people who may approve what waits for a rule, or grant an exception from it."""
        return self.rules[rule].approvers if rule in self.rules else ()

    def redactions(self, decision: Decision) -> tuple[str, ...]:
        """Return the patterns of detectors whose findings the matched rules want redacted, each once, in the order of evaluation."""
        matched = [self.rules[name] for name in decision.matched if name in self.rules and name not in decision.observed]
        return tuple(dict.fromkeys(pattern for rule in matched if rule.effect == "redact" for pattern in rule.redact))
