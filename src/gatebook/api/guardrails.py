"""Trying guardrails: on a text, and on the stored payloads of past calls. For those who read all of the book."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import Problem
from gatebook.dlp.guardrail import Direction
from gatebook.reading.backtests import CALLS_DEFAULT, CALLS_MAX, RANGE_DEFAULT_US, Backtesting, BacktestOrder
from gatebook.reading.jobs import TooManyJobs
from gatebook.reading.trials import TrialOrder
from gatebook.reading.trying import BYTES_MAX, Tried
from gatebook.state.documents import DocumentError

_ID = r"^[0-9a-f]{16}$"
_MISSING = "There is no backtest with this id."
_LATEST_US: Final = 4_102_444_800_000_000
_Moment = Annotated[int, Meta(ge=0, le=_LATEST_US)]
_DENIED: Final = {403: "Only those who read the whole book may try guardrails."}
_DOCUMENTS: Final = {"format": "gatebook-documents"}


class BacktestBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft, as `gatebook apply` would take it, and the calls to try it on."""

    documents: Annotated[str, Meta(description="YAML documents that would be applied.", min_length=1, extra_json_schema=_DOCUMENTS)]
    since: Annotated[_Moment | None, Meta(description="Beginning, microseconds since 1970; null: seven days before the end.")] = None
    until: Annotated[_Moment | None, Meta(description="End, microseconds since 1970; null: now.")] = None
    max: Annotated[Annotated[int, Meta(ge=1, le=CALLS_MAX)], Meta(description="At most so many calls, the newest.")] = CALLS_DEFAULT


class TryBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text, and what to try on it."""

    text: Annotated[str, Meta(description=f"Any text of at most {BYTES_MAX:,} bytes; what is JSON is looked at as JSON.")]
    part: Annotated[Direction, Meta(description="As what it would pass: arguments or response.")] = "arguments"
    documents: Annotated[
        Annotated[str, Meta(min_length=1, extra_json_schema=_DOCUMENTS)] | None,
        Meta(description="YAML documents that would be applied first; null: what is in force."),
    ] = None
    connector: Annotated[str, Meta(description="Connector; empty: guardrails of all of them.", max_length=200)] = ""
    tool: Annotated[str, Meta(description="Tool of the connector; empty: guardrails of all of them.", max_length=500)] = ""


class Guardrails:
    """Operations of `/v1/guardrails`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.room
        self._backtests = deps.backtests
        self._trials = deps.trials

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="startBacktest",
                method="POST",
                path="/v1/guardrails/backtests",
                group="guardrails",
                handle=self.start,
                summary="Try draft guardrails and detectors on stored payloads: which calls would end differently, and what would be found.",
                description="Reads payloads, so it is on the record. It ends when nobody asks for it for two minutes. Values are never part of the result.",
                body=BacktestBody,
                answer=Backtesting,
                status=202,
                problems={**_DENIED, 429: "Another is running; wait for it."},
            ),
            Operation(
                name="showBacktest",
                method="GET",
                path="/v1/guardrails/backtests/{id}",
                group="guardrails",
                handle=self.show,
                summary="How far a backtest is, and what it found.",
                parameters=(params.in_path("id", "Id of the backtest.", _ID, _MISSING),),
                answer=Backtesting,
                problems=NOT_FOUND,
            ),
            Operation(
                name="tryText",
                method="POST",
                path="/v1/guardrails/try",
                group="guardrails",
                handle=self.try_text,
                summary="Try guardrails on a text: what is found, what it becomes, and which guardrail acts. The text is neither stored nor recorded.",
                body=TryBody,
                answer=Tried,
                problems={**_DENIED, 413: f"The text is larger than {BYTES_MAX:,} bytes.", 503: "It took too long."},
            ),
        )

    async def start(self, ask: Ask) -> Backtesting:
        """Begin a backtest."""
        _check(ask)
        body: BacktestBody = ask.body
        until_us = self._room.clock.wall_us() if body.until is None else body.until
        since_us = max(0, until_us - RANGE_DEFAULT_US) if body.since is None else body.since
        try:
            drafted = await self._backtests.draft(body.documents)
            return await self._backtests.start(ask.viewer, drafted, BacktestOrder(since_us=since_us, until_us=until_us, calls_max=body.max))
        except DocumentError as error:
            raise _not_valid(error) from None
        except TooManyJobs as error:
            raise Problem(429, "Too many backtests", str(error)) from None

    async def show(self, ask: Ask) -> Backtesting:
        """One backtest of the caller."""
        found = self._backtests.find(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", _MISSING)
        return found

    async def try_text(self, ask: Ask) -> Tried:
        """Try a text."""
        _check(ask)
        body: TryBody = ask.body
        if len(body.text.encode(errors="surrogatepass")) > BYTES_MAX:
            raise Problem(413, "The text is too large", f"At most {BYTES_MAX:,} bytes are looked at.")
        order = TrialOrder(text=body.text, part=body.part, draft=body.documents or "", connector=body.connector, tool=body.tool)
        try:
            return await self._trials.run(order)
        except DocumentError as error:
            raise _not_valid(error) from None


def _check(ask: Ask) -> None:
    if not ask.viewer.reads_all:
        raise Problem(403, "Not for you", _DENIED[403])


def _not_valid(error: DocumentError) -> Problem:
    return Problem(400, "The draft is not valid", error.problems[0], problems=error.problems)
