"""Policies and packs that Gatebook drafts for people: each has a name that says what it is for, and is edited when it is there already.

A resource is edited only while it still has the shape in which it was drafted; one that somebody has made their own is left alone, and
the draft takes the next free name.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gatebook.definitions.telling import one_line
from gatebook.policy.access import EVERYONE
from gatebook.policy.narrow import Cut
from gatebook.policy.rules import Case
from gatebook.state.documents import Document
from gatebook.state.policies import PolicySpec
from gatebook.state.snapshot import Rules

_SLUG_CHARACTERS_MAX: Final = 20
_NAMED_CHARACTERS_MAX: Final = 120
_NAMES_MAX: Final = 6
_TESTS_MAX: Final = 6
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
    mode, chosen = "enforce" if is_empty(spec) else spec.mode, spec.selector
    names = (chosen.groups, chosen.people, chosen.not_groups, chosen.not_people)
    lower = tuple(tuple(sorted(name.lower() for name in some)) for some in names)
    rest = replace(chosen, tools=(), groups=(), people=(), not_groups=(), not_people=())
    return spec.effect, mode, lower, rest, spec.when, spec.limit


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
        holders = (*cut.groups, *cut.people)
        base = base_name("narrow", cut.connector, holders[0]) if len(holders) == 1 else f"narrow-{cut.connector}"
        place = spot(rules, base, wanted := _taking_back(cut, days), {document.name for document in documents})
        tools = tuple(sorted({*place.tools, *cut.tools}))
        what = "this tool" if len(tools) == 1 else f"these {len(tools)} tools"
        description = (
            f"Least privilege: nobody of {listed(holders)} used {what} of {cut.connector} in {days} days."
            " Drafted by the report of unused grants. Delete this policy to give them back."
        )
        tests = tuple(denied(cut.connector, tools[0], group=group) for group in cut.groups[:_TESTS_MAX])
        tests += tuple(denied(cut.connector, tools[0], person=person) for person in cut.people[: _TESTS_MAX - len(tests)])
        documents.append(filled(place, wanted, tools, description, tests))
    return documents


def _taking_back(cut: Cut, days: int) -> PolicySpec:
    reason = f"This was not used in {days} days, so it was taken back. Ask for it when you need it."
    # Administrators always may; said here so that whoever reads the policy sees whom to ask.
    return PolicySpec(effect="deny", reason=reason, selector=cut.selector, severity="low", requestable=True, approvers=("admins",))


def denied(connector: str, tool: str, *, group: str = "", person: str = "somebody") -> Case:
    """A test: a call that is denied. A denial always wins, so it holds whatever is added later."""
    groups = (group,) if group and group.lower() != EVERYONE else ()
    return Case(person=person, groups=groups, connector=connector, tool=tool, expect="deny")


def listed(names: Sequence[str]) -> str:
    """Names within a sentence, few of them, hidden characters written out."""
    words = [one_line(name, _NAMED_CHARACTERS_MAX) for name in names[:_NAMES_MAX]]
    more = len(names) - len(words)
    last = f"{more} more" if more else words.pop()
    return f"{', '.join(words)} and {last}" if words else last


def text_of(documents: Collection[Document]) -> str:
    """Documents as YAML that `gatebook apply` takes."""
    return "---\n".join(document.yaml for document in documents)
