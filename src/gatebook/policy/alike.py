"""People who are alike in all that policies can tell apart before a call is made, so that what holds for one is asked once."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gatebook.policy.bundle import Sources
from gatebook.policy.globs import matches
from gatebook.policy.request import Request


class Alike(Struct, frozen=True, kw_only=True):
    """One of them, as a request would name them, and all of them by number."""

    one: Request
    members: tuple[int, ...]


class Crowd:
    """People in classes, made again for each part of a configuration. Asked often: what was asked before is remembered."""

    def __init__(self, people: Sequence[Request]) -> None:
        self._people = people
        self._own = [
            (who.kind, {who.person.lower(), who.email.lower()} - {""}, frozenset(group.lower() for group in who.groups), who.client)
            for who in people
        ]
        self._known: dict[tuple[frozenset[str], frozenset[str]], list[Alike]] = {}

    def classes(self, sources: Sources) -> list[Alike]:
        """Return people, told by their place, in classes. `reach` says the same of all of a class about what these sources decide."""
        asked = names, groups = _mentioned(sources)
        if asked not in self._known:
            found: dict[object, list[int]] = {}
            for number, (kind, ids, own, client) in enumerate(self._own):
                # Whoever is named by themselves is alone: their id and address stand for nobody else.
                alone = number if ids & names else None
                found.setdefault((kind, alone, own & groups, client), []).append(number)
            self._known[asked] = [Alike(one=self._people[members[0]], members=tuple(members)) for members in found.values()]
        return self._known[asked]


def about(sources: Sources, connector: str, tool: str) -> Sources:
    """Return the part of a configuration that could say something about one tool."""
    return replace(
        sources,
        access=tuple(one for one in sources.access if one.connector == connector),
        packs=tuple(one for one in sources.packs if one.holds(connector, tool)),
        rules=tuple(one for one in sources.rules if _fits(one.selector.connectors, connector) and _fits(one.selector.tools, tool)),
        grants=tuple(one for one in sources.grants if (one.connector, one.tool) == (connector, tool)),
    )


def _fits(patterns: Sequence[str], name: str) -> bool:
    return not patterns or any(matches(pattern, name) for pattern in patterns)


def _mentioned(sources: Sources) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names and the groups that anything in a configuration asks about, in lower case."""
    names: set[str] = set()
    groups: set[str] = set()
    for access in sources.access:
        names.update(access.people)
        groups.update(access.groups)
    for pack in sources.packs:
        names.update(pack.people)
        groups.update(pack.groups)
    for rule in sources.rules:
        chosen = rule.selector
        names.update(chosen.people, chosen.not_people, chosen.service_accounts)
        groups.update(chosen.groups, chosen.not_groups)
    names.update(grant.person for grant in sources.grants)
    return _lower(names), _lower(groups)


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names if name)
