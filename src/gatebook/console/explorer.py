"""The explorer: asks for rows first, then count, histogram and facets side by side, and shows what comes within the patience of a reader."""

import asyncio
import logging
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import call_view, columns, explorer_view, facets_view, parts, preferences
from gatebook.console.address import Here
from gatebook.console.asking import Asking
from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer_view import View
from gatebook.console.histogram_view import GROUPS
from gatebook.console.pages import FRAGMENT_HEADER, Pages, Shown, params_of, wanted
from gatebook.console.parts import Kept, Parts, error_of
from gatebook.console.times import RangeError, read_range
from gatebook.console.zones import zone_of
from gatebook.index import EngineError
from gatebook.log.errors import LogDamaged
from gatebook.query import QueryError
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer

PATIENCE_S = 0.25
"""How long the page waits for the parts beside the rows, when a script can fetch them later."""

SCRIPTS_COOKIE = "scripts"
_logger = logging.getLogger(__name__)


class Explorer:
    """Handler of `/`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages
        self._kept = Kept()

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The page, its results alone, one part of them, or an older page of rows."""
        shown = Shown(request=request, viewer=viewer, page_name="Explorer")
        params = params_of(request)
        asked = request.headers.get(FRAGMENT_HEADER, "")
        if asked in parts.NAMES:
            return await self._part(shown, params, asked)
        view = await self.view(shown, params)
        if wanted(request, "rows") and params.get("before"):
            return self._pages.fragment("rows_fragment.html", "rows", shown, view=view)
        if params.get("call"):
            await self._open_call(view, viewer, params["call"])
        if asked == "results":
            return self._pages.fragment("results.html", "results", shown, view=view)
        return self._pages.page("explorer.html", shown, view=view)

    async def view(self, shown: Shown, params: Mapping[str, str]) -> View:
        """Ask, put the reading on the record, and return the view. Raises LogUnavailable: then nothing is shown."""
        request, before = shown.request, params.get("before")
        here, range_error = self.read(params)
        view = explorer_view.frame(here, zone_of(request), self._deps.room.clock.wall_us())
        view.columns = columns.read(here.columns or preferences.of(request).get("columns", ""))
        view.rows_error, view.paged = range_error, bool(before)
        try:
            asking = self._asking(shown, here, params.get("view", "") if before else "")
        except QueryError as error:
            view.error = explorer_view.query_problem(error, here.text)
            return view
        except EngineError:
            view.rows_error = view.histogram_error = view.facets_error = (
                "The search index does not answer now. Calls go on and are recorded."
            )
            return view
        found = Parts(asking, view, facets_view.open_fields(request.cookies.get(facets_view.COOKIE, "")))
        view.standing = asking.standing
        view.token = self._kept.add(found)
        if before and wanted(request, "rows"):
            view.rows_error = await error_of(lambda: asking.rows(view, before))
        else:
            await self._fill(found, before, None if SCRIPTS_COOKIE not in request.cookies else PATIENCE_S)
        await self._deps.room.note(
            shown.viewer, "search", asking.question.words(), payloads=bool(view.rows), rows=len(view.rows), subjects=view.subjects
        )
        if here.range.preset and not before:
            view.tail = view.address.replace("/", "/live", 1)
        return view

    async def _fill(self, found: Parts, before: str | None, patience_s: float | None) -> None:
        view, asking = found.view, found.asking
        for name in ("histogram", "facets"):
            found.start(name)
        try:
            error = await error_of(lambda: asking.rows(view, before))
            view.rows_error = view.rows_error or error
            if not view.rows and not view.rows_error:
                view.ways_out = await asking.ways_out(view.chips)
                view.first_run = not view.text and not view.ways_out and asking.viewer.reads_all
            await found.wait(patience_s)
        except asyncio.CancelledError:
            found.stop()
            raise

    async def _part(self, shown: Shown, params: Mapping[str, str], name: str) -> Response:
        """A part that was not there when the page was sent, from the same snapshot; from a new one when that is gone."""
        found = self._kept.get(params.get("view", ""), shown.viewer)
        if found is None:
            view = await self.view(shown, {**params, "before": ""})
            found = self._kept.get(view.token, shown.viewer)
        else:
            view = found.view
        if found is not None:
            await found.one(name)
        return self._pages.fragment(f"{name}.html", name, shown, view=view)

    def _asking(self, shown: Shown, here: Here, token: str) -> Asking:
        kept = self._kept.get(token, shown.viewer) if token else None
        if kept is not None and kept.asking.here == here:
            return kept.asking
        return Asking(self._deps.room, shown.viewer, here, zone_of(shown.request))

    def read(self, params: Mapping[str, str]) -> tuple[Here, str]:
        """The question of an address, and what is wrong with its time range."""
        now_us = self._deps.room.clock.wall_us()
        by = params.get("by", "")
        try:
            range_, error = read_range(params, now_us), ""
        except RangeError as problem:
            range_, error = read_range({}, now_us), str(problem)
        chosen = columns.written(columns.read(params["columns"])) if params.get("columns") else ""
        return Here(text=params.get("q", "").strip(), range=range_, by=by if by in GROUPS else "", columns=chosen), error

    async def _open_call(self, view: View, viewer: Viewer, id: str) -> None:
        try:
            detail = await self._deps.room.show(viewer, id[:36])
        except (EngineError, LogDamaged, TooSlow) as error:
            _logger.warning("a call could not be opened beside the rows: %s", error)
            return
        if detail is not None:
            view.call, view.call_id = call_view.view(detail), detail.row.call_id
