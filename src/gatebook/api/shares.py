"""Share links: a question under a short id."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import Problem
from gatebook.api.saved import COLUMNS, QUERY
from gatebook.reading.room import Question
from gatebook.reading.saved import ID_PATTERN
from gatebook.state.saved import Share

_MISSING: Final = "There is no share link with this id."
_LATEST_US: Final = 4_102_444_800_000_000
_Moment = Annotated[int, Meta(ge=0, le=_LATEST_US)]


class ShareOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question to pass on. Relative times in it become absolute; an open end becomes now."""

    q: QUERY = ""
    since: Annotated[_Moment | None, Meta(description="Beginning, microseconds since 1970; null: open.")] = None
    until: Annotated[_Moment | None, Meta(description="End, microseconds since 1970; null: now.")] = None
    columns: COLUMNS = ()


class ShareAnswer(Struct, frozen=True, kw_only=True):
    """A share link. Whoever opens it sees what is within their own scope. Times in microseconds since 1970."""

    id: str
    by: Annotated[str, Meta(description="Id of the person who made it.")]
    q: str
    since: int | None
    until: int | None
    columns: tuple[str, ...]
    at: Annotated[int, Meta(description="When it was made.")]


class SharesAnswer(Struct, frozen=True, kw_only=True):
    """The caller's own share links, newest first."""

    shares: list[ShareAnswer]


class Shares:
    """Operations of `/v1/shares`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._shelf = deps.shelf

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        id = params.in_path("id", "Id of the share link.", ID_PATTERN, _MISSING)
        return (
            Operation(
                name="listShares",
                method="GET",
                path="/v1/shares",
                group="saved",
                handle=self.list,
                summary="The caller's share links, newest first.",
                answer=SharesAnswer,
            ),
            Operation(
                name="share",
                method="POST",
                path="/v1/shares",
                group="saved",
                handle=self.create,
                summary="Make a share link; the same question gives the same link.",
                body=ShareOrder,
                answer=ShareAnswer,
                status=201,
                problems={409: "There are too many."},
            ),
            Operation(
                name="openShare",
                method="GET",
                path="/v1/shares/{id}",
                group="saved",
                handle=self.show,
                summary="What a share link asks.",
                parameters=(id,),
                answer=ShareAnswer,
                problems=NOT_FOUND,
            ),
            Operation(
                name="deleteShare",
                method="DELETE",
                path="/v1/shares/{id}",
                group="saved",
                handle=self.delete,
                summary="Delete an own share link.",
                parameters=(id,),
                status=204,
                answer_description="It is deleted.",
                problems=NOT_FOUND,
            ),
        )

    async def list(self, ask: Ask) -> SharesAnswer:
        """The caller's own."""
        return SharesAnswer(shares=[_answer(share) for share in await self._shelf.shares(ask.viewer)])

    async def create(self, ask: Ask) -> ShareAnswer:
        """A new one, or the one that asks the same."""
        question = Question(text=ask.body.q, since_us=ask.body.since, until_us=ask.body.until)
        return _answer(await self._shelf.share(ask.viewer, question, ask.body.columns))

    async def show(self, ask: Ask) -> ShareAnswer:
        """One, of anybody."""
        share = await self._shelf.opened(ask.viewer, ask.values["id"])
        if share is None:
            raise Problem(404, "Not found", _MISSING)
        return _answer(share)

    async def delete(self, ask: Ask) -> None:
        """One less."""
        if not await self._shelf.unshare(ask.viewer, ask.values["id"]):
            raise Problem(404, "Not found", _MISSING)


def _answer(share: Share) -> ShareAnswer:
    return ShareAnswer(
        id=share.id, by=share.by, q=share.text, since=share.since_us, until=share.until_us, columns=share.columns, at=share.at_us
    )
