"""People who are alike in all that policies can tell apart before a call is made, so that what holds for one is asked once."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gatebook.policy.bundle import Sources
from gatebook.policy.request import Request


class Alike(Struct, frozen=True, kw_only=True):
    """One of them, as a request would name them, and all of them by number."""

    one: Request
    members: tuple[int, ...]


def alike(sources: Sources, people: Sequence[Request]) -> list[Alike]:
    """Return people, told by their place in `people`, in classes. `reach` says the same of all of a class."""
    names, groups = _mentioned(sources)
    found: dict[object, list[int]] = {}
    for number, who in enumerate(people):
        own = {who.person.lower(), who.email.lower()} & names
        # Whoever is named by themselves is alone: their id and address stand for nobody else.
        alone = (who.person, who.email) if own else None
        key = (who.kind, alone, frozenset(group.lower() for group in who.groups) & groups, who.client)
        found.setdefault(key, []).append(number)
    return [Alike(one=people[members[0]], members=tuple(members)) for members in found.values()]


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
