"""Taking grants away again, and nothing else: which tools to deny to whom, so that those who have a tool in another way too keep it."""

from collections.abc import Collection, Iterable

from msgspec import Struct

from gatebook.policy.bundle import Sources
from gatebook.policy.given import Given, Tools, given
from gatebook.policy.globs import is_pattern
from gatebook.policy.selectors import EVERYBODY, Selector


class Cut(Struct, frozen=True, kw_only=True):
    """Tools of one connector that one group or person shall no longer have, but for those who have them in another way."""

    holder: Given
    """One of the grants: it names connector and holder."""
    tools: tuple[str, ...]
    not_groups: tuple[str, ...] = ()
    not_people: tuple[str, ...] = ()

    @property
    def selector(self) -> Selector:
        """What a policy that denies it selects."""
        one = self.holder
        return Selector(
            people=(one.to,) if one.kind == "person" else (),
            groups=(one.to,) if one.kind == "group" else (),
            connectors=(one.connector,),
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

    Whoever has a tool by grants that are not chosen, temporary ones too, keeps it.
    """
    marked = {one.id for one in chosen}
    ways: dict[tuple[str, str], list[Given]] = {}
    for one in given(sources, tools):
        ways.setdefault((one.connector, one.tool), []).append(one)
    lent: dict[tuple[str, str], set[str]] = {}
    for grant in sources.grants:
        if grant.until_us > now_us:
            lent.setdefault((grant.connector, grant.tool), set()).add(grant.person.lower())
    found: dict[tuple[str, tuple[str, str], tuple[str, ...], tuple[str, ...]], list[Given]] = {}
    left = []
    for one in chosen:
        others = [other for other in ways.get((one.connector, one.tool), ()) if other.id not in marked]
        persons = {other.to.lower() for other in others if other.kind == "person"} | lent.get((one.connector, one.tool), set())
        groups = {other.to.lower() for other in others if other.kind == "group"}
        if why := _obstacle(one, others, persons):
            left.append(Left(given=one, why=why))
            continue
        found.setdefault((one.connector, one.holder, tuple(sorted(groups)), tuple(sorted(persons))), []).append(one)
    made = [
        Cut(holder=some[0], tools=tuple(sorted({one.tool for one in some})), not_groups=groups, not_people=persons)
        for (_, _, groups, persons), some in sorted(found.items())
    ]
    return made, left


def plain(tool: str) -> bool:
    """Whether a selector can name exactly this tool: its name is a pattern only of itself."""
    return bool(tool.strip()) and not is_pattern(tool)


def nameable(one: Given) -> bool:
    """Whether a selector can name exactly the holder: in a selector `*` and `everyone` are everybody."""
    return one.to_everybody or (bool(one.to.strip()) and one.to.lower() not in EVERYBODY)


def _obstacle(one: Given, others: Iterable[Given], persons: Collection[str]) -> str:
    if not plain(one.tool):
        return "The name of the tool holds * or ?, or nothing to read, so no policy can name it alone."
    if not nameable(one) or any(not nameable(other) for other in others) or any(name in EVERYBODY or not name.strip() for name in persons):
        return "A group or person is called * or everyone, which in a policy means everybody."
    for other in others:
        if other.holder == one.holder:
            return f"{one.to} has it through {other.through} too; choose that with it."
        if other.to_everybody:
            return f"Everybody has it through {other.through}; narrow that instead."
    if one.kind == "person" and one.to.lower() in persons:
        return f"{one.to} was granted it for a time too; that ends by itself."
    return ""
