"""Numbers that carry the query which finds exactly their calls: what investigations, trends and reports are made of."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final, TypeVar

from msgspec import Meta, Struct, convert
from msgspec.structs import replace

from gatebook.index import Index, counts
from gatebook.index.counts import Buckets, Count, Group
from gatebook.index.snapshot import Snapshot
from gatebook.index.tallies import FAILED
from gatebook.query import Query
from gatebook.query.groups import FieldGroup
from gatebook.query.writing import both, term
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.showing import countable, told_apart, where_shown
from gatebook.reading.viewer import Viewer

OUTCOMES: dict[str, tuple[str, tuple[str, ...]]] = {
    "ok": ("status:ok -decision:redacted", ("ok",)),
    "redacted": ("status:ok decision:redacted", ("redacted",)),
    "blocked": ("status:blocked", ("blocked",)),
    "failed": (f"status:({', '.join(FAILED)})", FAILED),
    "other": ("status:(cancelled, pending, open)", ("cancelled", "pending", "open")),
}
"""How a call ended, in five words: the filter of each, and the states of `over_time` that it holds."""

REPORT_BUDGET_S: Final = 15.0
"""For each question of a report. They stand back behind the questions of those who search, so they may wait longer."""
ERRORS = f"status:({', '.join(FAILED)})"
VIOLATIONS = "decision:(blocked, redacted)"
_MEASURES = ("count", "blocked", "redacted", "errors", "returned", "bytes_out", "people", "first_us", "last_us")
_T = TypeVar("_T")

Query_ = Annotated[str, Meta(description="Finds exactly these calls, within the range of the report.")]


class Tally(Struct, frozen=True, kw_only=True):
    """A value and how many calls have it."""

    value: Annotated[str, Meta(description="The value.")]
    label: Annotated[str, Meta(description="The value as people read it.")]
    count: Annotated[int, Meta(description="How many calls.")]
    query: Query_


class Entry(Struct, frozen=True, kw_only=True):
    """A value and what its calls came to. `query` with `status:blocked` and so on finds each of the counts."""

    value: Annotated[str, Meta(description="The value; of a tool, the connector before a tab.")]
    label: Annotated[str, Meta(description="The value as people read it.")]
    query: Query_
    count: Annotated[int, Meta(description="How many calls.")]
    blocked: Annotated[int, Meta(description="How many of them were blocked: status:blocked.")] = 0
    redacted: Annotated[int, Meta(description="How many of them governance changed: decision:redacted.")] = 0
    errors: Annotated[int, Meta(description="How many of them failed.")] = 0
    returned: Annotated[int, Meta(description="Records that they brought, in all.")] = 0
    bytes_out: Annotated[int, Meta(description="Bytes that they brought, in all.")] = 0
    people: Annotated[int, Meta(description="Different people.")] = 0
    first_us: Annotated[int, Meta(description="Time of the first, microseconds since 1970.")] = 0
    last_us: Annotated[int, Meta(description="Time of the last, microseconds since 1970.")] = 0

    def tally(self, name: str) -> Tally:
        """One of `blocked`, `redacted`, `errors`, with the query that finds it."""
        more = {"blocked": "status:blocked", "redacted": "decision:redacted", "errors": ERRORS}[name]
        return Tally(value=name, label=name, count=getattr(self, name), query=both(self.query, more))


class Moment(Struct, frozen=True, kw_only=True):
    """Calls by outcome in one span of time."""

    since_us: int
    until_us: int
    counts: Annotated[dict[str, int], Meta(description="Calls by ok, redacted, blocked, failed and other; or by the value of a field.")]


class Asking:
    """Questions of one report: all from one snapshot, within the reader's scope, each in a thread of the room."""

    def __init__(self, room: ReadingRoom, viewer: Viewer, question: Question, budget_s: float = REPORT_BUDGET_S) -> None:
        self._room = room
        self._viewer = viewer
        self._budget_s = budget_s
        self.index: Index = room.index
        self.snapshot: Snapshot = self.index.snapshot()
        self.question = question

    def about(self, text: str | None = None, since_us: int | None = None, until_us: int | None = None) -> Question:
        """The question with another text, or about another time; None leaves an end open when a text is given with it."""
        if since_us is None and until_us is None:
            since_us, until_us = self.question.since_us, self.question.until_us
        return Question(text=self.question.text if text is None else text, since_us=since_us, until_us=until_us)

    async def table(
        self,
        by: tuple[str, ...],
        measures: tuple[str, ...] = _MEASURES,
        *,
        about: Question | None = None,
        buckets: Buckets | None = None,
        limit: int = 1000,
    ) -> list[Group]:
        """Calls in groups. By a field, only those in which the reader sees it; what is hidden comes to 0. Raises QueryError, QueryTooHeavy, TooSlow, EngineError."""
        if not all(self.shows(field) for field in by):
            return []
        seen = countable(self._viewer.access, measures)
        if seen == measures:
            return await self._ask(counts.table, about, by, measures, told_by=by, buckets=buckets, limit=limit)
        groups = await self._ask(counts.table, about, by, seen or ("count",), told_by=by, buckets=buckets, limit=limit)
        return [replace(group, values={**dict.fromkeys(measures, 0.0), **group.values}) for group in groups]

    async def facets(self, fields: Sequence[str], limit: int, about: Question | None = None) -> dict[str, list[Tally]]:
        """The most frequent values of several fields; what has none of a field, or hides it from the reader, is left out of it."""
        asked = about or self.question
        found: dict[str, list[Count]] = {field: [] for field in fields}
        for scope in {self._viewer.access.scope_of_field(field) for field in fields if self.shows(field)}:
            alike = [field for field in fields if self._viewer.access.scope_of_field(field) == scope]
            found |= await self._ask(counts.facets, asked, alike, limit, told_by=alike)
        return {
            field: [
                Tally(value=item.value, label=item.label, count=item.count, query=both(asked.text, term(field, item.value)))
                for item in items
                if item.value not in ("", "0")
            ]
            for field, items in found.items()
        }

    async def over_time(
        self, since_us: int, until_us: int, step_us: int, *, by: str = "outcome", about: Question | None = None
    ) -> list[Moment]:
        """Calls in each span of time, without gaps; the spans at the ends are cut to the range."""
        query, how = told_apart(self._viewer.access, self._query(about), by)
        found: Mapping[int, Mapping[str, int]] = await self._run(counts.over_time, query, since_us, step_us, by=how)
        moments = []
        for number in range(-(-(until_us - since_us) // step_us)):
            start = since_us + number * step_us
            held = found.get(number, {})
            grouped = (
                dict(held)
                if by != "outcome"
                else {name: sum(held.get(state, 0) for state in states) for name, (_, states) in OUTCOMES.items()}
            )
            moments.append(
                Moment(since_us=max(start, self.question.since_us or start), until_us=min(start + step_us, until_us), counts=grouped)
            )
        return moments

    async def extent(self) -> tuple[int, int] | None:
        """Times of the first and last call; None when there is none."""
        return await self._ask(counts.extent, None)

    def person(self, id: str) -> str:
        """The name of a person, as far as the index knows it."""
        waiting = next((row.name or row.email for row in self.snapshot.waiting if row.person == id), "")
        return self.index.store(self.snapshot).vocabulary.label(id) or waiting or id or "not identified"

    def shows(self, field: str) -> bool:
        """Whether the reader sees a field in some call."""
        return self._viewer.access.shows(field)

    @property
    def positions(self) -> dict[str, int]:
        """The last record of each stream that the numbers know of, for who may know how many there are."""
        return self.snapshot.positions if self._viewer.access.sees_places else {}

    def shows_all(self, group: FieldGroup) -> bool:
        """Whether the reader sees a group in the calls of everybody."""
        return self._viewer.access.shows_all(group)

    def _query(self, about: Question | None) -> Query:
        return self._room.query(self._viewer, about or self.question)

    async def _ask(self, work: Callable[..., _T], about: Question | None, *args: Any, told_by: Sequence[str] = (), **more: Any) -> _T:
        query = self._query(about)
        for field in told_by:
            query = where_shown(self._viewer.access, query, field)
        return await self._run(work, query, *args, **more)

    async def _run(self, work: Callable[..., _T], query: Query, *args: Any, **more: Any) -> _T:
        call = partial(work, self.index, query, *args, snapshot=self.snapshot, timeout_s=self._budget_s, **more)
        return await self._room.ask(call, self._budget_s, about=query, heavy=True)


def entry(group: Group, query: str, value: str, label: str) -> Entry:
    """The entry of a group."""
    return convert({**{name: int(number) for name, number in group.values.items()}, "query": query, "value": value, "label": label}, Entry)


def step_us(since_us: int, until_us: int, spans_max: int) -> int:
    """The shortest round span of which at most so many cover a range."""
    steps_s = (60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000)
    span_s = max(1, (until_us - since_us) // 1_000_000)
    return next((step for step in steps_s if span_s <= step * (spans_max - 1)), -(-span_s // max(1, spans_max - 1))) * 1_000_000
