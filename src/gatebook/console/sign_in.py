"""Sign-in by a one-time link, and sign-out."""

import secrets

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import session
from gatebook.console.deps import ConsoleDeps
from gatebook.console.login import LOGIN_PATH, SIGNED_OUT_PATH
from gatebook.console.my_calls import landing
from gatebook.console.pages import Pages
from gatebook.identity.crowding import Crowd, network_of
from gatebook.identity.sign_in import LINK_LIFE_S
from gatebook.reading.viewer import Viewer

_FAILED = "This link is not valid: it was used already, has expired, or is mistyped. Ask for a new one."
_TOO_MANY = "Too many links that are not valid came from your network. A valid one works all the same."
_SECRET_CHARACTERS_MAX = 400
REFUSALS_OF_ONE = 30
"""So many refusals of one network are written down in a minute."""
_REFUSALS_OF_ALL = 600


class SignIn:
    """Handlers of `/sign-in` and `/sign-out`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages
        self._refusals = Crowd(REFUSALS_OF_ONE, _REFUSALS_OF_ALL)

    async def form(self, request: Request) -> Response:
        """The page that a one-time link opens. Its script posts the secret from the fragment; without scripts it can be pasted."""
        return self._form(request)

    async def enter(self, request: Request) -> Response:
        """Use the link up and open a session, or go to sign-in at a provider as an administrator to be.

        A refusal is on the record, unless very many of them come from one network.
        """
        if not session.same_origin(request, self._deps):
            return self._form(request, "This sign-in came from another site.", 403)
        fields = await session.form_of(request)
        # People paste the whole link as often as its code.
        secret = (fields or {}).get("secret", "").strip().rpartition("#")[2]
        source, user_agent = session.source_of(request), request.headers.get("user-agent")
        if 0 < len(secret) <= _SECRET_CHARACTERS_MAX:
            opened = await self._deps.door.sign_in(secret, source, user_agent or "")
            if opened is not None:
                viewer = Viewer(principal=opened.principal, given=self._deps.accesses().of(opened.principal))
                response = RedirectResponse(landing(viewer), 303)
                session.set_cookie(response, self._deps, opened.secret)
                session.drop_hint(response, self._deps)
                return response
            # A secret of its own: nobody can have given it to this browser before.
            browser = secrets.token_urlsafe(32)
            if await self._deps.sign_ins.claim(secret, browser):
                response = RedirectResponse(LOGIN_PATH, 303)
                session.set_browser(response, self._deps, browser, LINK_LIFE_S)
                return response
        if not self._refusals.admit(network_of(source.ip)):
            return self._form(request, _TOO_MANY, 429)
        await self._deps.room.refused("unknown" if secret else "missing", "/sign-in", source, user_agent)
        return self._form(request, _FAILED, 403)

    async def leave(self, request: Request) -> Response:
        """Close the session; the browser of one whose provider is to be told goes on to that."""
        secret = session.secret_of(request, self._deps)
        fields = await session.form_of(request) or {}
        if not session.same_origin(request, self._deps) or not session.csrf_holds(secret, fields.get("csrf", "")):
            return self._form(request, "This form is out of date; open the console again.", 403)
        await self._deps.door.sign_out(secret, session.source_of(request))
        response = RedirectResponse(SIGNED_OUT_PATH if session.hint_of(request, self._deps) else LOGIN_PATH, 303)
        session.drop_cookie(response, self._deps)
        return response

    def _form(self, request: Request, error: str = "", status: int = 200) -> Response:
        providers = bool(self._deps.sign_ins.providers.for_sign_in())
        return self._pages.outside("sign_in.html", request, status, error=error, providers=providers)
