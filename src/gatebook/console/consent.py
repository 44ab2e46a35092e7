"""Where AI clients send people: the request is taken, the person signs in if need be, is asked, and is sent back with the answer."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gatebook.console import session
from gatebook.console.deps import ConsoleDeps
from gatebook.console.headers import policy_to
from gatebook.console.pages import Pages, params_of
from gatebook.console.posting import posted
from gatebook.identity.oauth import redirects
from gatebook.identity.oauth.consenting import Question
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.metadata import AUTHORIZE_PATH, CONSENT_PATH
from gatebook.identity.scopes import ALL_CONNECTORS
from gatebook.reading.client_room import NAMED
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_QUERY_MAX: Final = 8000
_STALE: Final = "This form is out of date or came from another site, and nothing was allowed. Begin again in the app."
_KNOWN_BY: Final = {
    "cimd": "its own description on this host",
    "dcr": "nobody: it registered itself",
    "pre": "an administrator, who added it",
}
_Handler = Callable[[Request], Awaitable[Response]]
_Signed = Callable[[Request, Viewer], Awaitable[Response]]


class Consent:
    """Handlers of `/oauth/authorize` and `/oauth/consent`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self, guarded: Callable[[_Handler], _Handler]) -> list[BaseRoute]:
        """The routes; `guarded` answers when state or log fail."""
        return [
            Route(AUTHORIZE_PATH, guarded(self._signed(self._authorize)), methods=["GET"]),
            Route(CONSENT_PATH, guarded(self._signed(self._show)), methods=["GET"]),
            Route(CONSENT_PATH, guarded(self._signed(self._answer)), methods=["POST"]),
        ]

    def _signed(self, handler: _Signed) -> _Handler:
        async def answer(request: Request) -> Response:
            viewer = session.viewer_of(request, self._deps)
            if viewer is None:
                return self._to_sign_in(request)
            try:
                return await handler(request, viewer)
            except OAuthError as error:
                return self._problem(request, as_sentence(error))

        return answer

    def _to_sign_in(self, request: Request) -> Response:
        """To sign in, and back here. An answer that was posted without a session is lost, and the person begins again."""
        if request.method != "GET":
            return self._problem(request, _STALE)
        if len(request.url.query) > _QUERY_MAX:
            return self._problem(request, "The app's request is too long.")
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?return_to={quote(here, safe='')}", 303)

    async def _authorize(self, request: Request, _viewer: Viewer) -> Response:
        names = [name for name, _ in request.query_params.multi_items()]
        if len(set(names)) != len(names):
            return self._problem(request, "The app gave a parameter twice.")
        begun = await self._deps.consenting.begin(params_of(request), session.secret_of(request, self._deps))
        return RedirectResponse(begun.answer or f"{CONSENT_PATH}?request={begun.id}", 303)

    async def _show(self, request: Request, viewer: Viewer) -> Response:
        id, secret = request.query_params.get("request", ""), session.secret_of(request, self._deps)
        question = await self._deps.consenting.question(id, secret)
        values = view(question)
        page = self._pages.outside("consent.html", request, viewer=viewer, csrf=session.csrf_token(secret), id=id, **values)
        # Browsers hold the form's whole way to the policy, the redirect to the app included.
        page.headers["content-security-policy"] = policy_to(redirects.source_of(question.wanted.redirect_uri))
        return page

    async def _answer(self, request: Request, viewer: Viewer) -> Response:
        fields = await posted(request, self._deps)
        if fields is None or fields.get("do") not in ("allow", "deny"):
            return self._problem(request, _STALE, 403)
        secret = session.secret_of(request, self._deps)
        source = session.source_of(request)
        allow = fields["do"] == "allow"
        where = await self._deps.consenting.answer(fields.get("request", ""), secret, viewer.principal, source, allow=allow)
        return RedirectResponse(where, 303)

    def _problem(self, request: Request, text: str, status: int = 400) -> Response:
        return self._pages.outside("consent_problem.html", request, status, text=text)


def view(question: Question) -> dict[str, Any]:
    """What the page says. All of the client's own words are marked as such."""
    wanted, client = question.wanted, question.client
    back_to = redirects.host_of(wanted.redirect_uri)
    loopback, web = redirects.is_loopback(wanted.redirect_uri), redirects.is_web(wanted.redirect_uri)
    if loopback:
        warning = "The answer goes to a program on your own computer, and any program there could say that it is this app."
    elif not web:
        warning = "The answer goes to an app on your own computer, and another app there could have taken its name."
    else:
        warning = ""
    return {
        "name": client.name or NAMED,
        # What nobody vouches for is named by where the answer goes, and by nothing that it says of itself.
        "who": "an app on your computer" if warning and client.kind == "dcr" else back_to if client.kind == "dcr" else client.host,
        "known_by": _KNOWN_BY[client.kind],
        "unchecked": client.kind == "dcr",
        "back_to": back_to,
        "warning": warning,
        "may": [_may(scope) for scope in wanted.scopes],
        "resource": wanted.resource,
    }


def _may(scope: str) -> str:
    name = scope.removeprefix(f"{ALL_CONNECTORS}:")
    return (
        "Call the tools of every connector that you may use"
        if name == scope
        else f"Call the tools of the connector {name} that you may use"
    )
