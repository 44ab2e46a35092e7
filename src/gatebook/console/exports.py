"""The exports page: begin one, see how far it is, download, delete. Progress comes by itself with scripts, by reloading without them."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from gatebook.console import exports_view, session
from gatebook.console.deps import ConsoleDeps
from gatebook.console.exports_view import Order, read_order
from gatebook.console.pages import Pages, Shown, params_of, wanted
from gatebook.console.times import RangeError
from gatebook.index import EngineError, QueryTooHeavy
from gatebook.query import QueryError
from gatebook.reading.exports import ExportRefused
from gatebook.reading.exports_forms import FORMS
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer

_STATUSES = {"limit": 409, "space": 507, "unfinished": 409, "gone": 410}


class ExportPages:
    """Handlers of `/exports`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The page; its list alone; or the estimate of what the form says."""
        params = params_of(request)
        shown = self._shown(request, viewer)
        if wanted(request, "exports"):
            return self._pages.fragment("exports_list.html", "exports", shown, rows=self._rows(viewer))
        if wanted(request, "estimate"):
            return self._pages.fragment("export_estimate.html", "estimate", shown, estimate=await self._estimate(viewer, params))
        estimate = await self._estimate(viewer, params) if params.get("estimate") else None
        return self._page(request, viewer, params, estimate=estimate)

    async def begin(self, request: Request, viewer: Viewer) -> Response:
        """Start an export."""
        fields = await self._fields(request)
        if fields is None:
            return self._stale(request, viewer)
        try:
            order = read_order(fields, self._deps.room.clock.wall_us())
            export = await self._deps.exports.start(viewer, order.question, order.form, payloads=order.payloads)
        except (RangeError, QueryError) as error:
            return self._page(request, viewer, fields, status=400, error=str(error))
        except ExportRefused as refused:
            return self._page(request, viewer, fields, status=_STATUSES[refused.kind], error=str(refused))
        except (QueryTooHeavy, TooSlow):
            return self._page(request, viewer, fields, status=503, error="Counting the calls took too long; take a shorter time range.")
        return RedirectResponse(f"/exports#{export.id}", 303)

    async def remove(self, request: Request, viewer: Viewer) -> Response:
        """Cancel or delete one."""
        if await self._fields(request) is None:
            return self._stale(request, viewer)
        self._deps.exports.delete(viewer, request.path_params["id"])
        return RedirectResponse("/exports", 303)

    async def download(self, request: Request, viewer: Viewer) -> Response:
        """The file, or a part of it."""
        try:
            found = await self._deps.exports.open(viewer, request.path_params["id"])
        except ExportRefused as refused:
            return self._page(request, viewer, {}, status=_STATUSES[refused.kind], error=str(refused))
        if found is None:
            return self._page(request, viewer, {}, status=404, error="There is no such export.")
        export = found.export
        return FileResponse(found.path, headers=found.headers, media_type=FORMS[export.form].media_type, filename=export.file)

    async def _fields(self, request: Request) -> dict[str, str] | None:
        fields = await session.form_of(request)
        secret = session.secret_of(request, self._deps)
        if fields is None or not session.same_origin(request, self._deps) or not session.csrf_holds(secret, fields.get("csrf", "")):
            return None
        return fields

    async def _estimate(self, viewer: Viewer, params: Mapping[str, str]) -> exports_view.EstimateView:
        try:
            order = read_order(params, self._deps.room.clock.wall_us())
            found = await self._deps.exports.estimate(viewer, order.question, order.form, payloads=order.payloads)
        except (RangeError, QueryError) as error:
            return exports_view.EstimateView(text="", problem=str(error))
        except (EngineError, TooSlow):
            return exports_view.EstimateView(text="", problem="It cannot be estimated now; it can be started all the same.")
        return exports_view.estimate(found, FORMS[order.form])

    def _rows(self, viewer: Viewer) -> list[exports_view.Row]:
        now_us = self._deps.room.clock.wall_us()
        return [exports_view.row(export, now_us) for export in self._deps.exports.list(viewer)]

    def _page(
        self,
        request: Request,
        viewer: Viewer,
        params: Mapping[str, str],
        *,
        status: int = 200,
        error: str = "",
        estimate: exports_view.EstimateView | None = None,
    ) -> Response:
        try:
            order, error = read_order(params, self._deps.room.clock.wall_us()), error
        except RangeError as problem:
            order, error = Order(), str(problem)
        values = {"order": order, "forms": FORMS.values(), "ranges": exports_view.ranges(order), "rows": self._rows(viewer)}
        return self._pages.page("exports.html", self._shown(request, viewer), status, error=error, estimate=estimate, **values)

    def _stale(self, request: Request, viewer: Viewer) -> Response:
        return self._page(request, viewer, {}, status=403, error="The form was out of date, and nothing was done. Try again.")

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Exports")


def address(text: str, params: Mapping[str, str]) -> str:
    """Where the form stands filled with a query and a range."""
    filled = {**({"q": text} if text else {}), **params}
    return "/exports?" + urlencode(filled) if filled else "/exports"
