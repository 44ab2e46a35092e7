"""Small answers around the explorer: a facet's values in full, a typed time range, one more filter by name and value."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import facets_view, filters, ranges
from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer import Explorer
from gatebook.console.pages import FRAGMENT_HEADER, Pages, Shown, params_of, wanted
from gatebook.console.times import RangeError
from gatebook.console.zones import zone_of
from gatebook.index import EngineError
from gatebook.query import FIELDS, QueryError
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.viewer import Viewer

_CONTAINS_CHARACTERS_MAX = 100


class Narrowing:
    """Handlers of `/facet`, `/range` and `/narrow`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, explorer: Explorer) -> None:
        self._deps = deps
        self._pages = pages
        self._explorer = explorer

    async def facet(self, request: Request, viewer: Viewer) -> Response:
        """The most frequent values of one field, searched within; as a fragment for its facet or as a page."""
        params = params_of(request)
        here, _ = self._explorer.read(params)
        one = facets_view.BY_NAME.get(params.get("facet", "")) or facets_view.FACETS[0]
        contains = params.get("contains", "").strip()[:_CONTAINS_CHARACTERS_MAX]
        question = Question(text=here.text, since_us=here.range.since_us, until_us=here.range.until_us)
        error, values, more = "", [], False
        try:
            counts = await self._deps.room.values(viewer, question, one.name, contains, facets_view.MORE + 1)
            more = len(counts) > facets_view.MORE
            values = facets_view.values(one, counts[: facets_view.MORE], here)
        except QueryError:
            error = "The query cannot be read."
        except (EngineError, TooSlow):
            error = "These values could not be counted now."
        shown = Shown(request=request, viewer=viewer, page_name="Explorer")
        load = here.link(facet=one.name).replace("/?", "/facet?", 1)
        view: dict[str, Any] = {
            "facet": one,
            "values": values,
            "error": error,
            "contains": contains,
            "load": load,
            "more": more,
            "here": here,
        }
        if wanted(request, "facet"):
            return self._pages.fragment("facet_fragment.html", "facet", shown, **view)
        return self._pages.page("facet.html", shown, **view)

    async def range(self, request: Request, viewer: Viewer) -> Response:
        """Lead to the explorer with the time range that somebody typed, read in the zone that they see times in."""
        params, zone = params_of(request), zone_of(request)
        here, _ = self._explorer.read({name: params[name] for name in ("q", "by") if name in params})
        try:
            range_ = ranges.read(params, zone, self._deps.room.clock.wall_us())
        except RangeError as error:
            if FRAGMENT_HEADER in request.headers:
                return Response(str(error), headers={FRAGMENT_HEADER: "problem"}, media_type="text/plain")
            shown = Shown(request=request, viewer=viewer, page_name="Explorer")
            return self._pages.page("problem.html", shown, 400, title="This time range cannot be read", text=str(error), back=here.link())
        return RedirectResponse(here.link(range_=range_), 303)

    async def narrow(self, request: Request, viewer: Viewer) -> Response:
        """Lead to the explorer with one more filter; with `not` the value is excluded."""
        params = params_of(request)
        here, _ = self._explorer.read(params)
        field, value = params.get("field", ""), params.get("value", "")
        if field not in FIELDS:
            return RedirectResponse(here.link(), 303)
        change = filters.excluded if params.get("not") else filters.narrowed
        return RedirectResponse(here.link(text=change(here.text, field, value)), 303)
