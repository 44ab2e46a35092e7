"""Counts: over time, and by the values of fields."""

import math
from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.positions import GONE, SNAPSHOT, Position
from gatebook.index.counts import Count
from gatebook.query import FIELDS, QueryError, parse
from gatebook.query.fields import ORDERED
from gatebook.query.writing import quoted, term
from gatebook.reading.counting import ARGUMENTS
from gatebook.reading.facets import BAND, FACETS
from gatebook.reading.room import Question, ReadingRoom

BUCKETS_DEFAULT: Final = 60
BUCKETS_MAX: Final = 1_000
VALUES_MAX: Final = 200
_STEP_S_MAX: Final = 400 * 86_400
_DEFAULT_FACETS: Final = ("status", "connector", "tool", "person", "client")
_COUNTABLE: Final = tuple(
    name for name, field in FIELDS.items() if field.kind not in ORDERED and field.kind not in ("text", "uuid") and field.columns
)
OUTCOME: Final = "outcome"
_STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


class CountAnswer(Struct, frozen=True, kw_only=True):
    """A value and how many calls have it. `query` is the filter that finds them; empty where there is none."""

    value: str
    label: Annotated[str, Meta(description="What people read.")]
    count: int
    query: str


class BucketAnswer(Struct, frozen=True, kw_only=True):
    """One span of time."""

    start_us: Annotated[int, Meta(description="Beginning, microseconds since 1970; the end is the beginning of the next.")]
    count: int
    by: Annotated[dict[str, int], Meta(description="Calls by value; the empty value stands for all further ones.")]


class HistogramAnswer(Struct, frozen=True, kw_only=True):
    """Calls over time. Spans without a call are left out. A call that holds several values of `by` counts for each in `by`, and so in `count`."""

    snapshot: str
    positions: dict[str, int]
    since_us: int
    until_us: int
    step_us: int
    by: str
    buckets: list[BucketAnswer]


class FacetsAnswer(Struct, frozen=True, kw_only=True):
    """The most frequent values of each field, counted as if the query said nothing of that field."""

    snapshot: str
    positions: dict[str, int]
    facets: dict[str, list[CountAnswer]]


class Summaries:
    """Operations of `/v1/histogram` and `/v1/facets`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room: ReadingRoom = deps.room

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="countOverTime",
                method="GET",
                path="/v1/histogram",
                group="counts",
                handle=self.histogram,
                summary="Calls over time, in spans of one length.",
                description="Without `since` it begins with the first call that matches, without `until` it ends now.",
                parameters=(
                    *params.QUESTION,
                    params.choice("by", "What to tell apart: the outcome, or a field and its most frequent values.", (OUTCOME, *_COUNTABLE), OUTCOME),
                    params.integer("step_s", f"Length of a span in seconds; longer where there would be more than {BUCKETS_MAX:,} spans; without it there are about {BUCKETS_DEFAULT}.", 1, _STEP_S_MAX),
                    SNAPSHOT,
                ),
                answer=HistogramAnswer,
                problems=GONE,
            ),
            Operation(
                name="countByField",
                method="GET",
                path="/v1/facets",
                group="counts",
                handle=self.facets,
                summary="The most frequent values of several fields.",
                parameters=(
                    *params.QUESTION,
                    params.several("fields", "Fields, separated by commas; `band` is the duration in bands.", dict.fromkeys((*FACETS, *_COUNTABLE)), _DEFAULT_FACETS),
                    params.integer("limit", "At most so many values of each.", 1, VALUES_MAX, 8),
                    SNAPSHOT,
                ),
                answer=FacetsAnswer,
                problems=GONE,
            ),
        )  # fmt: skip

    async def histogram(self, ask: Ask) -> HistogramAnswer:
        """Calls over time."""
        asked = params.question(ask.values)
        room, query, at = self._room, self._room.query(ask.viewer, asked), Position(self._room, ask, asked)
        since_us, until_us = await self._range(ask, asked, at)
        step_s = ask.values["step_s"]
        step_us = _step_us(until_us - since_us) if step_s is None else step_s * 1_000_000
        step_us = max(step_us, math.ceil((until_us - since_us) / (BUCKETS_MAX - 1) / 1_000_000) * 1_000_000)
        since_us -= since_us % step_us
        by = ask.values["by"]
        found = await room.histogram(ask.viewer, query, since_us, until_us, step_us, by=by, snapshot=at.snapshot)
        await at.note()
        buckets = [
            BucketAnswer(start_us=since_us + number * step_us, count=sum(held.values()), by=dict(sorted(held.items())))
            for number, held in sorted(found.items())
        ]
        return HistogramAnswer(
            snapshot=at.id, positions=at.positions, since_us=since_us, until_us=until_us, step_us=step_us, by=by, buckets=buckets
        )

    async def facets(self, ask: Ask) -> FacetsAnswer:
        """The most frequent values of several fields."""
        asked = params.question(ask.values)
        at = Position(self._room, ask, asked)
        found = await self._room.facets(ask.viewer, asked, ask.values["fields"], ask.values["limit"], snapshot=at.snapshot)
        await at.note()
        facets = {field: [count_answer(field, count) for count in held] for field, held in found.items()}
        return FacetsAnswer(snapshot=at.id, positions=at.positions, facets=facets)

    async def _range(self, ask: Ask, asked: Question, at: Position) -> tuple[int, int]:
        until_us = self._room.clock.wall_us() if asked.until_us is None else asked.until_us
        if asked.since_us is not None:
            return asked.since_us, max(until_us, asked.since_us + 1)
        extent = await self._room.extent(self._room.query(ask.viewer, asked), snapshot=at.snapshot)
        if extent is None:
            return until_us - 1, until_us
        return extent[0], max(extent[1] + 1, until_us if asked.until_us is None else 0)


def count_answer(field: str, count: Count) -> CountAnswer:
    """A count with the filter that finds its calls."""
    return CountAnswer(value=count.value, label=count.label, count=count.count, query=_filter(field, count.value))


def _filter(field: str, value: str) -> str:
    if field == BAND:
        return f"duration:{value}"
    written = f"{ARGUMENTS}.{quoted(value)}:*" if field == ARGUMENTS else term(field, value)
    try:
        parse(written)
    except QueryError:
        # A path with characters that the language does not know in one.
        return ""
    return written


def _step_us(span_us: int) -> int:
    """A step that people count in, for about BUCKETS_DEFAULT buckets."""
    wanted_s = span_us / 1_000_000 / BUCKETS_DEFAULT
    day_s = _STEPS_S[-1]
    step_s = next((step for step in _STEPS_S if step >= wanted_s), None)
    return (step_s or math.ceil(wanted_s / day_s) * day_s) * 1_000_000
