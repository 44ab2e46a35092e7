"""Connectors: the list, one with its tools, one tool; and the forms by which administrators decide."""

from typing import Any, Literal
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import scopes
from gatebook.console.connectors_view import connector_row, look_of, moment, tool_row
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.console.readers import Handler, Readers, check_administers
from gatebook.console.tool_view import tool_view
from gatebook.console.zones import zone_of
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.deciding import DecisionError, Order
from gatebook.state.scoping import ScopeError

_OUT_OF_DATE = "This form is out of date, and nothing was decided. Look again."
_NO_SCOPE = "Nothing was chosen that is different, or the form is out of date. Choose a scope in the table, and draft again."
_STATUSES = {"unknown": 404, "nothing": 409, "moved": 409, "wrong": 400}


class ConnectorPages:
    """Handlers of `/connectors`, `/connectors/{name}` and `/connectors/{name}/tools/{tool}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        one, tool = "/connectors/{name}", "/connectors/{name}/tools/{tool}"
        readers = Readers(self._pages, "Connectors")
        return [
            ("GET", "/connectors", readers(self._list)),
            ("GET", one, readers(self._connector)),
            ("POST", one, readers(self._decide_all)),
            ("POST", f"{one}/scopes", readers(self._scope)),
            ("GET", tool, readers(self._tool)),
            ("POST", tool, readers(self._decide_one)),
        ]

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        now_us = self._deps.room.clock.wall_us()
        rows = [connector_row(facts, now_us) for facts in await self._deps.tools.connectors(viewer)]
        rows.sort(key=lambda row: (not row.undecided, row.name))
        return self._pages.page("connectors.html", self._shown(request, viewer), rows=rows)

    async def _connector(self, request: Request, viewer: Viewer) -> Response:
        return await self._connector_page(request, viewer)

    async def _connector_page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200) -> Response:
        detail = await self._deps.tools.connector(viewer, request.path_params["name"])
        if detail is None:
            return self._missing(request, viewer, "connector")
        now_us, zone = self._deps.room.clock.wall_us(), zone_of(request)
        values: dict[str, Any] = {
            "row": connector_row(detail, now_us),
            "look": look_of(detail),
            "listed": moment(detail.listed_us, zone),
            "waiting": detail.waiting,
            "rows": [tool_row(detail.name, one, now_us) for one in detail.all_tools],
            "error": error,
            "scopes": await scopes.matrix_of(self._deps, viewer, request),
            "choices": scopes.CHOICES,
        }
        return self._pages.page("connector.html", self._shown(request, viewer), status, **values)

    async def _tool(self, request: Request, viewer: Viewer) -> Response:
        return await self._tool_page(request, viewer)

    async def _tool_page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200, reason: str = "") -> Response:
        detail = await self._deps.tools.tool(viewer, request.path_params["name"], request.path_params["tool"])
        if detail is None:
            return self._missing(request, viewer, "tool")
        view = tool_view(detail, zone_of(request), self._deps.room.clock.wall_us())
        return self._pages.page("tool.html", self._shown(request, viewer), status, one=view, error=error, reason=reason)

    async def _decide_all(self, request: Request, viewer: Viewer) -> Response:
        name = request.path_params["name"]
        fields = await posted(request, self._deps)
        if fields is None or (decision := _decision(fields)) is None:
            return await self._connector_page(request, viewer, _OUT_OF_DATE, 400)
        order = Order(connector=name, decision=decision, reason=fields.get("reason", ""), waiting=fields.get("waiting", ""))
        try:
            await self._deps.tools.decide(viewer, order)
        except DecisionError as error:
            return await self._connector_page(request, viewer, as_sentence(error), _STATUSES[error.fault])
        return RedirectResponse(f"/connectors/{quote(name, safe='')}", 303)

    async def _scope(self, request: Request, viewer: Viewer) -> Response:
        """A draft of other scopes; nothing is changed."""
        check_administers(viewer, "draft scopes")
        try:
            made = await scopes.draft(self._deps, self._pages, request, viewer)
        except ScopeError as error:
            return await self._connector_page(request, viewer, as_sentence(error), 409)
        return await self._connector_page(request, viewer, _NO_SCOPE, 400) if made is None else made

    async def _decide_one(self, request: Request, viewer: Viewer) -> Response:
        name, tool = request.path_params["name"], request.path_params["tool"]
        fields = await posted(request, self._deps)
        if fields is None or (decision := _decision(fields)) is None or not fields.get("hash"):
            return await self._tool_page(request, viewer, _OUT_OF_DATE, 400)
        reason = fields.get("reason", "")
        # The hash is that of the definition on the page: what was not looked at is not decided.
        order = Order(connector=name, tool=tool, decision=decision, reason=reason, hash=fields["hash"])
        try:
            await self._deps.tools.decide(viewer, order)
        except DecisionError as error:
            return await self._tool_page(request, viewer, as_sentence(error), _STATUSES[error.fault], reason)
        return RedirectResponse(f"/connectors/{quote(name, safe='')}/tools/{quote(tool, safe='')}", 303)

    def _missing(self, request: Request, viewer: Viewer, what: str) -> Response:
        text = f"There is no such {what}, or it was never listed."
        more = {"back": "/connectors", "back_text": "All connectors"}
        return self._pages.page("problem.html", self._shown(request, viewer), 404, title=f"No such {what}", text=text, **more)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Connectors")


def _decision(fields: dict[str, str]) -> Literal["approved", "refused"] | None:
    match fields.get("decision"):
        case "approved":
            return "approved"
        case "refused":
            return "refused"
    return None
