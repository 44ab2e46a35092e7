"""Sign-in by a one-time link, and sign-out."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import session
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages

_FAILED = "This link is not valid: it was used already, has expired, or is mistyped. Ask for a new one."
_SECRET_CHARACTERS_MAX = 400


class SignIn:
    """Handlers of `/sign-in` and `/sign-out`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def form(self, request: Request) -> Response:
        """The page that a one-time link opens. Its script posts the secret from the fragment; without scripts it can be pasted."""
        return self._pages.outside("sign_in.html", request, error="")

    async def enter(self, request: Request) -> Response:
        """Use the link up and open a session. A refusal is on the record."""
        if not session.same_origin(request, self._deps):
            return self._pages.outside("sign_in.html", request, 403, error="This sign-in came from another site.")
        fields = await session.form_of(request)
        # People paste the whole link as often as its code.
        secret = (fields or {}).get("secret", "").strip().rpartition("#")[2]
        opened = None
        if secret and len(secret) <= _SECRET_CHARACTERS_MAX:
            opened = await self._deps.door.sign_in(secret, session.source_of(request))
        if opened is None:
            source = session.source_of(request)
            await self._deps.room.refused("unknown" if secret else "missing", "/sign-in", source, request.headers.get("user-agent"))
            return self._pages.outside("sign_in.html", request, 403, error=_FAILED)
        response = RedirectResponse("/", 303)
        session.set_cookie(response, self._deps, opened.secret)
        return response

    async def leave(self, request: Request) -> Response:
        """Close the session."""
        secret = session.secret_of(request, self._deps)
        fields = await session.form_of(request) or {}
        if not session.same_origin(request, self._deps) or not session.csrf_holds(secret, fields.get("csrf", "")):
            return self._pages.outside("sign_in.html", request, 403, error="This form is out of date; open the console again.")
        await self._deps.door.sign_out(secret)
        response = RedirectResponse("/sign-in", 303)
        session.drop_cookie(response, self._deps)
        return response
