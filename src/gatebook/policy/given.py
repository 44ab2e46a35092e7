"""Who is given which tools: each way by which a group or a person gets a tool, through its connector or through a tool pack."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal

from msgspec import Struct

from gatebook.policy.access import EVERYONE, AccessRules, visible
from gatebook.policy.bundle import Sources
from gatebook.policy.globs import matches
from gatebook.policy.request import Hints, Request
from gatebook.policy.selectors import EVERYBODY, ToolPack

CONNECTOR = "connector"
PACK = "pack/"
Tools = Mapping[str, Sequence[tuple[str, Hints]]]
"""Known tools by connector, each with what it says of itself."""


class Given(Struct, frozen=True, kw_only=True, dict=True):
    """One tool, given to one group or person in one way. `through`: "connector", or "pack/" and the name of a tool pack."""

    connector: str
    tool: str
    kind: Literal["group", "person"]
    to: str
    """As it is written first; `everyone`, of kind group, is everybody."""
    through: str

    @cached_property
    def id(self) -> str:
        """Stands for it in addresses and forms; 16 hex characters."""
        text = "\0".join((self.connector, self.tool, *self.holder, self.through))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def holder(self) -> tuple[str, str]:
        """Whom it is given to, however that is written."""
        return self.kind, self.to.lower()

    @property
    def to_everybody(self) -> bool:
        """Whether everybody has it by this."""
        return self.holder == ("group", EVERYONE)


def given(sources: Sources, tools: Tools) -> list[Given]:
    """Return all that is given of the known tools, in order. What a connector's own `tools.deny` takes away is given to nobody."""
    access = {rules.connector: rules for rules in sources.access}
    found: dict[str, Given] = {}
    for connector in sorted(tools):
        rules = access.get(connector, AccessRules(connector=connector))
        packs = [pack for pack in sorted(sources.packs, key=lambda one: one.name) if pack.touches(connector)]
        for tool, _ in sorted(tools[connector], key=lambda one: one[0]):
            for one in ways(rules, packs, tool):
                found.setdefault(one.id, one)
    return list(found.values())


def holds(who: Request, holder: tuple[str, str]) -> bool:
    """Whether somebody is the holder of a grant: the person, or a member of the group."""
    kind, name = holder
    if kind == "person":
        return name in (who.person.lower(), who.email.lower())
    return name == EVERYONE or any(group.lower() == name for group in who.groups)


def named_by(rules: AccessRules, pack: ToolPack | None = None) -> Iterator[tuple[Literal["group", "person"], str]]:
    """Yield whom a connector names, or a pack: (kind, name), everybody as the group `everyone`."""
    if pack is None:
        yield from (("group", EVERYONE if name.lower() == EVERYONE else name) for name in rules.groups)
        yield from (("person", name) for name in rules.people)
        return
    yield from (("group", EVERYONE if name.lower() in EVERYBODY else name) for name in pack.groups)
    yield from (("group", EVERYONE) if name.lower() in EVERYBODY else ("person", name) for name in pack.people)


def ways(rules: AccessRules, packs: Iterable[ToolPack], tool: str) -> Iterator[Given]:
    """Yield the ways by which a connector and some packs give one tool; a name that is written twice comes twice."""
    connector = rules.connector
    if any(matches(pattern, tool) for pattern in rules.tools_deny):
        return
    if visible(tool, rules):
        for kind, name in named_by(rules):
            yield Given(connector=connector, tool=tool, kind=kind, to=name, through=CONNECTOR)
    for pack in packs:
        if pack.holds(connector, tool):
            for kind, name in named_by(rules, pack):
                yield Given(connector=connector, tool=tool, kind=kind, to=name, through=f"{PACK}{pack.name}")
