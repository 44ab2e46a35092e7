"""AI clients for administrators: the list, one client, and the forms that add, disable and remove; and the apps that somebody has connected."""

from typing import Any, Final, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import times
from gatebook.console.changes_view import address
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.console.rail import CONNECTED_APPS
from gatebook.console.readers import Handler, Readers
from gatebook.console.tokens_view import scopes_words
from gatebook.definitions.telling import one_line
from gatebook.identity.oauth.registry import ClientOrder
from gatebook.reading.client_room import ClientFacts, Does, GrantLine
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.ai_clients import ONLY_NAME
from gatebook.state.pruning import UNUSED_CLIENT_US
from gatebook.state.store import StateError

_STALE: Final = "This form is out of date, and nothing was changed. Look again."
_DOES: Final = ("disable", "enable", "remove")
_KINDS: Final = {"dcr": "Registered itself", "cimd": "Document on its host", "pre": "Added here"}


class ClientPages:
    """Handlers of `/clients`, `/clients/one` and `/connected-apps`. An id may be an address, so it is a parameter and no part of the path."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of each page and form."""
        own = Readers(self._pages, "AI clients")
        return [
            ("GET", "/clients", own(self._list)),
            ("POST", "/clients", own(self._add)),
            ("GET", "/clients/one", own(self._one)),
            ("POST", "/clients/one", own(self._change)),
            ("GET", "/connected-apps", own(self._connected)),
            ("POST", "/connected-apps", own(self._disconnect)),
        ]

    async def _list(self, request: Request, viewer: Viewer) -> Response:
        return self._list_page(request, viewer)

    def _list_page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200, **more: Any) -> Response:
        now_us = self._deps.room.clock.wall_us()
        rows = [client_row(facts, now_us) for facts in self._deps.clients.clients(viewer)]
        values = {
            "rows": rows,
            "rules": self._deps.clients.rules(viewer),
            "edit": address("AiClients", ONLY_NAME),
            "error": error,
            "added": None,
            "typed": {},
            **more,
        }
        return self._pages.page("clients.html", self._shown(request, viewer), status, **values)

    async def _add(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        if fields is None:
            return self._list_page(request, viewer, _STALE, 400)
        order = ClientOrder(
            name=fields.get("name", ""),
            redirect_uris=tuple(fields.get("redirects", "").split()),
            confidential=fields.get("secret") == "yes",
        )
        try:
            added = await self._deps.clients.add(viewer, order)
        except StateError as error:
            return self._list_page(request, viewer, as_sentence(error), 400, typed=fields)
        return self._list_page(request, viewer, added=added)

    async def _one(self, request: Request, viewer: Viewer) -> Response:
        return self._one_page(request, viewer, request.query_params.get("id", ""))

    def _one_page(self, request: Request, viewer: Viewer, id: str, error: str = "", status: int = 200) -> Response:
        found = self._deps.clients.client(viewer, id)
        if found is None:
            text = f"There is no AI client {one_line(id[:200])!r}, or not any more."
            more = {"back": "/clients", "back_text": "All AI clients"}
            return self._pages.page("problem.html", self._shown(request, viewer), 404, title="No such client", text=text, **more)
        now_us = self._deps.room.clock.wall_us()
        values = {"row": client_row(found.client, now_us), "grants": [grant_row(one, now_us) for one in found.grants], "error": error}
        return self._pages.page("client.html", self._shown(request, viewer), status, **values)

    async def _change(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        id = (fields or {}).get("id", request.query_params.get("id", ""))
        if fields is None or not (fields.get("do") in _DOES or fields.get("grant")):
            return self._one_page(request, viewer, id, _STALE, 400)
        try:
            if fields.get("grant"):
                await self._deps.clients.revoke(viewer, fields["grant"])
            else:
                await self._deps.clients.change(viewer, id, cast(Does, fields["do"]))
        except StateError as error:
            return self._one_page(request, viewer, id, as_sentence(error), 409)
        return RedirectResponse("/clients" if fields.get("do") == "remove" else client_href(id), 303)

    async def _connected(self, request: Request, viewer: Viewer) -> Response:
        return self._connected_page(request, viewer)

    def _connected_page(self, request: Request, viewer: Viewer, error: str = "", status: int = 200) -> Response:
        now_us = self._deps.room.clock.wall_us()
        found = [grant_row(one, now_us) for one in self._deps.clients.of_person(viewer, viewer.principal.person)]
        return self._pages.page(
            "connected_apps.html", Shown(request=request, viewer=viewer, page_name=CONNECTED_APPS), status, grants=found, error=error
        )

    async def _disconnect(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        if fields is None:
            return self._connected_page(request, viewer, _STALE, 400)
        try:
            await self._deps.clients.revoke(viewer, fields.get("grant", ""))
        except StateError as error:
            return self._connected_page(request, viewer, as_sentence(error), 409)
        return RedirectResponse("/connected-apps", 303)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="AI clients")


def client_href(id: str) -> str:
    """The address of a client's page."""
    return f"/clients/one?id={quote(id, safe='')}"


def client_row(facts: ClientFacts, now_us: int) -> dict[str, Any]:
    """A client as the templates show it."""
    expires = facts.kind != "pre" and facts.last_used_us is None and facts.disabled_us is None
    look = {"outcome": "ok", "shape": "ok", "word": "Active"}
    if facts.disabled_us is not None:
        look = {"outcome": "blocked", "shape": "blocked", "word": "Disabled"}
    elif facts.last_used_us is None:
        look = {"outcome": "other", "shape": "other", "word": "Not used"}
    return {
        "facts": facts,
        "href": client_href(facts.id),
        "kind": _KINDS[facts.kind],
        "look": look,
        "last": times.ago(now_us - facts.last_used_us) if facts.last_used_us else "never",
        "since": times.ago(now_us - facts.created_us),
        "forgotten": times.stamp(facts.created_us + UNUSED_CLIENT_US)[:16] if expires else "",
    }


def grant_row(one: GrantLine, now_us: int) -> dict[str, Any]:
    """A grant as the templates show it."""
    return {
        "one": one,
        "client_href": client_href(one.client),
        "person_href": f"/people/{quote(one.person, safe='')}",
        "scopes": scopes_words(one.scopes),
        "since": times.ago(now_us - one.created_us),
        "last": times.ago(now_us - one.last_used_us) if one.last_used_us else "never",
        "until": times.stamp(one.expires_us)[:10] if one.expires_us else "",
    }
