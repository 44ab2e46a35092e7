"""The live tail of the explorer: new rows, and the parts that change with them, rendered here and sent as server-sent events."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gatebook.console import explorer_view, rows, session
from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer import Explorer
from gatebook.console.explorer_view import View
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.times import PRESETS, Range, RangeError, read_range
from gatebook.index import CallRow, EngineError
from gatebook.query import Query, QueryError
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.viewer import Viewer

TAILS_MAX = 64
ROWS_MAX = 50
_POLL_S = 0.5
_PARTS_S = 2.0
_STRIP_S = 5.0
_LIFE_S = 1800.0


class Live:
    """Handler of `/live`. Takes the query of the address, so that the tail and the rows are answers to one question."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, explorer: Explorer) -> None:
        self._deps = deps
        self._pages = pages
        self._explorer = explorer
        self._open = 0

    async def follow(self, request: Request, viewer: Viewer) -> Response:
        """Follow from now on. 204 tells the browser not to come back: the query is wrong, or the range does not end now."""
        params = params_of(request)
        room = self._deps.room
        text = params.get("q", "").strip()
        try:
            range_ = read_range(params, room.clock.wall_us())
            query = room.query(viewer, Question(text=text))
            mark = room.index.arrivals.mark
        except (RangeError, QueryError, EngineError):
            return Response(status_code=204)
        if not range_.preset or self._open >= TAILS_MAX:
            return Response(status_code=204)
        await room.note(viewer, "tail", Question(text=text).words(), payloads=True)
        shown = Shown(request=request, viewer=viewer)
        events = self._events(shown, explorer_view.frame(text, range_), query, mark)
        return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no", "cache-control": "no-store"})

    async def _events(self, shown: Shown, frame: View, query: Query, mark: int) -> AsyncIterator[bytes]:
        self._open += 1
        loop = asyncio.get_running_loop()
        ends_s, parts_s, strip_s, stale = loop.time() + _LIFE_S, loop.time() + _PARTS_S, loop.time() + _STRIP_S, False
        arrivals = self._deps.room.index.arrivals
        yield b"retry: 2000\n\n"
        try:
            while loop.time() < ends_s:
                new: list[CallRow] = []
                if arrivals.mark != mark:
                    news = await asyncio.to_thread(arrivals.after, mark, query)
                    mark, new = news.mark, news.rows
                    stale = stale or bool(new)
                now_s = loop.time()
                parts = ""
                if stale and now_s >= parts_s:
                    parts, parts_s, stale = await self._parts(shown, frame), now_s + _PARTS_S, False
                elif now_s >= strip_s:
                    parts = self._pages.render("strip.html", shown)
                if parts:
                    strip_s = now_s + _STRIP_S
                    if session.viewer_of(shown.request, self._deps) is None:
                        yield b"event: gone\ndata: {}\n\n"
                        return
                if new or parts:
                    yield await self._event(shown, frame, new, parts)
                await asyncio.sleep(_POLL_S)
        finally:
            self._open -= 1

    async def _event(self, shown: Shown, frame: View, new: list[CallRow], parts: str) -> bytes:
        """One event: the newest rows first, how many there are in all, and the parts that changed."""
        newest = sorted(new, key=lambda row: (row.time, row.call_id), reverse=True)[:ROWS_MAX]
        frame.rows = rows.views(newest, await self._deps.room.glimpses(newest), newest[0].time if newest else None)
        html = f"<table>{self._pages.render('fresh.html', shown, view=frame)}</table>" if newest else ""
        data = msgspec.json.encode({"rows": html, "added": len(new), "parts": parts})
        return b"event: rows\ndata: " + data + b"\n\n"

    async def _parts(self, shown: Shown, frame: View) -> str:
        """Histogram, facets and strip as of now."""
        now_us = self._deps.room.clock.wall_us()
        span = PRESETS[frame.range.preset][1]
        range_ = Range(since_us=None if span is None else now_us - span, preset=frame.range.preset)
        view = explorer_view.frame(frame.text, range_)
        question = Question(text=frame.text, since_us=range_.since_us)
        room = self._deps.room
        try:
            query = room.query(shown.viewer, question)
            view.histogram = await room.ask(lambda: self._explorer.histogram(view, query))
            view.facets = await self._explorer.facets(view, shown.viewer, question)
        except (EngineError, TooSlow):
            return self._pages.render("strip.html", shown)
        return "".join(self._pages.render(name, shown, view=view) for name in ("histogram.html", "facets.html", "strip.html"))
