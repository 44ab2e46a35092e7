"""Names in policies that nothing has: a misspelt group makes a rule that silently never matches."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from gatebook.policy.bundle import Sources
from gatebook.policy.globs import matches
from gatebook.policy.problems import Problem, nearest
from gatebook.policy.selectors import EVERYBODY, Selector, ToolPack


class Known(Struct, frozen=True, kw_only=True):
    """The names that there are. None: not known, so nothing is said about such names."""

    people: frozenset[str] | None = None
    """Ids and e-mail addresses."""
    service_accounts: frozenset[str] | None = None
    groups: frozenset[str] | None = None
    clients: frozenset[str] | None = None
    tools: Mapping[str, Mapping[str, Mapping[str, Any] | None]] | None = None
    """Connectors, for each its tools, and for each its inputSchema where that is known. Of a connector without tools nothing is said."""

    @property
    def connectors(self) -> frozenset[str] | None:
        """The names of all connectors."""
        return None if self.tools is None else frozenset(self.tools)


def unknown_names(sources: Sources, known: Known) -> Iterator[Problem]:
    """Yield a warning for each name that nothing has."""
    for rule in sources.rules:
        selector = rule.selector
        lists = [
            ("people", selector.people, _both(known.people, known.service_accounts), "person"),
            ("not_people", selector.not_people, _both(known.people, known.service_accounts), "person"),
            ("groups", selector.groups, known.groups, "group"),
            ("not_groups", selector.not_groups, known.groups, "group"),
            ("service_accounts", selector.service_accounts, known.service_accounts, "service account"),
        ]
        for field, names, there, word in lists:
            yield from _exact(rule.id, f"selector.{field}", names, there, word)
        yield from _exact(rule.id, "approvers", rule.approvers, _both(known.people, known.groups), "person or group")
        yield from _fitting(rule.id, "selector.clients", selector.clients, known.clients, "client", lower=True)
        yield from _fitting(rule.id, "selector.connectors", selector.connectors, known.connectors, "connector")
        yield from _tools(rule.id, selector, known)
    for pack in sources.packs:
        yield from _of_pack(pack, known)
    denies = frozenset(rule.id for rule in sources.rules if rule.effect == "deny")
    for grant in sources.grants:
        where = f"grant/{grant.id}"
        yield from _exact(where, "person", (grant.person,), _both(known.people, known.service_accounts), "person")
        yield from _exact(where, "connector", (grant.connector,), known.connectors, "connector")
        tools = None if known.tools is None else known.tools.get(grant.connector)
        yield from _exact(where, "tool", (grant.tool,), frozenset(tools) if tools else None, "tool")
        for name in grant.except_rules:
            if name not in denies:
                yield _unknown(where, "except_rules", name, denies, "policy that denies and is called")


def _of_pack(pack: ToolPack, known: Known) -> Iterator[Problem]:
    where = f"pack/{pack.name}"
    yield from _exact(where, "people", pack.people, _both(known.people, known.service_accounts), "person")
    yield from _exact(where, "groups", pack.groups, known.groups, "group")
    for connector, patterns in pack.tools.items():
        yield from _fitting(where, "tools", (connector,), known.connectors, "connector")
        yield from _tools(where, Selector(connectors=(connector,), tools=patterns), known, f"tools.{connector}")


def _tools(where: str, selector: Selector, known: Known, path: str = "selector.tools") -> Iterator[Problem]:
    if known.tools is None:
        return
    chosen = [
        tools
        for connector, tools in known.tools.items()
        if not selector.connectors or any(matches(pattern, connector) for pattern in selector.connectors)
    ]
    if chosen and all(chosen):
        yield from _fitting(where, path, selector.tools, frozenset(name for tools in chosen for name in tools), "tool")


def _exact(where: str, path: str, names: Iterable[str], known: frozenset[str] | None, word: str) -> Iterator[Problem]:
    if known is None:
        return
    there = {name.lower() for name in known} | EVERYBODY
    for name in names:
        if name.lower() not in there:
            yield _unknown(where, path, name, known, word)


def _fitting(
    where: str, path: str, patterns: Iterable[str], known: frozenset[str] | None, word: str, *, lower: bool = False
) -> Iterator[Problem]:
    if known is None:
        return
    there = {name.lower() for name in known} if lower else known
    for pattern in patterns:
        if not any(matches(pattern.lower() if lower else pattern, name) for name in there):
            yield _unknown(where, path, pattern, known, word)


def _unknown(where: str, path: str, name: str, known: frozenset[str], word: str) -> Problem:
    return Problem(rule=where, path=path, text=f"there is no {word} {name[:64]!r}", level="warning", nearest=nearest(name, sorted(known)))


def _both(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    return None if first is None or second is None else first | second
