"""New calls as they are indexed, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.responses import Response, StreamingResponse

from gatebook.api import params
from gatebook.api.caller import identify
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import HEADERS, Problem
from gatebook.log.errors import LogUnavailable
from gatebook.query import Query
from gatebook.reading.room import Question
from gatebook.reading.tailing import Tailing

_POLL_S = 0.25
_HEARTBEAT_S = 10.0
_CHECK_S = 1.0
_LIFE_S = 3600.0
TAILS_MAX = 64
_EVENTS = """Server-sent events: `call` with the row of a call as JSON, once it has its outcome; `gap` when more calls arrived at once than are kept.
Comments keep the connection alive. The stream ends after an hour, and when the caller is no longer let in or may see other things than before."""


class Tail:
    """Handler of `/v1/tail`. Counts the streams that are open, so that they cannot use up the keeper."""

    def __init__(self, deps: ApiDeps) -> None:
        self._deps = deps
        self._open = 0

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="tailCalls",
                method="GET",
                path="/v1/tail",
                group="calls",
                handle=self.follow,
                summary="New calls that match, as they are indexed.",
                description=_EVENTS,
                parameters=(params.Q,),
                media_type="text/event-stream",
                answer_description="A stream that stays open.",
            ),
        )

    async def follow(self, ask: Ask) -> Response:
        """Rows that match, from now on. The stream ends when the caller is no longer let in, or after an hour."""
        room = self._deps.room
        asked = Question(text=ask.values["q"])
        query = room.query(ask.viewer, asked)
        if self._open >= TAILS_MAX:
            raise Problem(503, "Too many streams", f"{TAILS_MAX} tails are open already; close one.")
        mark = room.index.arrivals.mark
        tailing = Tailing(room, ask.viewer, asked)
        await tailing.begin()
        headers = {**HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(self._events(ask, tailing, query, mark), media_type="text/event-stream", headers=headers)

    async def _events(self, ask: Ask, tailing: Tailing, query: Query, mark: int) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            arrivals, loop = self._deps.room.index.arrivals, asyncio.get_running_loop()
            ends_s = loop.time() + _LIFE_S
            beat_s, check_s = loop.time() + _HEARTBEAT_S, loop.time() + _CHECK_S
            yield b": ready\n\n"
            while loop.time() < ends_s:
                news = await asyncio.to_thread(arrivals.after, mark, query) if arrivals.mark != mark else None
                if loop.time() >= check_s and (news is not None or loop.time() >= beat_s):
                    check_s = loop.time() + _CHECK_S
                    if not await self._is_let_in(ask):
                        return
                if news is not None:
                    mark = news.mark
                    if news.missed:
                        yield b'event: gap\ndata: {"reason":"more calls arrived than are kept; search for those between"}\n\n'
                    for row in await tailing.shown(news.rows):
                        yield b"event: call\ndata: " + msgspec.json.encode(row) + b"\n\n"
                if loop.time() >= beat_s:
                    beat_s = loop.time() + _HEARTBEAT_S
                    yield b": alive\n\n"
                await asyncio.sleep(_POLL_S)
        except LogUnavailable:
            # What cannot be put on the record is not shown; the caller may try again.
            return
        finally:
            self._open -= 1

    async def _is_let_in(self, ask: Ask) -> bool:
        """Whether the caller is still let in, and sees what they saw."""
        try:
            viewer = await identify(ask.request, self._deps)
        except Problem:
            return False
        return viewer.access == ask.viewer.access
