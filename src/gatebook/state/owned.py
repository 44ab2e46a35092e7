"""Policies and packs that Gatebook drafts for people: each has a name that says what it is for, and is edited when it is there already.

A resource is edited only while it still has the shape in which it was drafted; one that somebody has made their own is left alone, and
the draft takes the next free name.
"""

import re
from collections.abc import Collection, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gatebook.policy.given import CONNECTOR, Given
from gatebook.policy.narrow import Cut
from gatebook.policy.rules import Case
from gatebook.policy.selectors import Selector
from gatebook.state.documents import Document
from gatebook.state.policies import PolicySpec
from gatebook.state.snapshot import Rules

_SLUG_CHARACTERS_MAX: Final = 20
_NAMED_CHARACTERS_MAX: Final = 120
_EMPTY: Final = "Holds nothing now: it only observes, and may be deleted."


class Spot(Struct, frozen=True, kw_only=True):
    """Where a drafted policy belongs: its name, and the policy that is there already."""

    name: str
    stored: PolicySpec | None

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that it is about now."""
        return () if self.stored is None or is_empty(self.stored) else self.stored.selector.tools


def base_name(verb: str, connector: str, holder: str) -> str:
    """Return the name of what is drafted for a holder: letters and digits of it, cut. Two holders may come to the same."""
    slug = re.sub(r"[^a-z0-9]+", "-", holder.lower())[:_SLUG_CHARACTERS_MAX].strip("-") or "other"
    return f"{verb}-{connector}-{slug}"


def numbered(base: str) -> Iterator[str]:
    """Yield the names that a resource may take: the plain one, then with a number."""
    yield base
    yield from (f"{base}-{number}" for number in range(2, 100))
    raise ValueError(f"there are a hundred resources called {base}; delete some")


def spot(rules: Rules, base: str, wanted: PolicySpec, taken: Collection[str] = ()) -> Spot:
    """Find the policy of this shape, else the first free name. What tools it is about is no part of its shape."""
    for name in numbered(base):
        stored = rules.policies.get(name)
        if stored is None and name not in rules.guardrails and name not in taken:
            return Spot(name=name, stored=None)
        if stored is not None and name not in taken and shape_of(stored) == shape_of(wanted):
            return Spot(name=name, stored=stored)
    raise AssertionError("numbered names end with an error")


def shape_of(spec: PolicySpec) -> tuple[object, ...]:
    """What of a policy tells whether it is still as it was drafted: whose calls it decides, and how. Tools, words, approvers and tests may differ."""
    mode = "enforce" if is_empty(spec) else spec.mode
    return spec.effect, mode, replace(spec.selector, tools=()), spec.when, spec.limit


def is_empty(spec: PolicySpec) -> bool:
    """Whether a drafted policy was emptied: a policy about no tool would be about all, so it only observes."""
    return spec.mode == "observe" and spec.description == _EMPTY


def emptied(spec: PolicySpec) -> PolicySpec:
    """The same policy, deciding nothing."""
    return replace(spec, mode="observe", description=_EMPTY, tests=())


def filled(place: Spot, wanted: PolicySpec, tools: tuple[str, ...], description: str, tests: tuple[Case, ...]) -> Document:
    """The policy of a spot about these tools. What people changed of its words, approvers and severity stays."""
    spec = wanted if place.stored is None else place.stored
    selector = replace(wanted.selector, tools=tools)
    return Document(
        kind="Policy",
        name=place.name,
        spec=replace(spec, mode="enforce", selector=selector, description=description, tests=tests),
    )


def narrowing(cuts: Collection[Cut], rules: Rules, days: int) -> list[Document]:
    """Return the policies that make these cuts, each with the tools that it denied before."""
    documents: list[Document] = []
    for cut in cuts:
        one = cut.holder
        who = "nobody" if one.to_everybody else f"nobody of {shown(one.to)}" if one.kind == "group" else f"{shown(one.to)} never"
        reason = f"{who[:1].upper()}{who[1:]} used this in {days} days, so it was taken back. Ask for it when you need it."
        wanted = replace(denying(cut.selector, requestable=True), reason=reason)
        place = spot(rules, base_name("narrow", one.connector, one.to), wanted, {document.name for document in documents})
        tools = tuple(sorted({*place.tools, *cut.tools}))
        description = (
            f"Least privilege: of {one.connector}, {who} used {'this tool' if len(tools) == 1 else f'these {len(tools)} tools'} in {days} days."
            " Drafted by the report of unused grants. Delete this policy to give them back."
        )
        documents.append(filled(place, wanted, tools, description, (case_of(one, tools[0]),)))
    return documents


def denying(selector: Selector, *, requestable: bool = False) -> PolicySpec:
    """A policy that denies what is selected."""
    return PolicySpec(effect="deny", selector=selector, severity="low", requestable=requestable)


def case_of(one: Given, tool: str) -> Case:
    """A test: a call that is denied now. A denial always wins, so it holds whatever is added later."""
    if one.kind == "person":
        return Case(person=one.to, connector=one.connector, tool=tool, expect="deny")
    groups = () if one.to_everybody else (one.to,)
    return Case(person="somebody", groups=groups, connector=one.connector, tool=tool, expect="deny")


def shown(name: str) -> str:
    """A name within a sentence, cut."""
    return name if len(name) <= _NAMED_CHARACTERS_MAX else f"{name[: _NAMED_CHARACTERS_MAX - 1]}…"


def text_of(documents: Collection[Document]) -> str:
    """Documents as YAML that `gatebook apply` takes."""
    return "---\n".join(document.yaml for document in documents)


def holder_of(connector: str, group: str) -> Given:
    """A group as the holder of something of a connector."""
    return Given(connector=connector, tool="", kind="group", to=group, through=CONNECTOR)
