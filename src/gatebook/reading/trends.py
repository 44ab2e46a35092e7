"""Trends: a fixed dashboard of violations, findings, what rises, latency and clients. All numbers are of one snapshot and carry their query."""

import asyncio
import math
from collections.abc import Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.index.counts import Buckets, Group
from gatebook.query.writing import both, term
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.tallies import ERRORS, VIOLATIONS, Asking, Query_, Tally, step_us
from gatebook.reading.viewer import Viewer

SPANS_MAX: Final = 48
SERIES_MAX: Final = 6
RISERS_MAX: Final = 6
WEEK_US: Final = 7 * 86_400_000_000
DEFAULT_US: Final = WEEK_US
_SMALL: Final = 10
_SCORE_MIN: Final = 2.0
_CONNECTORS_MAX: Final = 12


class Span(Struct, frozen=True, kw_only=True):
    """One span of time, `[since_us, until_us)`."""

    since_us: int
    until_us: int


class Series(Struct, frozen=True, kw_only=True):
    """Counts of one value over the spans of the report, one for each; `query` finds all of them in its range, and those of a span in the span."""

    value: Annotated[str, Meta(description="The value.")]
    label: Annotated[str, Meta(description="As people read it.")]
    query: Query_
    count: Annotated[int, Meta(description="All of the range.")]
    counts: Annotated[list[int], Meta(description="One number for each span.")]


class Violations(Struct, frozen=True, kw_only=True):
    """Calls that governance blocked or changed, over time, for the values of one field that have most."""

    field: Annotated[str, Meta(description="rule, person or connector.")]
    series: list[Series]


class Riser(Struct, frozen=True, kw_only=True):
    """A value with more calls in the last seven days than in the seven before. `score` is the rise in standard deviations of a count; small numbers stay low."""

    field: str
    value: str
    label: str
    now: Annotated[int, Meta(description="Calls in the last seven days.")]
    before: Annotated[int, Meta(description="Calls in the seven days before.")]
    change: Annotated[
        float | None, Meta(description="Rise as a share of what was before; null where there were fewer than 10, too few for a share.")
    ]
    score: float
    query: Annotated[str, Meta(description="Finds the calls of either week, within that week.")]


class Latency(Struct, frozen=True, kw_only=True):
    """How a connector answered. Percentiles are of the whole time of calls that have ended."""

    connector: str
    query: Query_
    count: int
    errors: Annotated[int, Meta(description="How many failed.")]
    errors_query: Query_
    p50_us: int
    p95_us: int
    p95_over_time: Annotated[list[int | None], Meta(description="One for each span; null where there were no calls.")]
    errors_over_time: list[int]
    counts: list[int]


class Trends(Struct, frozen=True, kw_only=True):
    """What changed over `[since_us, until_us)`; the week on week is about `weeks`, the older one first."""

    query: Annotated[str, Meta(description="The query that it is about; empty for all calls.")]
    since_us: int
    until_us: int
    step_us: int
    snapshot: Annotated[dict[str, int], Meta(description="The last record of each stream that the numbers know of.")]
    spans: list[Span]
    total: Tally
    governed: Annotated[list[Series], Meta(description="Blocked, and redacted, over time.")]
    violations: list[Violations]
    findings: Annotated[list[Series], Meta(description="Calls with findings, by type of data, over time.")]
    weeks: list[Span]
    risers: list[Riser]
    too_few: Annotated[int, Meta(description="Values that rose from or to numbers that are too small to tell a rise from chance.")]
    latency: list[Latency]
    hidden: Annotated[
        tuple[str, ...],
        Meta(description="Groups of fields that are hidden from the reader in some of these calls; no number tells of them."),
    ] = ()
    clients: Annotated[list[Tally], Meta(description="Calls by app, with one for all further ones.")]


async def trends(room: ReadingRoom, viewer: Viewer, question: Question) -> Trends:
    """Ask everything. Without a range it is the last seven days. Nothing is recorded: `room.note` does that.

    Raises QueryError, QueryTooHeavy, TooSlow, EngineError.
    """
    until_us = question.until_us if question.until_us is not None else room.clock.wall_us()
    since_us = question.since_us if question.since_us is not None else until_us - DEFAULT_US
    asking = Asking(room, viewer, Question(text=question.text, since_us=since_us, until_us=until_us))
    step = step_us(since_us, until_us, SPANS_MAX)
    first = since_us // step * step
    starts = range(first, until_us, step)
    spans = [Span(since_us=max(at, since_us), until_us=min(at + step, until_us)) for at in starts]
    grid = _Grid(asking, Buckets(since_us=first, step_us=step), len(spans))
    weeks = [Span(since_us=until_us - 2 * WEEK_US, until_us=until_us - WEEK_US), Span(since_us=until_us - WEEK_US, until_us=until_us)]
    try:
        async with asyncio.TaskGroup() as group:
            governed = group.create_task(_governed(grid))
            violations = [group.create_task(_violations(grid, field)) for field in ("rule", "person", "connector")]
            findings = group.create_task(_findings(grid))
            risers = [group.create_task(_risers(asking, by, weeks)) for by in (("person",), ("connector", "tool"), ("connector",))]
            latency = group.create_task(_latency(grid))
            clients = group.create_task(_clients(asking))
            total = group.create_task(asking.table((), ("count",)))
    except ExceptionGroup as problems:
        raise problems.exceptions[0] from None
    rising = [riser for task in risers for riser in task.result()[0]]
    return Trends(
        query=question.text, since_us=since_us, until_us=until_us, step_us=step, snapshot=asking.positions, spans=spans,
        total=Tally(value="", label="all", count=int(total.result()[0].values["count"]), query=question.text),
        governed=governed.result(), violations=[task.result() for task in violations], findings=findings.result(),
        weeks=weeks, risers=rising, too_few=sum(task.result()[1] for task in risers), latency=latency.result(), clients=clients.result(),
        hidden=viewer.access.uncounted,
    )  # fmt: skip


class _Grid:
    """Questions about the spans of the report."""

    def __init__(self, asking: Asking, buckets: Buckets, spans: int) -> None:
        self.asking, self.buckets, self.spans = asking, buckets, spans

    async def over(self, by: tuple[str, ...], measures: tuple[str, ...], text: str) -> list[Group]:
        about = self.asking.about(text)
        return await self.asking.table(by, measures, about=about, buckets=self.buckets, limit=20_000)

    def counts(self, groups: Sequence[Group], measure: str = "count") -> list[int]:
        found = {group.bucket: int(group.values[measure]) for group in groups}
        return [found.get(number, 0) for number in range(self.spans)]


async def _governed(grid: _Grid) -> list[Series]:
    groups = await grid.over((), ("count", "blocked", "redacted"), both(grid.asking.question.text, f"({VIOLATIONS} OR status:blocked)"))
    made = []
    for name, label, more in (("blocked", "Blocked", "status:blocked"), ("redacted", "Redacted", "decision:redacted")):
        counts = grid.counts(groups, name)
        made.append(Series(value=name, label=label, query=both(grid.asking.question.text, more), count=sum(counts), counts=counts))
    return made


async def _violations(grid: _Grid, field: str) -> Violations:
    asking = grid.asking
    text = both(asking.question.text, VIOLATIONS)
    totals = await asking.table((field,), ("count",), about=asking.about(text), limit=200)
    names = [group.keys[0] for group in totals if group.keys[0]]
    if field == "rule" and names:
        # A rule that also matched calls that went through unchanged is not what stopped the others.
        listed = ", ".join(term("rule", name).partition(":")[2] for name in names)
        harmless = await asking.table(
            ("rule",), ("count",), about=asking.about(both(asking.question.text, f"decision:allowed rule:({listed})"))
        )
        passing = {group.keys[0] for group in harmless}
        names = [name for name in names if name not in passing]
    names = names[:SERIES_MAX]
    if not names:
        return Violations(field=field, series=[])
    listed = ", ".join(term(field, name).partition(":")[2] for name in names)
    groups = await grid.over((field,), ("count",), both(text, f"{field}:({listed})"))
    return Violations(
        field=field,
        series=[
            _series(
                grid, [group for group in groups if group.keys == (name,)], name, _label(asking, field, name), both(text, term(field, name))
            )
            for name in names
        ],
    )


def _series(grid: _Grid, groups: Sequence[Group], value: str, label: str, query: str) -> Series:
    counts = grid.counts(groups)
    return Series(value=value, label=label, query=query, count=sum(counts), counts=counts)


def _label(asking: Asking, field: str, value: str) -> str:
    return asking.person(value) if field == "person" else value


async def _findings(grid: _Grid) -> list[Series]:
    text = grid.asking.question.text
    groups = await grid.over(("finding",), ("count",), both(text, "finding:*"))
    total: dict[str, int] = {}
    for group in groups:
        total[group.keys[0]] = total.get(group.keys[0], 0) + int(group.values["count"])
    best = sorted(total, key=lambda name: (-total[name], name))[:SERIES_MAX]
    return [
        _series(grid, [group for group in groups if group.keys == (name,)], name, name.replace("_", " "), both(text, term("finding", name)))
        for name in best
    ]


async def _risers(asking: Asking, by: tuple[str, ...], weeks: Sequence[Span]) -> tuple[list[Riser], int]:
    """What rose most, and how much rose by too little to be told from chance."""
    found: list[dict[tuple[str, ...], int]] = []
    for week in weeks:
        about = asking.about(asking.question.text, week.since_us, week.until_us)
        found.append({group.keys: int(group.values["count"]) for group in await asking.table(by, ("count",), about=about, limit=5000)})
    risers, few = [], 0
    for keys in {*found[0], *found[1]}:
        before, now = found[0].get(keys, 0), found[1].get(keys, 0)
        score = (now - before) / math.sqrt(max(1, now + before))
        if now <= before:
            continue
        if score < _SCORE_MIN or now < _SMALL:
            few += 1
            continue
        risers.append(
            Riser(
                field=by[-1],
                value="\t".join(keys),
                label=asking.person(keys[0]) if by == ("person",) else " · ".join(key for key in keys if key) or "gateway",
                now=now,
                before=before,
                change=(now - before) / before if before >= _SMALL else None,
                score=round(score, 2),
                query=both(asking.question.text, " ".join(term(field, key) for field, key in zip(by, keys, strict=True))),
            )
        )
    return sorted(risers, key=lambda riser: (-riser.score, riser.label))[:RISERS_MAX], few


async def _latency(grid: _Grid) -> list[Latency]:
    asking = grid.asking
    text = both(asking.question.text, "connector:*")
    totals = await asking.table(("connector",), ("count", "errors", "p50_us", "p95_us"), about=asking.about(text), limit=_CONNECTORS_MAX)
    if not totals:
        return []
    listed = ", ".join(term("connector", group.keys[0]).partition(":")[2] for group in totals)
    groups = await grid.over(("connector",), ("count", "errors", "p95_us"), both(asking.question.text, f"connector:({listed})"))
    made = []
    for group in totals:
        own = [item for item in groups if item.keys == group.keys]
        query = both(asking.question.text, term("connector", group.keys[0]))
        counts = grid.counts(own)
        made.append(
            Latency(
                connector=group.keys[0],
                query=query,
                count=int(group.values["count"]),
                errors=int(group.values["errors"]),
                errors_query=both(query, ERRORS),
                p50_us=int(group.values["p50_us"]),
                p95_us=int(group.values["p95_us"]),
                p95_over_time=[p95 if count else None for p95, count in zip(grid.counts(own, "p95_us"), counts, strict=True)],
                errors_over_time=grid.counts(own, "errors"),
                counts=counts,
            )
        )
    return made


async def _clients(asking: Asking) -> list[Tally]:
    text = asking.question.text
    groups = await asking.table(("client",), ("count",), limit=1000)
    shown = [group for group in groups if group.keys[0]][:SERIES_MAX]
    tallies = [
        Tally(value=group.keys[0], label=group.keys[0], count=int(group.values["count"]), query=both(text, term("client", group.keys[0])))
        for group in shown
    ]
    rest = sum(int(group.values["count"]) for group in groups) - sum(tally.count for tally in tallies)
    if rest:
        without = " ".join(f"-{term('client', group.keys[0])}" for group in shown)
        tallies.append(Tally(value="", label="Other or not named", count=rest, query=both(text, without)))
    return tallies
