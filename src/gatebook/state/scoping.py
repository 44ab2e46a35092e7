"""What a group may do with single tools of a connector, said by documents of its own: a tool pack that grants, policies that ask, deny or allow.

`scope-CONNECTOR-GROUP` is the pack, `scope-ask-…`, `scope-off-…` and, where nothing is allowed by default, `scope-allow-…` are the policies.
A change edits them; each draft is tried before it is given out, so that it yields what was chosen and changes no other tool or group.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from gatebook.definitions.telling import one_line
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.narrow import plain
from gatebook.policy.reach import Reach, Reachable, reach
from gatebook.policy.request import Hints, Request
from gatebook.policy.selectors import EVERYBODY, Selector
from gatebook.state.connectors import Allow
from gatebook.state.documents import Document
from gatebook.state.owned import Spot, base_name, denied, emptied, filled, is_empty, listed, numbered, spot
from gatebook.state.policies import PolicySpec, ToolPackSpec
from gatebook.state.snapshot import Rules

Scope = Literal["off", "allow", "ask", "depends"]
SCOPES: Final[dict[Reach, Scope]] = {"denied": "off", "allowed": "allow", "pending": "ask", "conditional": "depends"}
_WORD_MAX: Final = 120
_APPROVERS: Final = ("admins",)


class Wish(Struct, frozen=True, kw_only=True):
    """One tool shall be so for one group."""

    tool: str
    group: str
    scope: Literal["off", "allow", "ask"]


class ScopeError(Exception):
    """What was chosen cannot be said by documents of a scope. The text is a sentence that names what stands against it."""


class World(Struct, frozen=True, kw_only=True):
    """What is in force, as far as scopes go. `sources` with these rules; `rules` with the words of their documents."""

    connector: str
    tools: Mapping[str, Hints]
    groups: Sequence[str]
    """All groups that there are: nothing may change for those that are not chosen."""
    rules: Rules
    sources: Sources
    time_us: int

    def with_rules(self, rules: Rules) -> "World":
        """The same with other policies and packs."""
        packs = tuple(spec.pack(name) for name, spec in rules.packs.items())
        policies = tuple(spec.rule(name) for name, spec in rules.policies.items())
        return replace(self, rules=rules, sources=replace(self.sources, packs=packs, rules=policies))

    def with_tools(self, names: Iterable[str]) -> "World":
        """The same with these of its tools only."""
        return replace(self, tools={name: self.tools[name] for name in names})

    def cells(self, groups: Sequence[str] | None = None) -> dict[tuple[str, str], Reachable]:
        """What each tool is for each group, all when none are named, and for people in no group (the empty text): (tool, group)."""
        bundle = Bundle.compile(self.sources)
        asked = {self.connector: list(self.tools.items())}
        found: dict[tuple[str, str], Reachable] = {}
        for group in ("", *(self.groups if groups is None else groups)):
            who = Request(connector="", groups=(group,) if group else (), time_us=self.time_us)
            found |= {(one.tool, group): one for one in reach(bundle, who, asked)}
        return found

    def granted(self, wish: Wish) -> bool:
        """Whether something other than access for a time grants the tool to the group."""
        who = Request(connector=self.connector, tool=wish.tool, groups=(wish.group,), time_us=self.time_us)
        return bool(Bundle.compile(replace(self.sources, rules=())).grants.standing(who).permanent)


def scoped(world: World, wishes: Sequence[Wish]) -> list[Document]:
    """Return the documents that make these wishes true, and nothing else. Raises ScopeError."""
    for wish in wishes:
        _check(world, wish)
    before = world.cells()
    made = world.with_rules(_cleared(world, wishes))
    cells = made.cells()
    rules = made.rules
    for wish in wishes:
        if wish.scope == "off":
            if cells[wish.tool, wish.group].outcome != "denied":
                rules = _put(rules, world.connector, wish, "off")
            continue
        if not made.granted(wish):
            rules = _grant(rules, world.connector, wish)
        if wish.scope == "ask":
            rules = _put(rules, world.connector, wish, "ask")
        elif made.sources.default == "deny" and not _is_allowed(made.with_rules(rules), wish):
            rules = _put(rules, world.connector, wish, "allow")
    made = made.with_rules(rules)
    _prove(before, made.cells(), wishes)
    return _changed(world.rules, rules)


def _check(world: World, wish: Wish) -> None:
    tool, group = one_line(wish.tool, _WORD_MAX), one_line(wish.group, _WORD_MAX)
    if wish.tool not in world.tools or wish.group not in world.groups:
        raise ScopeError(f"there is no tool {tool} of {world.connector}, or no group {group}")
    if not plain(wish.tool):
        raise ScopeError(f"the name of the tool {tool} holds * or ?, or nothing to read, so no policy can name it alone")
    if wish.group.lower() in EVERYBODY or not wish.group.strip():
        raise ScopeError(f"the group {group} is everybody in a policy; change the connector or pack that names it")


def _prove(before: Mapping[tuple[str, str], Reachable], after: Mapping[tuple[str, str], Reachable], wishes: Iterable[Wish]) -> None:
    wanted = {(wish.tool, wish.group): wish.scope for wish in wishes}
    for place, one in after.items():
        tool, group = (one_line(word, _WORD_MAX) for word in place)
        scope = wanted.get(place)
        if scope is not None and SCOPES[one.outcome] != scope:
            by = ", ".join(one.rules)
            raise ScopeError(
                f"{tool} cannot be {'on ' if scope == 'ask' else ''}{scope} for {group} like this: {by} decides otherwise; change that first"
            )
        if scope is None and one.outcome != before[place].outcome:
            raise ScopeError(f"that would also change {tool} for {group or 'people in no group'}; change the policies that name both")


def _cleared(world: World, wishes: Iterable[Wish]) -> Rules:
    """Take out of the scope's own documents, and out of narrowings, what stands against the wishes."""
    rules = world.rules
    for wish in wishes:
        for kind in ("off", "ask", "allow"):
            if kind != wish.scope:
                rules = _take(rules, world.connector, wish, kind)
        if wish.scope == "off":
            rules = _ungrant(rules, world.connector, wish)
        else:
            rules = _unnarrowed(rules, world.connector, wish)
    return rules


def _put(rules: Rules, connector: str, wish: Wish, kind: str) -> Rules:
    wanted = _policy(connector, wish.group, kind)
    place = spot(rules, base_name(f"scope-{kind}", connector, wish.group), wanted)
    return _filled(rules, connector, wish, kind, place, tuple(sorted({*place.tools, wish.tool})))


def _take(rules: Rules, connector: str, wish: Wish, kind: str) -> Rules:
    wanted = _policy(connector, wish.group, kind)
    place = spot(rules, base_name(f"scope-{kind}", connector, wish.group), wanted)
    if wish.tool not in place.tools or place.stored is None:
        return rules
    rest = tuple(tool for tool in place.tools if tool != wish.tool)
    if not rest:
        return _with_policy(rules, place.name, emptied(place.stored))
    return _filled(rules, connector, wish, kind, place, rest)


def _filled(rules: Rules, connector: str, wish: Wish, kind: str, place: Spot, tools: tuple[str, ...]) -> Rules:
    group = wish.group
    words = {"off": "may not be called by", "ask": "wait for an approval for", "allow": "may be called by"}[kind]
    description = f"Scope: {'this tool' if len(tools) == 1 else f'these {len(tools)} tools'} of {connector} {words} {listed((group,))}."
    # Only a denial holds whatever is added later; a test of the others would keep people from denying the tool in a hurry.
    tests = (denied(connector, tools[0], group=group),) if kind == "off" else ()
    document = filled(place, _policy(connector, group, kind), tools, description, tests)
    return _with_policy(rules, place.name, document.spec)


def _policy(connector: str, group: str, kind: str) -> PolicySpec:
    selector = Selector(groups=(group,), connectors=(connector,))
    match kind:
        case "off":
            reason = f"This tool is off for {listed((group,))}."
            return PolicySpec(effect="deny", selector=selector, severity="low", reason=reason)
        case "ask":
            return PolicySpec(effect="require_approval", selector=selector, reason="Somebody looks at this first.", approvers=_APPROVERS)
    return PolicySpec(effect="allow", selector=selector)


def _with_policy(rules: Rules, name: str, spec: PolicySpec) -> Rules:
    return replace(rules, policies={**rules.policies, name: spec})


def _unnarrowed(rules: Rules, connector: str, wish: Wish) -> Rules:
    """Give the group back what a narrowing took; others who lost it by the same policy keep losing it, but for members of this group."""
    own = wish.group.lower()
    for name, spec in sorted(rules.policies.items()):
        chosen = spec.selector
        drafted = name.startswith(f"narrow-{connector}") and spec.effect == "deny" and spec.when is None and spec.limit is None
        if not drafted or is_empty(spec) or wish.tool not in chosen.tools or own not in {group.lower() for group in chosen.groups}:
            continue
        rest = tuple(tool for tool in chosen.tools if tool != wish.tool)
        left = (
            replace(spec, selector=replace(chosen, tools=rest), tests=tuple(replace(case, tool=rest[0]) for case in spec.tests))
            if rest
            else emptied(spec)
        )
        rules = _with_policy(rules, name, left)
        groups = tuple(group for group in chosen.groups if group.lower() != own)
        if groups or chosen.people:
            selector = replace(chosen, groups=groups, not_groups=tuple(sorted({*chosen.not_groups, wish.group})), tools=())
            wanted = replace(spec, selector=selector)
            place = spot(rules, f"narrow-{connector}", wanted)
            tools = tuple(sorted({*place.tools, wish.tool}))
            tests = tuple(denied(connector, tools[0], group=group) for group in groups[:1])
            rules = _with_policy(rules, place.name, filled(place, wanted, tools, spec.description, tests).spec)
    return rules


def _pack_name(rules: Rules, connector: str, group: str) -> tuple[str, ToolPackSpec | None]:
    for name in numbered(base_name("scope", connector, group)):
        spec = rules.packs.get(name)
        if spec is None or (
            not spec.allow.people and set(spec.tools) == {connector} and {one.lower() for one in spec.allow.groups} <= {group.lower()}
        ):
            return name, spec
    raise AssertionError("numbered names end with an error")


def _pack_tools(connector: str, spec: ToolPackSpec | None) -> tuple[str, ...]:
    return spec.tools[connector] if spec is not None and spec.allow.groups else ()


def _grant(rules: Rules, connector: str, wish: Wish) -> Rules:
    name, spec = _pack_name(rules, connector, wish.group)
    tools = tuple(sorted({*_pack_tools(connector, spec), wish.tool}))
    return _with_pack(rules, name, connector, wish.group, tools)


def _ungrant(rules: Rules, connector: str, wish: Wish) -> Rules:
    name, spec = _pack_name(rules, connector, wish.group)
    tools = _pack_tools(connector, spec)
    if wish.tool not in tools or spec is None:
        return rules
    rest = tuple(tool for tool in tools if tool != wish.tool)
    if rest:
        return _with_pack(rules, name, connector, wish.group, rest)
    # A pack holds at least one tool; without a group it grants nothing.
    return replace(rules, packs={**rules.packs, name: replace(spec, allow=Allow())})


def _with_pack(rules: Rules, name: str, connector: str, group: str, tools: tuple[str, ...]) -> Rules:
    description = f"Scope: tools of {connector} that {listed((group,))} has been given."
    spec = ToolPackSpec(tools={connector: tools}, description=description, allow=Allow(groups=(group,)))
    return replace(rules, packs={**rules.packs, name: spec})


def _is_allowed(world: World, wish: Wish) -> bool:
    return world.cells()[wish.tool, wish.group].outcome == "allowed"


def _changed(before: Rules, after: Rules) -> list[Document]:
    documents = [
        Document(kind="ToolPack", name=name, spec=spec) for name, spec in sorted(after.packs.items()) if before.packs.get(name) != spec
    ]
    documents += [
        Document(kind="Policy", name=name, spec=spec) for name, spec in sorted(after.policies.items()) if before.policies.get(name) != spec
    ]
    return documents
