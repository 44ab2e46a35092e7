"""Sign-in at an identity provider: the page with its buttons, the way there and back, and the page before sign-out."""

import secrets
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import session, times
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, params_of
from gatebook.identity.oidc.addresses import START, back_to, is_local
from gatebook.identity.oidc.attempts import ATTEMPT_LIFE_S, is_browser_secret
from gatebook.identity.oidc.problems import SignInProblem
from gatebook.identity.oidc.sign_ins import Visitor

LOGIN_PATH = "/login"
LOGOUT_PATH = "/logout"
SIGNED_OUT_PATH = "/signed-out"
_STATUS = {"provider_down": 503, "overloaded": 503, "provider_wrong": 502, "code": 502, "token": 502}
_OUT_OF_BOTH = "You are signed out here and at {}."
_OUT_HERE = "You are signed out here. {} does not answer now, so you may still be signed in there."
_ELSEWHERE = "The address to which you would return is not one of this console, so you would come to its first page."


def login_address(request: Request) -> str:
    """The sign-in page that leads back to what was asked for."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = back_to(asked) if request.method == "GET" and is_local(asked) else START
    return LOGIN_PATH if back == START else f"{LOGIN_PATH}?{urlencode({'return_to': back})}"


class LoginPages:
    """Handlers of `/login`, `/login/{provider}`, `/idp/callback`, `/logout` and `/signed-out`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request) -> Response:
        """The sign-in page; whoever is signed in goes on."""
        return_to = params_of(request).get("return_to", START)
        if not is_local(return_to):
            return self._login(request, START, _ELSEWHERE, 400)
        if session.viewer_of(request, self._deps) is not None and not self._claimed(request):
            return RedirectResponse(back_to(return_to), 303)
        came_from = self._deps.sign_ins.outs.came_back(session.hint_of(request, self._deps), params_of(request).get("state", ""))
        page = self._login(request, back_to(return_to), note=_OUT_OF_BOTH.format(came_from) if came_from else "")
        if came_from:
            session.drop_hint(page, self._deps)
        return page

    async def begin(self, request: Request) -> Response:
        """Go to the provider."""
        browser = session.browser_of(request, self._deps)
        # One that is there stays, so that two tabs can sign in side by side.
        browser = browser if is_browser_secret(browser) else secrets.token_urlsafe(32)
        return_to = params_of(request).get("return_to", START)
        try:
            source = session.source_of(request)
            address = await self._deps.sign_ins.begin(request.path_params["provider"], return_to, browser, source)
        except SignInProblem as problem:
            status = {"provider": 404, "return_to": 400}.get(problem.reason, _STATUS.get(problem.reason, 403))
            return self._login(request, return_to if is_local(return_to) else START, str(problem), status)
        response = RedirectResponse(address, 303)
        session.set_browser(response, self._deps, browser, ATTEMPT_LIFE_S)
        return response

    async def come_back(self, request: Request) -> Response:
        """Come back from the provider, and go on with a new session."""
        visitor = Visitor(
            browser=session.browser_of(request, self._deps),
            source=session.source_of(request),
            user_agent=request.headers.get("user-agent", ""),
            session=session.secret_of(request, self._deps),
        )
        try:
            entered = await self._deps.sign_ins.finish(params_of(request), visitor)
        except SignInProblem as problem:
            values = {
                "text": str(problem),
                "reason": problem.reason,
                "provider": problem.provider,
                "when": times.stamp(self._deps.room.clock.wall_us()),
            }
            return self._pages.outside("sign_in_problem.html", request, _STATUS.get(problem.reason, 403), **values)
        response = RedirectResponse(entered.return_to, 303)
        session.set_cookie(response, self._deps, entered.secret)
        session.drop_browser(response, self._deps)
        if entered.hint:
            session.set_hint(response, self._deps, entered.hint)
        elif session.hint_of(request, self._deps):
            session.drop_hint(response, self._deps)
        return response

    async def leave(self, request: Request) -> Response:
        """Ask before signing out: an address alone must not do it."""
        viewer = session.viewer_of(request, self._deps)
        if viewer is None:
            return RedirectResponse(LOGIN_PATH, 303)
        csrf = session.csrf_token(session.secret_of(request, self._deps))
        return self._pages.outside("logout.html", request, name=viewer.name, csrf=csrf)

    async def go_out(self, request: Request) -> Response:
        """Signed out here: the page that leads on to the provider. Not for somebody who is signed in: an address alone signs nobody out."""
        if session.viewer_of(request, self._deps) is not None:
            return RedirectResponse(LOGOUT_PATH, 303)
        way_out = await self._deps.sign_ins.outs.way_out(session.hint_of(request, self._deps))
        if way_out is not None and way_out.address is not None:
            return self._pages.outside("signed_out.html", request, way_out=way_out)
        note = "" if way_out is None else _OUT_HERE.format(way_out.title)
        page = self._login(request, START, note=note)
        session.drop_hint(page, self._deps)
        return page

    def _login(self, request: Request, return_to: str, error: str = "", status: int = 200, note: str = "") -> Response:
        query = f"?{urlencode({'return_to': return_to})}" if return_to != START else ""
        providers = [
            {"href": f"{LOGIN_PATH}/{one.name}{query}", "title": one.title, "host": urlsplit(one.spec.issuer).netloc}
            for one in self._deps.sign_ins.providers.for_sign_in()
        ]
        values = {"providers": providers, "error": error, "note": note, "claimed": self._claimed(request)}
        return self._pages.outside("login.html", request, status, **values)

    def _claimed(self, request: Request) -> bool:
        browser = session.browser_of(request, self._deps)
        return is_browser_secret(browser) and self._deps.sign_ins.claimed(browser)
