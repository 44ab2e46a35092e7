"""What would other policies have decided about the calls of the book? A draft against what is in force, call by call.

Calls that are alike in all that decides are decided once. Only where a condition, a time or a network matters is each call looked at, with its arguments.
"""

import time
from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from gatebook.index.index import Index
from gatebook.index.past import Alike, Single, alike, singles
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.replay import Changed, PastCall, Replay
from gatebook.policy.request import HINTS, Hints, Request
from gatebook.query.writing import both, term

_TOP = 50
_AT_ONCE = 50_000
_STEP_US_MIN = 1_000_000
Progress = Callable[[float], None]


class Drafted(Struct, frozen=True, kw_only=True):
    """What is compared: the policies in force and the draft, and what tools say of themselves, by connector and tool."""

    before: Sources
    after: Sources
    hints: Mapping[str, Mapping[str, Hints]]


class Named(Struct, frozen=True, kw_only=True):
    """A number for one value; `query` finds its calls, empty where it is a policy that no call of the past knows."""

    value: str
    count: int
    query: str


class Transition(Struct, frozen=True, kw_only=True):
    """So many calls would go from one effect to another."""

    was: Annotated[str, Meta(description="allowed, blocked, pending or redacted, by the policies in force.")]
    now: Annotated[str, Meta(description="The same by the draft.")]
    count: int


class Replayed(Struct, frozen=True, kw_only=True):
    """What a draft would change. Limits count as not reached. Times in microseconds since 1970."""

    since_us: int
    until_us: int
    calls: Annotated[int, Meta(description="Calls of tools in the range.")]
    changed: Annotated[int, Meta(description="Calls that would be decided differently.")]
    undecided: Annotated[int, Meta(description="Calls whose arguments are needed and are no longer there.")]
    transitions: list[Transition]
    by_rule: list[Named]
    by_person: list[Named]
    by_tool: list[Named]
    errors: Annotated[dict[str, int], Meta(description="Calls for which a condition of the draft could not be answered, by policy.")]
    examples: Annotated[list[Changed], Meta(description="Some changed calls of each kind.")]
    took_s: float


def replay(index: Index, drafted: Drafted, since_us: int, until_us: int, progress: Progress = lambda done: None) -> Replayed:
    """Replay the calls that began in `[since_us, until_us)`. Blocks; `progress` is told the share that is done.

    Raises BundleError, EngineError, QueryTooHeavy.
    """
    began_s = time.monotonic()
    old, new = Bundle.compile(drafted.before), Bundle.compile(drafted.after)
    run = Replay(new, old)
    each: set[tuple[str, str]] = set()
    groups = alike(index, since_us, until_us)
    for group in groups:
        request = _request(group, drafted.hints)
        if old.candidates(request).dynamic or new.candidates(request).dynamic:
            each.add((group.connector, group.tool))
    for group in groups:
        if (group.connector, group.tool) not in each:
            run.add(PastCall(id=group.call, request=_request(group, drafted.hints)), times=group.count)
    progress(0.1)
    many = sum(group.count for group in groups if (group.connector, group.tool) in each)
    step_us = max((until_us - since_us) // (many // _AT_ONCE + 1), _STEP_US_MIN)
    for begin_us in range(since_us, until_us, step_us) if each else ():
        end_us = min(begin_us + step_us, until_us)
        for single in singles(index, sorted(each), begin_us, end_us):
            run.add(_past(single, drafted.hints))
        progress(0.1 + 0.9 * (end_us - since_us) / max(until_us - since_us, 1))
    report = run.report()
    return Replayed(
        since_us=since_us,
        until_us=until_us,
        calls=report.calls,
        changed=report.changed,
        undecided=report.undecided,
        transitions=[Transition(was=was, now=now, count=count) for (was, now), count in report.transitions.items()],
        by_rule=_named(report.by_rule, lambda rule: term("rule", rule) if rule in old.rules else ""),
        by_person=_named(report.by_person, lambda person: term("person", person)),
        by_tool=_named(report.by_tool, _of_tool),
        errors=report.errors,
        examples=list(report.examples),
        took_s=round(time.monotonic() - began_s, 3),
    )


def _request(who: Alike, hints: Mapping[str, Mapping[str, Hints]]) -> Request:
    return Request(
        connector=who.connector,
        tool=who.tool,
        person=who.person,
        email=who.email,
        kind="service" if who.actor_kind == "service" else "person",
        groups=who.groups,
        client=who.client,
        hints=hints.get(who.connector, {}).get(who.tool, HINTS),
    )


def _past(single: Single, hints: Mapping[str, Mapping[str, Hints]]) -> PastCall:
    known = _request(single.who, hints)
    request = replace(known, source_ip=single.ip, time_us=single.time, arguments=single.arguments.encode() or None)
    return PastCall(id=single.who.call, request=request, arguments_known=bool(single.arguments))


def _named(counts: Mapping[str, int], query: Callable[[str], str]) -> list[Named]:
    return [Named(value=value, count=count, query=query(value)) for value, count in list(counts.items())[:_TOP]]


def _of_tool(name: str) -> str:
    connector, _, tool = name.partition("__")
    return both(term("connector", connector), term("tool", tool))
