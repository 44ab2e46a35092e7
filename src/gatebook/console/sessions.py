"""The sessions of a person, on their page: for administrators, and for everybody about themselves."""

import re
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import session
from gatebook.console.connectors_view import moment
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.console.times import ago
from gatebook.console.zones import zone_of
from gatebook.definitions.telling import one_line
from gatebook.reading.people_room import ME
from gatebook.reading.rights import NotForYou, check_administrator
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_ID: Final = re.compile(r"ses_[0-9a-f]{12}")
_NOT_YOURS: Final = "sessions of other people are ended by members of the group admins"
_HOW: Final = {"oidc": "Identity provider", "link": "One-time link", "break_glass": "One-time link, past the identity provider"}
_BROWSERS: Final = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
_Handler = Callable[[Request, Viewer], Awaitable[Response]]


class SessionLine(Struct, frozen=True, kw_only=True):
    """One session, as it is shown."""

    id: str
    browser: str
    user_agent: str
    how: str
    began: str
    seen: str
    ends: str
    here: bool


class SessionPages:
    """Handlers of the forms that end sessions."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, _Handler]]:
        """Method, path and handler."""
        return [("POST", "/people/{id}/sessions/end", self._end)]

    async def _end(self, request: Request, viewer: Viewer) -> Response:
        shown = Shown(request=request, viewer=viewer, page_name="People")
        asked = request.path_params["id"]
        person = viewer.principal.person if asked == ME else asked.lower()
        fields = await posted(request, self._deps)
        id = (fields or {}).get("session", "")
        if fields is None or (id and not _ID.fullmatch(id)):
            return self._pages.page("problem.html", shown, 400, title="Nothing was ended", text="This form is out of date. Try again.")
        try:
            if person != viewer.principal.person:
                check_administrator(viewer, _NOT_YOURS)
        except NotForYou as error:
            return self._pages.page("problem.html", shown, 403, title="Not for you", text=as_sentence(error))
        await self._deps.door.sessions.end(person, id or None, viewer.principal, viewer.source)
        return RedirectResponse(f"/people/{quote(asked, safe='@')}#sessions", 303)


def session_lines(request: Request, deps: ConsoleDeps, viewer: Viewer, person: str) -> list[SessionLine] | None:
    """The sessions of a person; None for a viewer who may not see them."""
    if person != viewer.principal.person and not viewer.administers:
        return None
    here, zone, now_us = deps.door.sessions.id_of(session.secret_of(request, deps)), zone_of(request), deps.room.clock.wall_us()
    return [
        SessionLine(
            id=one.id,
            browser=browser_words(one.user_agent),
            user_agent=one_line(one.user_agent, 200),
            how=_HOW.get(one.auth, one.auth),
            began=moment(one.created_us, zone),
            seen=ago(now_us - one.seen_us),
            ends=moment(one.expires_us, zone),
            here=one.id == here,
        )
        for one in deps.door.sessions.of(person)
    ]


def browser_words(user_agent: str) -> str:
    """A browser as people call it: what it says of itself, which may be anything."""

    def named(names: tuple[tuple[str, str], ...]) -> str:
        return next((name for mark, name in names if mark in user_agent), "")

    browser, system = named(_BROWSERS), named(_SYSTEMS)
    return f"{browser or 'A browser'} on {system}" if system else browser or "Not known"
