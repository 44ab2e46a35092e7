"""Roles: who sees what of the log, looking at it with somebody else's eyes, the reason for reading payloads, and who looked at one's own calls."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import roles_view, session
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.posting import posted
from gatebook.console.readers import Readers, check_administers
from gatebook.console.zones import zone_of
from gatebook.index import EngineError
from gatebook.reading.noting import REASON_CHARACTERS_MAX
from gatebook.reading.previews import PERSON, viewing_as
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer

_Handler = Callable[[Request, Viewer], Awaitable[Response]]
_STALE: Final = "The form was out of date, and nothing was changed. Try again."
_NOBODY: Final = "There is no such role or person."
_LIFE_S: Final = 3600
_WANTED_MAX: Final = 160
READINGS: Final = "Who looked at my calls"


class RolePages:
    """Handlers of `/roles`, `/roles/view-as`, `/reason` and `/readings`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, _Handler]]:
        """Method, path and handler of each."""
        readers = Readers(self._pages, "Roles")
        return [
            ("GET", "/roles", readers(self.show)),
            ("POST", "/roles/view-as", readers(self.view_as)),
            ("GET", "/reason", self.ask),
            ("POST", "/reason", self.give),
            ("GET", "/readings", self.readings),
        ]

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The matrix of roles and groups of fields."""
        return await self._matrix(request, viewer)

    async def view_as(self, request: Request, viewer: Viewer) -> Response:
        """Look with the eyes of a role or a person, or stop doing so. On the record before anything is shown."""
        check_administers(viewer, "look with the eyes of somebody else")
        fields = await posted(request, self._deps)
        if fields is None:
            return await self._matrix(request, viewer, 403, _STALE)
        person = fields.get("person", "").strip()
        wanted = f"{PERSON}{person}"[:_WANTED_MAX] if person else fields.get("as", "")[:_WANTED_MAX]
        response = RedirectResponse("/roles" if not wanted else "/", 303)
        if not wanted:
            response.delete_cookie(session.VIEW_AS_COOKIE, path="/", secure=self._deps.https, httponly=True, samesite="lax")
            return response
        if viewing_as(viewer, self._deps.accesses(), wanted).viewing_as != wanted:
            return await self._matrix(request, viewer, 404, _NOBODY)
        await self._deps.room.note(viewer, "preview", wanted)
        response.set_cookie(
            session.VIEW_AS_COOKIE, wanted, max_age=_LIFE_S, path="/", secure=self._deps.https, httponly=True, samesite="lax"
        )
        return response

    async def ask(self, request: Request, viewer: Viewer) -> Response:
        """The question for a reason."""
        return self._reason(request, viewer, _local(params_of(request).get("back", "")))

    async def give(self, request: Request, viewer: Viewer) -> Response:
        """Keep the reason; it stands in the record of each reading from now on."""
        fields = await posted(request, self._deps)
        if fields is None:
            return self._reason(request, viewer, "/", 403, _STALE)
        back = _local(fields.get("back", ""))
        if not self._deps.reasons.give(viewer.subject, fields.get("reason", "")) and not fields.get("end"):
            return self._reason(request, viewer, back, 400, "Say in a few words why you read arguments and responses of others.")
        return RedirectResponse(back, 303)

    async def readings(self, request: Request, viewer: Viewer) -> Response:
        """Who was shown calls of the viewer."""
        shown = Shown(request=request, viewer=viewer, page_name=READINGS)
        try:
            found, error = await self._deps.roles.readings(viewer), ""
        except (EngineError, TooSlow):
            found, error = None, "This cannot be shown now: the search index does not answer in time."
        lines = roles_view.reading_lines(found, zone_of(request)) if found else []
        return self._pages.page("readings.html", shown, lines=lines, more=bool(found and found.more), error=error)

    async def _matrix(self, request: Request, viewer: Viewer, status: int = 200, error: str = "") -> Response:
        found = await self._deps.roles.roles(viewer)
        view = roles_view.matrix(found, self._deps.names(), zone_of(request))
        shown = Shown(request=request, viewer=viewer, page_name="Roles")
        return self._pages.page("roles.html", shown, status, matrix=view, error=error)

    def _reason(self, request: Request, viewer: Viewer, back: str, status: int = 200, error: str = "") -> Response:
        shown = Shown(request=request, viewer=viewer)
        given = viewer.access.reason
        return self._pages.page("reason.html", shown, status, back=back, error=error, given=given, characters_max=REASON_CHARACTERS_MAX)


def _local(address: str) -> str:
    """The address where it is a path of this console, else the first page."""
    parts = urlsplit(address)
    local = (
        address.startswith("/")
        and not address.startswith(("//", "/\\"))
        and not parts.netloc
        and not parts.scheme
        and address.isprintable()
    )
    return address if local else "/"
