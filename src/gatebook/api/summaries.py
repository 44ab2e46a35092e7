"""Counts: over time, by the values of fields, and the values of one field."""

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
from gatebook.query.parser import LENGTH_MAX
from gatebook.query.writing import quoted, term
from gatebook.reading.completion import Offers, offers
from gatebook.reading.counting import ARGUMENTS
from gatebook.reading.facets import BAND, FACETS
from gatebook.reading.room import Question, ReadingRoom

BUCKETS_DEFAULT: Final = 60
BUCKETS_MAX: Final = 1_000
VALUES_MAX: Final = 200
CONTAINS_CHARACTERS_MAX: Final = 200
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


class ValuesAnswer(Struct, frozen=True, kw_only=True):
    """Values of one field, most frequent first."""

    field: str
    values: list[CountAnswer]


class Summaries:
    """Operations of `/v1/histogram`, `/v1/facets` and `/v1/values`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room: ReadingRoom = deps.room

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        field = params.matching(
            "field",
            "A field of the search language, `band`, `args` for the paths of arguments, or `args.<path>`.",
            "|".join((*FIELDS, BAND, ARGUMENTS, f"{ARGUMENTS}\\.[^\\r\\n]{{1,200}}")),
            "a field of the search language, band, args or args.<path>",
            required=True,
        )
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
                    params.integer("step_s", f"Length of a span in seconds; without it there are about {BUCKETS_DEFAULT} spans.", 1, _STEP_S_MAX),
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
            Operation(
                name="listValues",
                method="GET",
                path="/v1/values",
                group="counts",
                handle=self.values,
                summary="Values that a field has, to complete a query or to search within a facet.",
                description=_VALUES,
                parameters=(
                    field,
                    params.text("contains", "Only values that hold this text.", CONTAINS_CHARACTERS_MAX),
                    *params.QUESTION,
                    params.integer("limit", "At most so many.", 1, VALUES_MAX, 20),
                ),
                answer=ValuesAnswer,
            ),
            Operation(
                name="completeQuery",
                method="GET",
                path="/v1/complete",
                group="counts",
                handle=self.complete,
                summary="What could stand at the cursor of a query that is being typed.",
                description="Values are those of calls within the range and the rest of the query. The text need not be a valid query yet.",
                parameters=(
                    params.text("q", "The text so far.", LENGTH_MAX),
                    params.integer("at", "Place of the cursor: characters (Unicode code points) before it; at the end without it.", 0, LENGTH_MAX),
                    params.SINCE,
                    params.UNTIL,
                    params.integer("limit", "At most so many offers.", 1, 50, 12),
                ),
                answer=Offers,
            ),
        )  # fmt: skip

    async def complete(self, ask: Ask) -> Offers:
        """What could stand at the cursor."""
        asked, at = params.question(ask.values), ask.values["at"]
        return await offers(self._room, ask.viewer, asked, len(asked.text) if at is None else at, ask.values["limit"])

    async def histogram(self, ask: Ask) -> HistogramAnswer:
        """Calls over time."""
        asked = params.question(ask.values)
        room, query, at = self._room, self._room.query(ask.viewer, asked), Position(self._room, ask, asked)
        since_us, until_us = await self._range(ask, asked, at)
        step_s = ask.values["step_s"]
        step_us = _step_us(until_us - since_us) if step_s is None else step_s * 1_000_000
        if (until_us - since_us) // step_us >= BUCKETS_MAX:
            raise params.bad("step_s", f"makes more than {BUCKETS_MAX:,} spans of this range; a longer one makes fewer")
        since_us -= since_us % step_us
        by = ask.values["by"]
        found = await room.histogram(query, since_us, until_us, step_us, by=by, snapshot=at.snapshot)
        await at.note()
        buckets = [
            BucketAnswer(start_us=since_us + number * step_us, count=sum(held.values()), by=dict(sorted(held.items())))
            for number, held in sorted(found.items())
        ]
        return HistogramAnswer(
            snapshot=at.id, positions=at.snapshot.positions, since_us=since_us, until_us=until_us, step_us=step_us, by=by, buckets=buckets
        )

    async def facets(self, ask: Ask) -> FacetsAnswer:
        """The most frequent values of several fields."""
        asked = params.question(ask.values)
        at = Position(self._room, ask, asked)
        found = await self._room.facets(ask.viewer, asked, ask.values["fields"], ask.values["limit"], snapshot=at.snapshot)
        await at.note()
        facets = {field: [count_answer(field, count) for count in held] for field, held in found.items()}
        return FacetsAnswer(snapshot=at.id, positions=at.snapshot.positions, facets=facets)

    async def values(self, ask: Ask) -> ValuesAnswer:
        """Values of one field."""
        field = ask.values["field"]
        found = await self._room.values(ask.viewer, params.question(ask.values), field, ask.values["contains"], ask.values["limit"])
        return ValuesAnswer(field=field, values=[count_answer(field, count) for count in found])

    async def _range(self, ask: Ask, asked: Question, at: Position) -> tuple[int, int]:
        until_us = self._room.clock.wall_us() if asked.until_us is None else asked.until_us
        if asked.since_us is not None:
            return asked.since_us, max(until_us, asked.since_us + 1)
        extent = await self._room.extent(self._room.query(ask.viewer, asked), snapshot=at.snapshot)
        if extent is None:
            return until_us - 1, until_us
        return extent[0], max(extent[1] + 1, until_us if asked.until_us is None else 0)


_VALUES: Final = """Most frequent first; without `since`, those of the last 30 days. A field's own filter within `q` is left out. A closed set is listed
whole. Times, numbers and texts have no values here. Paths and values of arguments are those of the newest calls, folded as the search compares them.
A reading of values is on the record once for each caller, field and minute."""


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
