"""The explorer: asks for rows, counts, histogram and facets side by side, and shows what comes within the budget."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import address, call_view, explorer_view, filters, rows, times
from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer_view import FACET_VALUES, FACETS, Facet, Histogram, View, WayOut
from gatebook.console.pages import Pages, Shown, params_of, wanted
from gatebook.console.times import Range, RangeError, read_range
from gatebook.index import CursorError, EngineError, QueryTooHeavy
from gatebook.index.cursor import decode
from gatebook.log.errors import LogDamaged
from gatebook.query import Query, QueryError
from gatebook.reading import summary
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.viewer import Viewer

ROWS = 100
_WAYS_OUT = 4
_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class Explorer:
    """Handler of `/`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The page, its results alone, or an older page of rows."""
        shown = Shown(request=request, viewer=viewer, page_name="Explorer")
        params = params_of(request)
        if wanted(request, "rows") and params.get("before"):
            view = await self.build(viewer, params.get("q", ""), self._range(params)[0], before=params["before"], parts=False)
            return self._pages.fragment("rows_fragment.html", "rows", shown, view=view)
        range_, range_error = self._range(params)
        view = await self.build(viewer, params.get("q", ""), range_, before=params.get("before"))
        view.rows_error = view.rows_error or range_error
        if params.get("call"):
            await self._open_call(view, viewer, params["call"])
        if wanted(request, "results"):
            return self._pages.fragment("results.html", "results", shown, view=view)
        return self._pages.page("explorer.html", shown, view=view)

    async def build(self, viewer: Viewer, text: str, range_: Range, *, before: str | None = None, parts: bool = True) -> View:
        """Ask everything, put the reading on the record, and return the view. Raises LogUnavailable: then nothing is shown."""
        text = text.strip()
        view = explorer_view.frame(text, range_)
        question = Question(text=text, since_us=range_.since_us, until_us=range_.until_us)
        room = self._deps.room
        try:
            query = room.query(viewer, question)
        except QueryError as error:
            view.error = explorer_view.query_problem(error, text)
            return view
        jobs = [self._fill_rows(view, query, before)]
        if parts:
            jobs += [self._fill_histogram(view, query), self._fill_facets(view, viewer, question)]
        await asyncio.gather(*jobs)
        if not view.rows and not view.rows_error and parts:
            await self._fill_ways_out(view, viewer)
        await room.note(viewer, "search", question.words(), payloads=bool(view.rows), rows=len(view.rows))
        if range_.preset and not before:
            view.tail = address.explorer(text, range_).replace("/", "/live", 1)
        return view

    def _range(self, params: object) -> tuple[Range, str]:
        now_us = self._deps.room.clock.wall_us()
        try:
            return read_range(params, now_us), ""  # type: ignore[arg-type]
        except RangeError as error:
            return read_range({}, now_us), str(error)

    async def _fill_rows(self, view: View, query: Query, before: str | None) -> None:
        async def ask() -> None:
            page = await self._deps.room.rows(query, before, ROWS, count=True)
            view.rows = rows.views(page.rows, await self._deps.room.glimpses(page.rows), _time_of(before))
            view.total = page.total
            view.older = address.explorer(view.text, view.range, before=page.next) if page.next else ""

        view.rows_error = await _error_of(ask)

    async def _fill_histogram(self, view: View, query: Query) -> None:
        async def ask() -> None:
            view.histogram = await self._deps.room.ask(lambda: self.histogram(view, query))

        view.histogram_error = await _error_of(ask)

    def histogram(self, view: View, query: Query) -> Histogram | None:
        """The histogram of a view's range; of the calls there are where the range is open. Blocking."""
        index = self._deps.room.index
        since, until = view.range.since_us, view.range.until_us
        if since is None or (until is None and not view.range.preset):
            extent = summary.extent(index, query)
            if extent is None:
                return None
            since = extent[0] if since is None else since
            until = extent[1] + 1 if until is None and not view.range.preset else until
        until = until if until is not None else self._deps.room.clock.wall_us()
        step = times.bucket_us(since, until)
        since -= since % step
        return explorer_view.histogram(summary.over_time(index, query, since, step), since, until, step, view)

    async def _fill_facets(self, view: View, viewer: Viewer, question: Question) -> None:
        async def ask() -> None:
            view.facets = await self.facets(view, viewer, question)

        view.facets_error = await _error_of(ask)

    async def facets(self, view: View, viewer: Viewer, question: Question) -> list[Facet]:
        """The facets; each counts as if the query said nothing of its own field."""
        room = self._deps.room

        async def one(field: str, title: str) -> Facet:
            text = explorer_view.without_field(view.text, field)
            query = room.query(viewer, Question(text=text, since_us=question.since_us, until_us=question.until_us))
            counts = await room.ask(lambda: summary.top(room.index, query, field, FACET_VALUES))
            return explorer_view.facet(field, title, counts, view.text, view.range)

        return list(await asyncio.gather(*(one(field, title) for field, title in FACETS)))

    async def _fill_ways_out(self, view: View, viewer: Viewer) -> None:
        """For an empty result: which filter to remove, and how many calls there are without it."""
        room = self._deps.room
        everything = Range(preset="all")
        tries = [(filters.without(view.text, index), view.range, f"Without {chip.text}") for index, chip in enumerate(view.chips)][
            :_WAYS_OUT
        ]
        if view.range.preset != "all":
            tries.append((view.text, everything, "Over the whole book"))

        async def count(text: str, range_: Range) -> int | None:
            query = room.query(viewer, Question(text=text, since_us=range_.since_us, until_us=range_.until_us))
            try:
                return await room.ask(lambda: room.index.count(query))
            except (EngineError, TooSlow):
                return None

        counts = await asyncio.gather(*(count(text, range_) for text, range_, _ in tries))
        view.ways_out = [
            WayOut(href=address.explorer(text, range_), text=words, count=number)
            for (text, range_, words), number in zip(tries, counts, strict=True)
            if number != 0
        ]
        view.first_run = not view.text and not view.ways_out and viewer.reads_all

    async def _open_call(self, view: View, viewer: Viewer, id: str) -> None:
        try:
            detail = await self._deps.room.show(viewer, id[:36])
        except (EngineError, LogDamaged, TooSlow) as error:
            _logger.warning("a call could not be opened beside the rows: %s", error)
            return
        if detail is not None:
            view.call, view.call_id = call_view.view(detail), detail.row.call_id


def _time_of(before: str | None) -> int | None:
    return decode(before).time_us if before else None


async def _error_of(ask: Callable[[], Awaitable[_T]]) -> str:
    """Run one part; its failure is a sentence, so that the other parts are still shown."""
    try:
        await ask()
    except TooSlow as error:
        return f"{error}."
    except QueryTooHeavy:
        return "The query needs more time or memory than one may use; a shorter time range helps."
    except CursorError:
        return "This page of older calls is no longer valid; begin again at the newest."
    except EngineError as error:
        _logger.warning("a part of the explorer failed: %s", error)
        return "The search index does not answer now. Calls go on and are recorded."
    return ""
