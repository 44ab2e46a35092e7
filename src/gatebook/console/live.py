"""The live tail of the explorer: new rows, and the parts that change with them, rendered here and sent as server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from gatebook.console import columns, explorer_view, facets_view, preferences, rows, session
from gatebook.console.address import Here
from gatebook.console.asking import Asking
from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer import Explorer
from gatebook.console.explorer_view import View
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.parts import NAMES, Parts
from gatebook.console.times import PRESETS, Range
from gatebook.console.zones import zone_of
from gatebook.index import CallRow, EngineError
from gatebook.log.errors import LogUnavailable
from gatebook.query import Query, QueryError
from gatebook.reading.room import Question
from gatebook.reading.tailing import Tailing
from gatebook.reading.viewer import Viewer

TAILS_MAX = 64
ROWS_MAX = 50
_POLL_S = 0.5
_PARTS_S = 2.0
_RATE_MAX = 50.0
_SHARE = 5
_STRIP_S = 5.0
_LIFE_S = 1800.0


class Fresh(NamedTuple):
    """What came since the last event: whole rows, one in `share` of which is shown, and the parts of the page that changed with them."""

    rows: list[CallRow]
    parts: str
    share: int


class Live:
    """Handler of `/live`. Takes the query of the address, so that the tail and the rows are answers to one question."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, explorer: Explorer) -> None:
        self._deps = deps
        self._pages = pages
        self._explorer = explorer
        self._open = 0

    async def follow(self, request: Request, viewer: Viewer) -> Response:
        """Follow from now on. 204 tells the browser not to come back: the query is wrong, or the range does not end now."""
        room = self._deps.room
        here, error = self._explorer.read(params_of(request))
        try:
            query = room.query(viewer, Question(text=here.text))
            mark = room.index.arrivals.mark
        except (QueryError, EngineError):
            return Response(status_code=204)
        if error or not here.range.preset or self._open >= TAILS_MAX:
            return Response(status_code=204)
        tailing = Tailing(room, viewer, Question(text=here.text), payloads=True)
        await tailing.begin()
        shown = Shown(request=request, viewer=viewer)
        events = self._events(shown, here, tailing, query, mark)
        return StreamingResponse(events, media_type="text/event-stream", headers={"x-accel-buffering": "no", "cache-control": "no-store"})

    async def _events(self, shown: Shown, here: Here, tailing: Tailing, query: Query, mark: int) -> AsyncIterator[bytes]:
        self._open += 1
        loop = asyncio.get_running_loop()
        ends_s, parts_s, strip_s, stale = loop.time() + _LIFE_S, loop.time() + _PARTS_S, loop.time() + _STRIP_S, False
        arrivals = self._deps.room.index.arrivals
        polled_s = loop.time()
        yield b"retry: 2000\n\n"
        try:
            while loop.time() < ends_s:
                new: list[CallRow] = []
                if arrivals.mark != mark:
                    news = await asyncio.to_thread(arrivals.after, mark, query)
                    mark, new = news.mark, news.rows
                    stale = stale or bool(new)
                now_s = loop.time()
                rate, polled_s = len(new) / max(_POLL_S, now_s - polled_s), now_s
                parts = ""
                if stale and now_s >= parts_s:
                    parts, parts_s, stale = await self._parts(shown, here), now_s + _PARTS_S, False
                elif now_s >= strip_s:
                    parts = self._pages.render("strip.html", shown)
                if parts:
                    strip_s = now_s + _STRIP_S
                    viewer = session.viewer_of(shown.request, self._deps)
                    if viewer is None or viewer.access != shown.viewer.access:
                        yield b"event: gone\ndata: {}\n\n"
                        return
                if new or parts:
                    yield await self._event(shown, here, tailing, Fresh(new, parts, _SHARE if rate > _RATE_MAX else 1))
                await asyncio.sleep(_POLL_S)
        except LogUnavailable:
            # What cannot be put on the record is not shown; the browser comes back.
            return
        finally:
            self._open -= 1

    async def _event(self, shown: Shown, here: Here, tailing: Tailing, fresh: Fresh) -> bytes:
        """One event: the newest rows first, how many there are in all, and the parts that changed. Raises LogUnavailable."""
        whole = sorted(fresh.rows, key=lambda row: (row.time, row.call_id), reverse=True)[:: fresh.share][:ROWS_MAX]
        newest = await tailing.shown(whole)
        view = self._frame(shown, here)
        layout = rows.Layout(columns=view.columns, zone=view.zone)
        glimpses = await self._deps.room.glimpses(shown.viewer, whole)
        view.rows = rows.views(newest, glimpses, newest[0].time if newest else None, layout)
        html = f"<table>{self._pages.render('fresh.html', shown, view=view)}</table>" if newest else ""
        data = msgspec.json.encode({"rows": html, "added": len(fresh.rows), "share": fresh.share, "parts": fresh.parts})
        return b"event: rows\ndata: " + data + b"\n\n"

    def _frame(self, shown: Shown, here: Here) -> View:
        view = explorer_view.frame(here, zone_of(shown.request), self._deps.room.clock.wall_us())
        view.columns = columns.read(view.here.columns or preferences.of(shown.request).get("columns", ""))
        return view

    async def _parts(self, shown: Shown, here: Here) -> str:
        """Count, histogram, facets and strip as of now."""
        span = PRESETS[here.range.preset][1]
        now_us = self._deps.room.clock.wall_us()
        current = replace(here, range=Range(since_us=None if span is None else now_us - span, preset=here.range.preset))
        view = self._frame(shown, current)
        view.live = True
        try:
            asking = Asking(self._deps.room, shown.viewer, current, view.zone)
        except EngineError:
            return self._pages.render("strip.html", shown)
        view.standing = asking.standing
        found = Parts(asking, view, facets_view.open_fields(shown.request.cookies.get(facets_view.COOKIE, "")))
        await found.wait(None)
        return "".join(self._pages.render(f"{name}.html", shown, view=view) for name in (*NAMES, "strip"))
