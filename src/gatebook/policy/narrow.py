"""Taking grants away again, and nothing else: which tools to deny to whom, so that those who have a tool in another way too keep it."""

from collections.abc import Collection, Iterable

from msgspec import Struct

from gatebook.policy.bundle import Sources
from gatebook.policy.given import Given, Tools, given
from gatebook.policy.globs import is_pattern
from gatebook.policy.selectors import EVERYBODY, Selector

_Names = tuple[str, ...]


class Cut(Struct, frozen=True, kw_only=True):
    """Tools of one connector that some groups and people shall no longer have, but for those who have them in another way."""

    connector: str
    tools: tuple[str, ...]
    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    not_groups: tuple[str, ...] = ()
    not_people: tuple[str, ...] = ()

    @property
    def selector(self) -> Selector:
        """What a policy that denies it selects."""
        return Selector(
            people=self.people,
            groups=self.groups,
            connectors=(self.connector,),
            tools=self.tools,
            not_groups=self.not_groups,
            not_people=self.not_people,
        )


class Left(Struct, frozen=True, kw_only=True):
    """A grant that no policy can take away by itself; `why` is a sentence."""

    given: Given
    why: str


def cuts(sources: Sources, tools: Tools, chosen: Collection[Given], now_us: int) -> tuple[list[Cut], list[Left]]:
    """Return what to deny so that exactly the chosen grants are gone, and what of them cannot be taken away so.

    Whoever has a tool by grants that are not chosen, temporary ones too, keeps it. Tools that the same holders lose and keep are one cut.
    """
    marked: dict[tuple[str, str], list[Given]] = {}
    for one in {one.id: one for one in chosen}.values():
        marked.setdefault((one.connector, one.tool), []).append(one)
    ways: dict[tuple[str, str], list[Given]] = {}
    for one in given(sources, tools):
        ways.setdefault((one.connector, one.tool), []).append(one)
    lent: dict[tuple[str, str], set[str]] = {}
    for grant in sources.grants:
        if grant.until_us > now_us:
            lent.setdefault((grant.connector, grant.tool), set()).add(grant.person.lower())
    found: dict[tuple[str, _Names, _Names, _Names, _Names], list[str]] = {}
    left: list[Left] = []
    for (connector, tool), some in sorted(marked.items()):
        taken, kept = _taken(some, ways.get((connector, tool), ()), lent.get((connector, tool), set()))
        left += kept
        if taken:
            ids = {one.id for one in taken}
            others = [other for other in ways.get((connector, tool), ()) if other.id not in ids]
            persons = _named(others, "person", lent.get((connector, tool), set()))
            who = _named(taken, "group"), _named(taken, "person"), _named(others, "group"), persons
            found.setdefault((connector, *who), []).append(tool)
    made = [
        Cut(connector=connector, tools=tuple(names), groups=groups, people=people, not_groups=not_groups, not_people=not_people)
        for (connector, groups, people, not_groups, not_people), names in sorted(found.items())
    ]
    return made, left


def plain(tool: str) -> bool:
    """Whether a selector can name exactly this tool: its name is a pattern only of itself."""
    return bool(tool.strip()) and not is_pattern(tool)


def nameable(one: Given) -> bool:
    """Whether a selector can name exactly the holder: in a selector `*` and `everyone` are everybody."""
    return one.to_everybody or (bool(one.to.strip()) and one.to.lower() not in EVERYBODY)


def _taken(some: list[Given], ways: Iterable[Given], lent: Collection[str]) -> tuple[list[Given], list[Left]]:
    """Return which of the chosen grants of one tool can be taken away, and the others with the reason."""
    left: list[Left] = []
    # What is left is one more way by which people keep the tool, so the rest is looked at again.
    while some:
        ids = {one.id for one in some}
        others = [other for other in ways if other.id not in ids]
        whys = {one.id: _obstacle(one, others, lent) for one in some}
        if not any(whys.values()):
            break
        left += [Left(given=one, why=whys[one.id]) for one in some if whys[one.id]]
        some = [one for one in some if not whys[one.id]]
    return some, left


def _named(some: Iterable[Given], kind: str, more: Iterable[str] = ()) -> _Names:
    """Return the holders of a kind, each once, as they are written first."""
    names = {name.lower(): name for name in more}
    for one in some:
        if one.kind == kind:
            names.setdefault(one.to.lower(), one.to)
    return tuple(names[name] for name in sorted(names))


def _obstacle(one: Given, others: Iterable[Given], lent: Collection[str]) -> str:
    if not plain(one.tool):
        return "The name of the tool holds * or ?, or nothing to read, so no policy can name it alone."
    if not nameable(one) or any(not nameable(other) for other in others) or any(name in EVERYBODY or not name.strip() for name in lent):
        return "A group or person is called * or everyone, which in a policy means everybody."
    for other in others:
        if other.holder == one.holder:
            return f"{one.to} has it through {other.through} too; choose that with it."
        if other.to_everybody:
            return f"Everybody has it through {other.through}; narrow that instead."
    if one.kind == "person" and one.to.lower() in lent:
        return f"{one.to} was granted it for a time too; that ends by itself."
    return ""
