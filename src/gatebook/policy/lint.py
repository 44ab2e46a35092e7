"""What is wrong with policies, and what deserves a look, found without any call: selectors are data, so most of it is exact."""

from collections.abc import Iterator, Mapping
from typing import Any

from gatebook.policy import soundness
from gatebook.policy.bundle import Sources
from gatebook.policy.conditions import Condition
from gatebook.policy.engine import ConditionError, Engine, default_engine
from gatebook.policy.globs import is_pattern, matches
from gatebook.policy.lint_names import Known, unknown_names
from gatebook.policy.problems import Problem, nearest
from gatebook.policy.rules import PRECEDENCE, Rule
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.policy.shadow import takes_all_of


def lint(sources: Sources, known: Known | None = None, engine: Engine | None = None) -> list[Problem]:
    """Return all problems, errors first, then by rule. Without an engine the first that is installed reads the conditions."""
    linter = _Linter(sources, known or Known(), engine or _engine(sources))
    return sorted(set(linter.problems()), key=lambda problem: (problem.level, problem.rule, problem.path, problem.text))


class _Linter:
    def __init__(self, sources: Sources, known: Known, engine: Engine | None) -> None:
        self._sources = sources
        self._known = known
        self._engine = engine
        self._packs: dict[str, ToolPack] = {pack.name: pack for pack in sources.packs}
        self._denies = sorted((rule for rule in sources.rules if _always(rule)), key=lambda rule: rule.id)

    def problems(self) -> Iterator[Problem]:
        sources = self._sources
        yield from soundness.duplicates(sources.rules, sources.packs, sources.grants)
        for pack in sources.packs:
            yield from soundness.of_pack(pack)
        for grant in sources.grants:
            yield from soundness.of_grant(grant)
        yield from unknown_names(sources, self._known)
        for rule in sources.rules:
            yield from soundness.of_rule(rule, self._packs)
            yield from self._condition(rule)
            yield from self._reach(rule)
            yield from _manners(rule)

    def _condition(self, rule: Rule) -> Iterator[Problem]:
        if rule.when is None:
            return
        if self._engine is None:
            yield Problem(rule=rule.id, path="when", text="no engine for conditions is installed")
            return
        condition = soundness.of_condition(rule, self._engine)
        if isinstance(condition, Problem):
            yield condition
        elif condition is not None:
            yield from soundness.of_patterns(rule, self._engine)
            yield from self._arguments(rule, condition)

    def _arguments(self, rule: Rule, condition: Condition) -> Iterator[Problem]:
        """An argument that no selected tool has. A tool whose schema is not known, or that names no properties, could have any."""
        schemas = list(_schemas(rule.selector, self._packs, self._known))
        if not schemas or any(not isinstance(schema.get("properties"), dict) for schema in schemas):
            return
        properties = {name for schema in schemas for name in schema["properties"]}
        for key in sorted((condition.keys or frozenset()) - properties):
            text = f"no selected tool has the argument {key[:64]!r}"
            yield Problem(rule=rule.id, path="when", text=text, level="warning", nearest=nearest(key, properties))

    def _reach(self, rule: Rule) -> Iterator[Problem]:
        """Rules that can never decide anything."""
        for deny in self._denies:
            before = (PRECEDENCE.index(deny.effect), deny.id) < (PRECEDENCE.index(rule.effect), rule.id)
            if before and rule.effect != "alert_only" and takes_all_of(deny.selector, rule.selector):
                text = f"never decides: {deny.id} denies everything that it selects"
                yield Problem(rule=rule.id, path="selector", text=text, level="warning")
                break
        if rule.effect == "allow" and not self._is_granted(rule.selector):
            text = "allows nothing: nobody is granted what it selects, and a policy is no grant"
            yield Problem(rule=rule.id, path="selector", text=text, level="warning")

    def _is_granted(self, selector: Selector) -> bool:
        """Whether somebody could have a grant of something selected. Says yes wherever it is not sure."""
        if any(_selects(selector.connectors, grant.connector) and _selects(selector.tools, grant.tool) for grant in self._sources.grants):
            return True
        for access in self._sources.access:
            if (access.people or access.groups) and access.tools_allow and _selects(selector.connectors, access.connector):
                plain = selector.tools and not any(map(is_pattern, selector.tools))
                if not plain or any(_is_open(access.tools_allow, access.tools_deny, tool) for tool in selector.tools):
                    return True
        granted = [pack for pack in self._sources.packs if pack.people or pack.groups]
        return any(_overlap(selector.connectors, connector) for pack in granted for connector, tools in pack.tools.items() if tools)


def _manners(rule: Rule) -> Iterator[Problem]:
    if not rule.tests:
        yield Problem(rule=rule.id, path="tests", text="has no test", level="warning")
    if rule.effect == "deny" and not rule.reason.strip():
        yield Problem(rule=rule.id, path="reason", text="is empty: whoever is denied is told no reason", level="warning")
    if (rule.effect == "require_approval" or rule.requestable) and not rule.approvers:
        yield Problem(rule=rule.id, path="approvers", text="is empty: nobody is named who may approve", level="warning")


def _always(rule: Rule) -> bool:
    """Whether a rule denies all that it selects."""
    return rule.effect == "deny" and rule.mode == "enforce" and rule.when is None and rule.limit is None


def _schemas(selector: Selector, packs: Mapping[str, ToolPack], known: Known) -> Iterator[Mapping[str, Any]]:
    own = [packs[name] for name in selector.packs if name in packs]
    for connector, tools in (known.tools or {}).items():
        for tool, schema in tools.items() if _selects(selector.connectors, connector) else ():
            if _selects(selector.tools, tool) and (not selector.packs or any(pack.holds(connector, tool) for pack in own)):
                yield schema or {}


def _selects(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(matches(pattern, name) for pattern in patterns)


def _is_open(allow: tuple[str, ...], deny: tuple[str, ...], tool: str) -> bool:
    return _selects(allow, tool) and not (deny and _selects(deny, tool))


def _overlap(patterns: tuple[str, ...], other: str) -> bool:
    """Whether patterns and another pattern could take the same name; yes where it is not sure."""
    return (
        is_pattern(other)
        or not patterns
        or any(is_pattern(pattern) or pattern == other for pattern in patterns)
        or _selects(patterns, other)
    )


def _engine(sources: Sources) -> Engine | None:
    if not any(rule.when is not None for rule in sources.rules):
        return None
    try:
        return default_engine()
    except ConditionError:
        return None
