"""Replays of draft policies over the calls of the book, for those who read all of it."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import Problem
from gatebook.reading.replays import Replaying, TooManyReplays
from gatebook.reading.room import Question
from gatebook.state.documents import DocumentError

_ID = r"^[0-9a-f]{16}$"
_MISSING = "There is no replay with this id."
_DEFAULT_US: Final = 7 * 86_400_000_000
_LATEST_US: Final = 4_102_444_800_000_000
_Moment = Annotated[int, Meta(ge=0, le=_LATEST_US)]
_DENIED: Final = {403: "Only those who read the whole book may replay policies over it."}


class ReplayOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft, as `gatebook apply` would take it, and the calls to try it on."""

    documents: Annotated[
        str, Meta(description="YAML documents that would be applied.", min_length=1, extra_json_schema={"format": "gatebook-documents"})
    ]
    since: Annotated[_Moment | None, Meta(description="Beginning, microseconds since 1970; null: seven days before the end.")] = None
    until: Annotated[_Moment | None, Meta(description="End, microseconds since 1970; null: now.")] = None


class Policies:
    """Operations of `/v1/policies`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.room
        self._replays = deps.replays

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        id = params.in_path("id", "Id of the replay.", _ID, _MISSING)
        return (
            Operation(
                name="startReplay",
                method="POST",
                path="/v1/policies/replays",
                group="policies",
                handle=self.start,
                summary="Try draft policies on past calls: which would be decided differently.",
                body=ReplayOrder,
                answer=Replaying,
                status=202,
                problems={**_DENIED, 429: "Others are running; wait for one of them."},
            ),
            Operation(
                name="showReplay",
                method="GET",
                path="/v1/policies/replays/{id}",
                group="policies",
                handle=self.show,
                summary="How far a replay is, and what it found.",
                parameters=(id,),
                answer=Replaying,
                problems=NOT_FOUND,
            ),
        )

    async def start(self, ask: Ask) -> Replaying:
        """Begin a replay."""
        if not ask.viewer.reads_all:
            raise Problem(403, "Not for you", _DENIED[403])
        order: ReplayOrder = ask.body
        until_us = self._room.clock.wall_us() if order.until is None else order.until
        since_us = max(0, until_us - _DEFAULT_US) if order.since is None else order.since
        try:
            drafted = await self._replays.draft(order.documents)
        except DocumentError as error:
            raise Problem(400, "The draft is not valid", error.problems[0], problems=error.problems) from None
        try:
            return await self._replays.start(ask.viewer, drafted, Question(text="method:tools/call", since_us=since_us, until_us=until_us))
        except TooManyReplays as error:
            raise Problem(429, "Too many replays", str(error)) from None

    async def show(self, ask: Ask) -> Replaying:
        """One replay of the caller."""
        found = self._replays.find(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", _MISSING)
        return found
