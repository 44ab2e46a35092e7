"""The values of one field, and what could stand at the cursor of a query: what a query bar completes with."""

from typing import Final

from msgspec import Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.summaries import VALUES_MAX, CountAnswer, count_answer
from gatebook.query import FIELDS
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.completion import Offers, offers
from gatebook.reading.counting import ARGUMENTS
from gatebook.reading.facets import BAND

CONTAINS_CHARACTERS_MAX: Final = 200
_VALUES: Final = """Most frequent first; without `since`, those of the last 30 days. A field's own filter within `q` is left out. A closed set is listed
whole. Times, numbers and texts have no values here. Paths and values of arguments are those of the newest calls, folded as the search compares them.
A reading of values is on the record once for each caller, field and minute."""


class ValuesAnswer(Struct, frozen=True, kw_only=True):
    """Values of one field, most frequent first."""

    field: str
    values: list[CountAnswer]


class Values:
    """Operations of `/v1/values` and `/v1/complete`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.room

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

    async def values(self, ask: Ask) -> ValuesAnswer:
        """Values of one field."""
        field = ask.values["field"]
        found = await self._room.values(ask.viewer, params.question(ask.values), field, ask.values["contains"], ask.values["limit"])
        return ValuesAnswer(field=field, values=[count_answer(field, count) for count in found])

    async def complete(self, ask: Ask) -> Offers:
        """What could stand at the cursor."""
        asked, at = params.question(ask.values), ask.values["at"]
        return await offers(self._room, ask.viewer, asked, len(asked.text) if at is None else at, ask.values["limit"])
