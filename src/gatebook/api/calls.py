"""Calls: search, one call, its proof."""

from urllib.parse import urlencode

from gatebook.api import params
from gatebook.api.answers import CallAnswer, CallsAnswer, ProofAnswer, call_answer
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation, Reply
from gatebook.api.positions import GONE, SNAPSHOT, Position
from gatebook.api.problems import Problem
from gatebook.index.cursor import Place, encode

_KEPT = ("q", "since", "until", "limit")
_PAGES = """A cursor is a place in the order of time: it stays good while calls arrive, after a restart, and with another query. Calls of the same
microsecond are ordered by their ids. `after` gives the calls that follow the place next in time; with `before` too, those between the two."""


class Calls:
    """Operations of `/v1/calls`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.room

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        id = params.call_id()
        return (
            Operation(
                name="searchCalls",
                method="GET",
                path="/v1/calls",
                group="calls",
                handle=self.search,
                summary="Calls that match, newest first.",
                description=_PAGES,
                parameters=(
                    *params.QUESTION,
                    params.LIMIT,
                    params.BEFORE,
                    params.AFTER,
                    params.flag("count", "Also count how many match in all."),
                    SNAPSHOT,
                ),
                answer=CallsAnswer,
                problems=GONE,
            ),
            Operation(
                name="showCall",
                method="GET",
                path="/v1/calls/{id}",
                group="calls",
                handle=self.show,
                summary="One call: its row, its records as stored, arguments, response, identity, messages in between.",
                parameters=(id,),
                answer=CallAnswer,
                problems=NOT_FOUND,
            ),
            Operation(
                name="proveCall",
                method="GET",
                path="/v1/calls/{id}/proof",
                group="calls",
                handle=self.prove,
                summary="Inclusion proofs of the call's records, each checked.",
                parameters=(id,),
                answer=ProofAnswer,
                problems=NOT_FOUND,
            ),
        )

    async def search(self, ask: Ask) -> Reply:
        """One page of calls."""
        asked, values = params.question(ask.values), ask.values
        query, at = self._room.query(ask.viewer, asked), Position(self._room, ask, asked)
        page = await self._room.rows(
            ask.viewer, query, values["before"], values["limit"], after=values["after"], count=values["count"], snapshot=at.snapshot
        )
        await at.note_rows(page)
        link = None
        if page.next:
            kept = {name: value for name, value in ask.request.query_params.items() if name in _KEPT}
            link = f"/api/v1/calls?{urlencode({**kept, 'before': page.next})}"
        body = CallsAnswer(
            calls=page.rows,
            next_cursor=page.next,
            previous_cursor=encode(Place(page.rows[0].time, page.rows[0].call_id)) if page.rows else None,
            next=link,
            total=page.total,
            snapshot=at.id,
            positions=at.positions,
        )
        return Reply(body=body, headers={"link": f'<{link}>; rel="next"'} if link else {})

    async def show(self, ask: Ask) -> CallAnswer:
        """One call with its payloads."""
        detail = await self._room.show(ask.viewer, ask.values["id"])
        if detail is None:
            raise no_call()
        return call_answer(detail)

    async def prove(self, ask: Ask) -> ProofAnswer:
        """The proofs of one call."""
        proved = await self._room.prove(ask.viewer, ask.values["id"])
        if proved is None:
            raise no_call()
        return ProofAnswer(call_id=ask.values["id"], verified=all(not item.problem for item in proved), records=proved)


def no_call() -> Problem:
    """The answer for a call that is not there, and for one that the caller may not see: they cannot be told apart."""
    return Problem(404, "No such call", "There is no call with this id.")
