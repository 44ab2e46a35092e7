"""What the command palette lists besides pages and actions: saved searches, and who and what was busy in the last day."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import filters, saved_pages
from gatebook.console.address import explorer
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, wanted
from gatebook.console.times import read_range
from gatebook.console.zones import zone_of
from gatebook.index import EngineError
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.viewer import Viewer

_VALUES = {"person": 20, "connector": 20}


class Item(Struct, frozen=True, kw_only=True):
    """One thing to go to."""

    text: str
    href: str
    sort: str
    icon: str


class Palette:
    """Handler of `/palette`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The options, for the palette of a page; nobody opens this by itself."""
        if not wanted(request, "palette"):
            return RedirectResponse("/", 303)
        room, zone = self._deps.room, zone_of(request)
        now_us = room.clock.wall_us()
        searches = await self._deps.shelf.searches(viewer)
        cards = [saved_pages.card(saved, viewer, zone, now_us) for saved in searches]
        items = [Item(text=card.name, href=card.href, sort="saved search", icon="star") for card in cards]
        day = read_range({}, now_us)
        for field, limit in _VALUES.items():
            try:
                counts = await room.values(viewer, Question(since_us=day.since_us), field, "", limit)
            except (EngineError, TooSlow):
                continue
            items += [
                Item(text=count.label, href=explorer(filters.only(field, count.value)), sort=field, icon="filter") for count in counts
            ]
        shown = Shown(request=request, viewer=viewer)
        return self._pages.fragment("palette_fragment.html", "palette", shown, items=items)
