"""What happened, and how far? From a person, a session, a tool, a connector, a value's fingerprint or any set of calls to everything that is connected.

All numbers of one investigation are of one snapshot, and each carries the query that finds exactly its calls.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from gatebook.index import EngineError
from gatebook.query import parse
from gatebook.query.tree import Compare
from gatebook.query.writing import both, term
from gatebook.reading import notable, ways
from gatebook.reading.notable import Fact
from gatebook.reading.records import RecordQuestion, find
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.tallies import OUTCOMES, Asking, Entry, Moment, Tally, entry, step_us
from gatebook.reading.viewer import Viewer
from gatebook.reading.ways import Reach

SPANS_MAX: Final = 60
ENTRIES_MAX: Final = 12
_CHANGES_MAX: Final = 40
_FACETS: Final = (
    "client",
    "ip",
    "group",
    "session",
    "server",
    "api_host",
    "finding",
    "severity",
    "fingerprint",
    "error_class",
    "credential",
)
_STARTS: Final = (
    "person",
    "session",
    "tool",
    "connector",
    "fingerprint",
    "client",
    "ip",
    "group",
    "rule",
    "finding",
    "call",
    "server",
    "api_host",
)


class Start(Struct, frozen=True, kw_only=True):
    """What the investigation starts from: one value of a field, or, with an empty field, a query."""

    field: Annotated[str, Meta(description="person, session, tool, connector, fingerprint, …; empty for a query of another form.")]
    value: Annotated[str, Meta(description="The value; the query where there is no field.")]
    label: Annotated[str, Meta(description="As people read it.")]


class Change(Struct, frozen=True, kw_only=True):
    """A change of configuration within the range."""

    time_us: Annotated[int, Meta(description="When, microseconds since 1970.")]
    id: Annotated[str, Meta(description="Id of its record.")]
    text: Annotated[str, Meta(description="What was changed.")]


class Timeline(Struct, frozen=True, kw_only=True):
    """Calls by outcome over time, and what was changed meanwhile."""

    step_us: int
    moments: list[Moment]
    changes: list[Change]


class Fingerprint(Struct, frozen=True, kw_only=True):
    """A sensitive value by its fingerprint: how often it is in these calls, and how often in all that the reader may see, up to the end of the range."""

    value: str
    here: Tally
    everywhere: Annotated[int, Meta(description="Calls with this value, whenever before the end of the range.")]
    people: Annotated[int, Meta(description="Different people of those calls.")]
    first_us: int
    query: Annotated[str, Meta(description="Finds those calls, from the beginning of the book to the end of the range.")]


class Investigation(Struct, frozen=True, kw_only=True):
    """What happened and how far it reached. A `query` finds the calls of its number when it is asked for `[since_us, until_us)`."""

    query: Annotated[str, Meta(description="The query that it is about.")]
    since_us: Annotated[int, Meta(description="Begin of the range, microseconds since 1970.")]
    until_us: Annotated[int, Meta(description="End of the range, which is not part of it.")]
    start: Start
    snapshot: Annotated[dict[str, int], Meta(description="The last record of each stream that the numbers know of.")]
    total: Entry
    sessions: Annotated[int, Meta(description="Different sessions.")]
    bytes_in: Annotated[int, Meta(description="Bytes of arguments in all.")]
    outcomes: Annotated[list[Tally], Meta(description="Calls by how they ended.")]
    timeline: Timeline
    facts: list[Fact]
    people: list[Entry]
    connectors: list[Entry]
    tools: list[Entry]
    values: Annotated[dict[str, list[Tally]], Meta(description="The most frequent values of further fields.")]
    fingerprints: list[Fingerprint]
    reach: Reach
    hidden: Annotated[
        tuple[str, ...],
        Meta(description="Groups of fields that are hidden from the reader in some of these calls; no number tells of them."),
    ] = ()


async def investigate(room: ReadingRoom, viewer: Viewer, question: Question) -> Investigation:
    """Ask everything about the calls of a question. An open end of its range is closed by the first call, or by now. Nothing is recorded: `room.note` does that.

    Raises QueryError, QueryTooHeavy, TooSlow, EngineError.
    """
    asking = Asking(room, viewer, question)
    since_us, until_us = question.since_us, question.until_us
    if until_us is None:
        until_us = room.clock.wall_us()
    if since_us is None:
        extent = await asking.extent()
        since_us = min(extent[0], until_us - 1) if extent else until_us - 1
    asking.question = Question(text=question.text, since_us=since_us, until_us=until_us)
    start = _start(question.text)
    try:
        async with asyncio.TaskGroup() as group:
            total = group.create_task(_total(asking))
            people = group.create_task(_entries(asking, ("person",)))
            connectors = group.create_task(_entries(asking, ("connector",)))
            tools = group.create_task(_entries(asking, ("connector", "tool")))
            facets = group.create_task(asking.facets(_FACETS, ENTRIES_MAX))
            timeline = group.create_task(_timeline(asking, since_us, until_us))
            reach = group.create_task(ways.reach(asking))
            firsts = group.create_task(notable.firsts(asking, start, since_us, until_us))
            rhythm = group.create_task(notable.rhythm(asking, since_us, until_us))
    except ExceptionGroup as problems:
        raise problems.exceptions[0] from None
    whole, sessions, bytes_in = total.result()
    values = facets.result()
    facts = [*await notable.refusals(asking, whole), *rhythm.result(), *firsts.result()]
    prints = await _fingerprints(asking, values.pop("fingerprint"), until_us)
    return Investigation(
        query=question.text,
        since_us=since_us,
        until_us=until_us,
        start=_told(start, question.text, asking),
        snapshot=asking.positions,
        total=whole,
        sessions=sessions,
        bytes_in=bytes_in,
        outcomes=_outcomes(timeline.result(), question.text),
        timeline=await _with_changes(timeline.result(), room, viewer, since_us, until_us),
        facts=sorted(facts, key=lambda fact: ("high", "medium", "low").index(fact.severity)),
        people=people.result(),
        connectors=connectors.result(),
        tools=tools.result(),
        values=values,
        fingerprints=prints,
        reach=reach.result(),
        hidden=viewer.access.uncounted,
    )


def _start(text: str) -> Compare | None:
    """The one filter that the query is, when it is one."""
    tree = parse(text).tree
    return tree if isinstance(tree, Compare) and tree.op == "eq" and tree.field in _STARTS else None


def _told(start: Compare | None, text: str, asking: Asking) -> Start:
    if start is None:
        return Start(field="", value=text, label=text or "all calls")
    value = str(start.value)
    named = start.field == "person" and asking.shows_all("identity")
    return Start(field=start.field, value=value, label=asking.person(value) if named else value)


async def _total(asking: Asking) -> tuple[Entry, int, int]:
    measures = ("count", "blocked", "redacted", "errors", "returned", "bytes_out", "people", "first_us", "last_us", "sessions", "bytes_in")
    (group,) = await asking.table((), measures)
    whole = entry(group, asking.question.text, "", "all")
    return whole, int(group.values["sessions"]), int(group.values["bytes_in"])


async def _entries(asking: Asking, by: tuple[str, ...]) -> list[Entry]:
    groups = await asking.table(by, limit=ENTRIES_MAX)
    return [
        entry(
            group,
            both(asking.question.text, " ".join(term(field, key) for field, key in zip(by, group.keys, strict=True))),
            "\t".join(group.keys),
            asking.person(group.keys[0]) if by == ("person",) else " · ".join(key for key in group.keys if key) or "gateway",
        )
        for group in groups
    ]


async def _timeline(asking: Asking, since_us: int, until_us: int) -> Timeline:
    step = step_us(since_us, until_us, SPANS_MAX)
    return Timeline(step_us=step, moments=await asking.over_time(since_us // step * step, until_us, step), changes=[])


async def _with_changes(timeline: Timeline, room: ReadingRoom, viewer: Viewer, since_us: int, until_us: int) -> Timeline:
    """With the marks of what was changed. An index that fails at this leaves them out: they are beside the numbers."""
    asked = RecordQuestion(kind="changes", since_us=since_us, until_us=until_us, limit=_CHANGES_MAX)
    try:
        page = await room.ask(lambda: find(room.index, viewer, asked))
    except EngineError:
        return timeline
    changes = [
        Change(time_us=row.time, id=row.id, text=_change(json.loads(row.summary)))
        for row in reversed(page.rows)
        if row.type == "config.changed"
    ]
    return Timeline(step_us=timeline.step_us, moments=timeline.moments, changes=changes)


def _change(core: dict[str, Any]) -> str:
    because = f": {core['reason']}" if core.get("reason") else ""
    return f"{core['kind']} {core['name']} {core['action']}{because}"


def _outcomes(timeline: Timeline, text: str) -> list[Tally]:
    words = {"ok": "OK", "redacted": "Redacted", "blocked": "Blocked", "failed": "Failed", "other": "Open or cancelled"}
    return [
        Tally(
            value=name, label=words[name], count=sum(moment.counts.get(name, 0) for moment in timeline.moments), query=both(text, filter_)
        )
        for name, (filter_, _) in OUTCOMES.items()
    ]


async def _fingerprints(asking: Asking, here: Sequence[Tally], until_us: int) -> list[Fingerprint]:
    if not here:
        return []
    values = ", ".join(term("fingerprint", item.value).partition(":")[2] for item in here)
    about = Question(text=f"fingerprint:({values})", until_us=until_us)
    groups = await asking.table(("fingerprint",), ("count", "people", "first_us"), about=about)
    everywhere = {group.keys[0]: group.values for group in groups}
    return [
        Fingerprint(
            value=item.value,
            here=item,
            everywhere=int(everywhere[item.value]["count"]),
            people=int(everywhere[item.value]["people"]),
            first_us=int(everywhere[item.value]["first_us"]),
            query=term("fingerprint", item.value),
        )
        for item in here
        if item.value in everywhere
    ]
