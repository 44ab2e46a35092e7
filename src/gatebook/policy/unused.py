"""What is given and not used: for each tool that a group or person has been given, how many may call it by that, how many did, and when last.

Use is what the book says of a span of time. A group has used a tool when somebody called it who is in the group now, or was then.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from gatebook.policy.alike import Crowd, about
from gatebook.policy.bundle import Bundle
from gatebook.policy.given import Given, Tools, given, holds
from gatebook.policy.reach import reach
from gatebook.policy.request import Request

State = Literal["used", "unused", "new"]
Place = tuple[str, str, str]


class Use(Struct, frozen=True):
    """Calls of one tool that were not blocked: by how many different people, how many, and the time of the last, microseconds since 1970."""

    people: int = 0
    calls: int = 0
    last_us: int = 0


class Uses(Struct, frozen=True, kw_only=True):
    """All use within a span. Keys are (person or group, connector, tool), groups in lower case; people may be in it who are no longer known."""

    by_person: Mapping[Place, Use] = {}
    by_group: Mapping[Place, Use] = {}


class Held(Struct, frozen=True, kw_only=True):
    """One grant of one tool, and what came of it."""

    given: Given
    may: int
    """People who may call it and have it by this; none where nobody is in the group."""
    idle: int
    """How many of them never called any tool of the connector."""
    use: Use
    since_us: int
    """When it came to be; 0 where that is not known."""
    state: State
    """unused: nobody called it. new: nobody called it either, but it came to be within the span."""


def held(
    bundle: Bundle, people: Sequence[Request], tools: Tools, uses: Uses, since_of: Callable[[Given], int], begin_us: int
) -> list[Held]:
    """Return what becomes of each grant that gives anything: those by which nobody could call are left out.

    `people`: all who are active, each as a request would name them, at the moment of asking. `since_of` gives the time from which a grant
    holds; what is younger than `begin_us`, the beginning of the span, is new.
    """
    ways = given(bundle.sources, tools)
    members = {holder: [number for number, who in enumerate(people) if holds(who, holder)] for holder in {one.holder for one in ways}}
    ids = {holder: {people[number].person for number in numbers} for holder, numbers in members.items()}
    may = _may(bundle, people, tools, ways)
    active = {(person, connector) for person, connector, _ in uses.by_person}
    users = _users(uses)
    made = []
    for one in ways:
        place = one.connector, one.tool
        able = [number for number in members[one.holder] if number in may.get(place, ())]
        if not able and not _would(bundle, one, people, tools):
            continue
        use = _use(one, ids[one.holder], users.get(place, {}), uses)
        since_us = since_of(one)
        idle = sum((people[number].person, one.connector) not in active for number in able)
        state: State = "used" if use.calls else "new" if since_us >= begin_us else "unused"
        made.append(Held(given=one, may=len(able), idle=idle, use=use, since_us=since_us, state=state))
    return made


def member(one: Given, people: Iterable[Request], time_us: int) -> Request:
    """Return somebody who holds a grant and nothing else: the person, or a member of only that group."""
    kind, name = one.holder
    if kind == "group":
        return Request(connector="", groups=() if one.to_everybody else (one.to,), time_us=time_us)
    known = next((who for who in people if holds(who, one.holder)), None)
    return known or Request(connector="", person=name, email=name if "@" in name else "", time_us=time_us)


def _may(bundle: Bundle, people: Sequence[Request], tools: Tools, ways: Iterable[Given]) -> dict[tuple[str, str], set[int]]:
    """Return who may call each tool that is given, by (connector, tool): calls of theirs are not always denied."""
    crowd, found = Crowd(people), dict[tuple[str, str], set[int]]()
    holders: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one in ways:
        holders.setdefault((one.connector, one.tool), set()).add(one.holder)
    hints = {(connector, tool): hints for connector, some in tools.items() for tool, hints in some}
    for (connector, tool), given_to in holders.items():
        able = found.setdefault((connector, tool), set())
        for some in crowd.classes(about(bundle.sources, connector, tool)):
            if any(holds(some.one, holder) for holder in given_to):
                (one_tool,) = reach(bundle, some.one, {connector: [(tool, hints[connector, tool])]})
                able.update(some.members if one_tool.outcome != "denied" else ())
    return found


def _would(bundle: Bundle, one: Given, people: Sequence[Request], tools: Tools) -> bool:
    """Whether a member of only this group could call it, or a person who is not active now."""
    if one.kind == "person" and any(holds(who, one.holder) for who in people):
        return False
    hints = next(hints for tool, hints in tools[one.connector] if tool == one.tool)
    time_us = people[0].time_us if people else 0
    (found,) = reach(bundle, member(one, (), time_us), {one.connector: [(one.tool, hints)]})
    return found.outcome != "denied"


def _users(uses: Uses) -> dict[tuple[str, str], dict[str, Use]]:
    """Return who used each tool, by (connector, tool)."""
    users: dict[tuple[str, str], dict[str, Use]] = {}
    for (person, connector, tool), use in uses.by_person.items():
        users.setdefault((connector, tool), {})[person] = use
    return users


def _use(one: Given, members: Collection[str], users: Mapping[str, Use], uses: Uses) -> Use:
    """Return the use of one tool by the holder of a grant; for a group the larger of that by those who are in it and by those who were."""
    if one.to_everybody:
        return _sum(users.values())
    if one.kind == "person":
        return _sum(use for person, use in users.items() if person in members or person == one.to.lower())
    now = _sum(use for person, use in users.items() if person in members)
    then = uses.by_group.get((one.to.lower(), one.connector, one.tool), Use())
    return Use(max(now.people, then.people), max(now.calls, then.calls), max(now.last_us, then.last_us))


def _sum(uses: Iterable[Use]) -> Use:
    people = calls = last_us = 0
    for use in uses:
        people, calls, last_us = people + use.people, calls + use.calls, max(last_us, use.last_us)
    return Use(people, calls, last_us)
