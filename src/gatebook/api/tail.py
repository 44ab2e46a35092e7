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
from gatebook.query import Query
from gatebook.reading.masking import seen_rows
from gatebook.reading.room import Question

_POLL_S = 0.25
_HEARTBEAT_S = 10.0
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
        await room.note(ask.viewer, "tail", asked.words())
        headers = {**HEADERS, "x-accel-buffering": "no"}
        return StreamingResponse(self._events(ask, query, mark), media_type="text/event-stream", headers=headers)

    async def _events(self, ask: Ask, query: Query, mark: int) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            arrivals, loop = self._deps.room.index.arrivals, asyncio.get_running_loop()
            ends_s = loop.time() + _LIFE_S
            beat_s = loop.time() + _HEARTBEAT_S
            yield b": ready\n\n"
            while loop.time() < ends_s:
                news = await asyncio.to_thread(arrivals.after, mark, query) if arrivals.mark != mark else None
                if news is not None:
                    mark = news.mark
                    if news.missed:
                        yield b'event: gap\ndata: {"reason":"more calls arrived than are kept; search for those between"}\n\n'
                    for row in seen_rows(news.rows, ask.viewer.access):
                        yield b"event: call\ndata: " + msgspec.json.encode(row) + b"\n\n"
                if loop.time() >= beat_s:
                    beat_s = loop.time() + _HEARTBEAT_S
                    try:
                        viewer = await identify(ask.request, self._deps)
                    except Problem:
                        return
                    if viewer.access != ask.viewer.access:
                        return
                    yield b": alive\n\n"
                await asyncio.sleep(_POLL_S)
        finally:
            self._open -= 1
