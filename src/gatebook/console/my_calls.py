"""My calls: everybody's own page. What one's AI apps did, what was stopped or changed and why, what waits, what one has given away."""

import asyncio
import logging
from typing import Any, Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import explorer, my_calls_view, tokens_view
from gatebook.console.address import Here
from gatebook.console.asking import Asking
from gatebook.console.deps import ConsoleDeps
from gatebook.console.histogram_view import Histogram
from gatebook.console.my_calls_view import Line
from gatebook.console.own_panels import Panel, own_panels
from gatebook.console.pages import FRAGMENT_HEADER, Pages, Shown
from gatebook.console.rail import OWN_CALLS
from gatebook.console.requests_view import Card, access_card, waiting_card
from gatebook.console.snippets import sign_in_snippets, token_snippets
from gatebook.console.times import Range
from gatebook.console.zones import zone_of
from gatebook.index import EngineError
from gatebook.query import QueryError
from gatebook.query.writing import both, term
from gatebook.reading.room import TooSlow
from gatebook.reading.token_room import Wanted
from gatebook.reading.viewer import Viewer

CALLS: Final = "method:tools/call"
STOPPED: Final = "decision:(blocked, redacted, pending)"
SHOWN: Final = 10
_LOOKED: Final = 60
_TOLD: Final = 6
_RANGE: Final = "30d"
_TOP_LEVEL: Final = ("none", "cross-site")
_logger = logging.getLogger(__name__)


class Activity(Struct, frozen=True, kw_only=True):
    """What the book says of somebody's last 30 days. `ever`: whether there is any call of theirs in it."""

    chart: Histogram | None
    stopped: list[Line]
    latest: list[Line]
    ever: bool


class PanelView(Struct, frozen=True, kw_only=True):
    """A part that another page has more of."""

    title: str
    href: str
    text: str


class MyCalls:
    """Handler of `/me`, and of `/` for those who come from elsewhere and read only their own calls."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, explorer_page: "explorer.Explorer") -> None:
        self._deps = deps
        self._room = deps.room
        self._pages = pages
        self._explorer = explorer_page

    async def home(self, request: Request, viewer: Viewer) -> Response:
        """The explorer; somebody who opens the console and reads only their own calls begins at My calls."""
        opened = not request.url.query and FRAGMENT_HEADER not in request.headers
        if opened and _reads_own(viewer) and request.headers.get("sec-fetch-site") in _TOP_LEVEL:
            return RedirectResponse(landing(viewer), 303)
        return await self._explorer.show(request, viewer)

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The page."""
        zone, now_us = zone_of(request), self._room.clock.wall_us()
        own = "" if _reads_own(viewer) else term("subject", viewer.subject)
        here = Here(text=both(own, CALLS), range=Range(since_us=now_us - 30 * 86_400_000_000, preset=_RANGE))
        activity, asked, tokens, accounts, panels = await asyncio.gather(
            self._activity(request, viewer, here),
            self._requests(viewer, now_us),
            self._deps.tokens.tokens(viewer, Wanted(own=True)),
            self._deps.tokens.accounts(viewer, own=True),
            asyncio.gather(*(self._panel(panel, viewer) for panel in own_panels(self._deps))),
        )
        lines = tokens_view.token_lines(tokens.tokens, zone, now_us, reads_people=False)
        values: dict[str, Any] = {
            "activity": activity,
            "here": here,
            "explorer_href": here.link(),
            "stopped_href": here.link(text=both(here.text, STOPPED)),
            "asked": asked,
            "tokens": [line for line in lines if line.live],
            "ended": [line for line in lines if not line.live][:SHOWN],
            "accounts": tokens_view.account_lines(accounts, now_us),
            "panels": [panel for panel in panels if panel is not None],
            "sign_in_ways": sign_in_snippets(self._deps.mcp_url),
            "token_ways": token_snippets(self._deps.mcp_url, self._deps.deployment),
        }
        return self._pages.page("me.html", Shown(request=request, viewer=viewer, page_name=OWN_CALLS), **values)

    async def _activity(self, request: Request, viewer: Viewer, here: Here) -> Activity | None:
        """What the book says, on the record; None where the index does not answer."""
        zone, now_us = zone_of(request), self._room.clock.wall_us()
        try:
            asking = Asking(self._room, viewer, here, zone)
            stopped_here = Here(text=both(here.text, STOPPED), range=here.range)
            stopped = Asking(self._room, viewer, stopped_here, zone, asking.snapshot)
            ever = Asking(self._room, viewer, Here(text=here.text, range=Range(preset="all")), zone, asking.snapshot)
            chart, changed, latest = await asyncio.gather(
                asking.histogram(),
                self._room.rows(viewer, stopped.query, None, _LOOKED, snapshot=asking.snapshot),
                self._room.rows(viewer, ever.query, None, SHOWN, snapshot=asking.snapshot),
            )
        except (EngineError, TooSlow, QueryError) as error:  # the last: a view as somebody who sees none of their own
            _logger.warning("somebody's own calls could not be read: %s", error)
            return None
        subjects = {*latest.subjects, *changed.subjects}
        await self._room.note(viewer, "search", asking.question.words(), rows=len(latest.rows), subjects=subjects)
        askable = await self._deps.requests.askable(changed.rows)
        return Activity(
            chart=chart,
            stopped=my_calls_view.stopped_lines(changed.rows, askable, zone, now_us)[:_TOLD],
            latest=[my_calls_view.latest_line(row, zone, now_us) for row in latest.rows],
            ever=bool(latest.rows),
        )

    async def _requests(self, viewer: Viewer, now_us: int) -> list[Card]:
        """One's own calls that wait, and requests that are open or granted."""
        try:
            waiting = [one for one in await self._deps.requests.waiting(viewer) if one.own]
        except (EngineError, TooSlow) as error:
            _logger.warning("calls that wait could not be read: %s", error)
            waiting = []
        access = [one for one in await self._deps.requests.requests(viewer) if one.own and not one.over]
        current = [one for one in access if one.request.state in ("open", "granted")]
        return [*(waiting_card(one, now_us) for one in waiting), *(access_card(one, {}, now_us) for one in current)]

    async def _panel(self, panel: Panel, viewer: Viewer) -> PanelView | None:
        """One panel; one that fails is left out, because the page is worth showing without it."""
        try:
            return PanelView(title=panel.title, href=panel.href, text=await panel.line(viewer))
        except Exception:
            _logger.exception("the panel %s failed", panel.title)
            return None


def landing(viewer: Viewer) -> str:
    """Where somebody begins who has signed in."""
    return "/me" if _reads_own(viewer) else "/"


def _reads_own(viewer: Viewer) -> bool:
    return viewer.access.reach in ("own", "none")
