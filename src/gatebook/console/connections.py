"""My connections: accounts of one's own at connectors, and the way to one and back."""

import asyncio
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import session
from gatebook.console.connections_view import Row, row, totals, written_out
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.posting import posted
from gatebook.console.readers import Handler
from gatebook.console.zones import zone_of
from gatebook.identity.credentials.connecting import CALLBACK, ConnectError, Returned
from gatebook.identity.tokens import digest
from gatebook.reading.viewer import Viewer

PAGE = "My connections"
_OUT_OF_DATE = "This form is out of date, and nothing was done. Look again."


class ConnectionPages:
    """Handlers of `/connections`, `/connect/{connector}` and `/connect/callback`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages
        self._room = deps.connections

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form. The callback comes first: its name is no connector's."""
        return [
            ("GET", CALLBACK, self._back),
            ("GET", "/connections", self._list),
            ("POST", "/connections/{connector}/disconnect", self._disconnect),
            ("GET", "/connect/{connector}", self._connect),
            ("POST", "/connect/{connector}", self._begin),
        ]

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        return await self._list_page(request, viewer)

    async def _list_page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200) -> Response:
        now_us, zone = self._deps.room.clock.wall_us(), zone_of(request)
        mine = await asyncio.to_thread(self._room.mine, viewer)
        everybody = await asyncio.to_thread(self._room.all, viewer) if viewer.reads_all else []
        rows = [row(facts, now_us, zone) for facts in mine]
        done = next((each for each in rows if each.name == params_of(request).get("connected") and each.usable), None)
        return self._pages.page(
            "connections.html",
            self._shown(request, viewer),
            status,
            rows=rows,
            totals=totals(everybody, now_us),
            error=error,
            done=done,
        )

    async def _connect(self, request: Request, viewer: Viewer) -> Response:
        return await self._connect_page(request, viewer)

    async def _connect_page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200) -> Response:
        name = request.path_params["connector"]
        try:
            one = await asyncio.to_thread(self._one, request, viewer, name)
        except ConnectError as missing:
            return self._problem(request, viewer, str(missing), 404)
        attempt = await asyncio.to_thread(self._room.pending, viewer, name, self._browser(request))
        asked = written_out(attempt.grant.asked) if attempt is not None else ()
        return self._pages.page("connect.html", self._shown(request, viewer), status, one=one, attempt=attempt, asked=asked, error=error)

    def _one(self, request: Request, viewer: Viewer, name: str) -> Row:
        self._room.connector(viewer, name)
        facts = next(each for each in self._room.mine(viewer) if each.connector == name)
        return row(facts, self._deps.room.clock.wall_us(), zone_of(request))

    async def _begin(self, request: Request, viewer: Viewer) -> Response:
        name = request.path_params["connector"]
        if await posted(request, self._deps) is None:
            return await self._connect_page(request, viewer, _OUT_OF_DATE, 400)
        try:
            await self._room.begin(viewer, name, self._browser(request))
        except ConnectError as error:
            return await self._connect_page(request, viewer, str(error), 502)
        # The link that leaves is on the page: a form that leads away would have to be allowed by the page's security policy.
        return RedirectResponse(f"/connect/{quote(name, safe='')}", 303)

    async def _back(self, request: Request, viewer: Viewer) -> Response:
        params = params_of(request)
        returned = Returned(state=params.get("state", "")[:200], code=params.get("code"), error=params.get("error"), iss=params.get("iss"))
        # A browser that goes away now must not cost what the code brings.
        work = asyncio.ensure_future(self._room.finish(viewer, returned, self._browser(request)))
        try:
            name = await asyncio.shield(work)
        except ConnectError as error:
            return self._problem(request, viewer, str(error), 400, error.connector)
        # The address of the answer holds its code: it does not stay in the address bar.
        return RedirectResponse(f"/connections?connected={quote(name, safe='')}", 303)

    async def _disconnect(self, request: Request, viewer: Viewer) -> Response:
        if await posted(request, self._deps) is None:
            return await self._list_page(request, viewer, _OUT_OF_DATE, 400)
        await self._room.disconnect(viewer, request.path_params["connector"])
        return RedirectResponse("/connections", 303)

    def _browser(self, request: Request) -> str:
        return digest(session.secret_of(request, self._deps))

    def _problem(self, request: Request, viewer: Viewer, text: str, status: int, connector: str | None = None) -> Response:
        more = {"back": "/connections" if connector is None else f"/connect/{quote(connector, safe='')}"}
        words = {"back_text": "My connections" if connector is None else "Begin again"}
        return self._pages.page("problem.html", self._shown(request, viewer), status, title="Not connected", text=text, **more, **words)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name=PAGE)
