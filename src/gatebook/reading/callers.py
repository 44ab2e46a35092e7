"""Who may call a tool: whom the connector and the tool packs name, and what the policies make of that for each person."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from gatebook.policy.access import AccessRules, visible
from gatebook.policy.bundle import Bundle
from gatebook.policy.reach import Reach, reach
from gatebook.policy.request import Hints, Request
from gatebook.policy.selectors import ToolPack
from gatebook.state.snapshot import Person

PEOPLE_MAX = 500
NAMED_MAX = 100


class Grants(Struct, frozen=True, kw_only=True):
    """Who is granted a tool, before any policy: by name. Nobody, where all is empty."""

    groups: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    packs: Annotated[tuple[str, ...], Meta(description="Tool packs that hold it and are granted to somebody.")] = ()


class Caller(Struct, frozen=True, kw_only=True):
    """One person who could call the tool."""

    person: str
    name: str
    outcome: Annotated[
        Reach, Meta(description="allowed; conditional: it depends on arguments, time, network or counts; pending: every call waits.")
    ]
    rules: tuple[str, ...]


class Callers(Struct, frozen=True, kw_only=True):
    """What the policies in force make of a tool for all active people."""

    people: Annotated[int, Meta(description="Active people and service accounts.")]
    counts: Annotated[dict[str, int], Meta(description="How many of them by allowed, conditional, pending and denied.")]
    named: Annotated[tuple[Caller, ...], Meta(description="Those who are not denied, at most 100.")]


def grants_of(tool: str, rules: AccessRules, packs: Iterable[ToolPack]) -> Grants:
    """Return whom the connector's own rules and the packs name for a tool."""
    if not _undenied(tool, rules):
        return Grants()
    own = visible(tool, rules)
    holding = [pack.name for pack in packs if (pack.people or pack.groups) and pack.holds(rules.connector, tool)]
    return Grants(groups=rules.groups if own else (), people=rules.people if own else (), packs=tuple(sorted(holding)))


def callers_of(bundle: Bundle, people: Mapping[str, Person], tool: tuple[str, str, Hints], time_us: int) -> Callers | None:
    """Ask the policies about one tool, `(connector, name, hints)`, for each active person; None where there are more than 500 of them."""
    connector, name, hints = tool
    active = sorted((person for person in people.values() if person.active), key=lambda one: one.id)
    if len(active) > PEOPLE_MAX:
        return None
    counts: dict[str, int] = {"allowed": 0, "conditional": 0, "pending": 0, "denied": 0}
    named = []
    for person in active:
        who = Request(connector="", person=person.id, email=person.email, kind=person.kind, groups=person.groups, time_us=time_us)
        (found,) = reach(bundle, who, {connector: [(name, hints)]})
        counts[found.outcome] += 1
        if found.outcome != "denied":
            named.append(Caller(person=person.id, name=person.name or person.id, outcome=found.outcome, rules=found.rules))
    return Callers(people=len(active), counts=counts, named=tuple(named[:NAMED_MAX]))


def _undenied(tool: str, rules: AccessRules) -> bool:
    return visible(tool, AccessRules(connector=rules.connector, tools_deny=rules.tools_deny))
