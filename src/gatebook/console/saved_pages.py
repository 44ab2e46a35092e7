"""Saved searches and share links: the menu beside the query, the page of cards, and what they post."""

from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import columns, preferences
from gatebook.console.address import Here, explorer
from gatebook.console.deps import ConsoleDeps
from gatebook.console.explorer import Explorer
from gatebook.console.explorer_view import words
from gatebook.console.pages import FRAGMENT_HEADER, Pages, Shown, params_of, wanted
from gatebook.console.posting import posted
from gatebook.console.times import PRESETS, Range, RangeError, iso, read_range
from gatebook.console.zones import Zone, zone_of
from gatebook.query import QueryError
from gatebook.query.confining import HiddenField
from gatebook.reading.room import Question
from gatebook.reading.saved import EVERYONE, Conflict, SavedError, Wish
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.saved import Saved

_OUT_OF_DATE = "This form is out of date; open the page again."


class Card(Struct, frozen=True, kw_only=True):
    """A saved search as its card and the menu show it."""

    id: str
    name: str
    owner: str
    mine: bool
    shared: str
    groups: str
    text: str
    range: str
    columns: str
    href: str
    version: int
    changed: str


def card(saved: Saved, viewer: Viewer, zone: Zone, now_us: int) -> Card:
    """The card of a saved search."""
    range_ = _range(saved.range, now_us)
    titles = [one.column.title for one in columns.read(",".join(saved.columns))] if saved.columns else []
    return Card(
        id=saved.id,
        name=saved.name,
        owner=saved.owner,
        mine=saved.owner == viewer.principal.person,
        shared="everyone" if EVERYONE in saved.shared else ", ".join(saved.shared),
        groups=", ".join(saved.shared),
        text=saved.text,
        range=words(range_, zone),
        columns=", ".join(titles),
        href=explorer(saved.text, range_, columns=",".join(saved.columns)),
        version=saved.version,
        changed=f"{zone.stamp(saved.changed_us)[:16]} {zone.word(saved.changed_us)}",
    )


def written(range_: Range) -> str:
    """A range as a saved search holds it: the name of a preset, or both ends."""
    if range_.preset:
        return range_.preset
    return "..".join("" if end is None else iso(end) for end in (range_.since_us, range_.until_us))


def _range(text: str, now_us: int) -> Range:
    since, dots, until = text.partition("..")
    try:
        return read_range({"from": since, "to": until} if dots else {"range": text if text in PRESETS else ""}, now_us)
    except RangeError:
        return read_range({}, now_us)


class SavedPages:
    """Handlers of `/saved`, `/share` and `/s/{id}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages, explorer_: Explorer) -> None:
        self._deps = deps
        self._pages = pages
        self._explorer = explorer_

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """All searches that the viewer may use, as cards; for the menu as a short list."""
        zone, now_us = zone_of(request), self._deps.room.clock.wall_us()
        cards = [card(saved, viewer, zone, now_us) for saved in await self._deps.shelf.searches(viewer)]
        shown = Shown(request=request, viewer=viewer, page_name="Saved searches")
        if wanted(request, "menu"):
            return self._pages.fragment("saved_menu.html", "menu", shown, cards=cards)
        said = params_of(request).get("said", "")[:200]
        return self._pages.page("saved.html", shown, cards=cards, said=said, error="", groups=sorted(viewer.principal.groups))

    async def create(self, request: Request, viewer: Viewer) -> Response:
        """Save the question that the explorer shows under a name, and go back to it."""
        fields = await posted(request, self._deps)
        if fields is None:
            return self._refused(request, viewer, _OUT_OF_DATE)
        here, _ = self._explorer.read(fields)
        wish = Wish(
            name=fields.get("name", ""),
            text=here.text,
            range=written(here.range),
            columns=tuple(_columns(here, request)),
            shared=_groups(fields.get("shared", "")),
        )
        try:
            await self._deps.shelf.create(viewer, wish)
        except (SavedError, Conflict, QueryError) as error:
            return self._refused(request, viewer, _sentence(error))
        return RedirectResponse(here.link(), 303)

    async def change(self, request: Request, viewer: Viewer) -> Response:
        """Rename or share an own search."""
        fields = await posted(request, self._deps)
        if fields is None:
            return self._refused(request, viewer, _OUT_OF_DATE)
        old = await self._deps.shelf.search(viewer, request.path_params["id"])
        version = fields.get("version", "")
        if old is None or not version.isdigit():
            return self._refused(request, viewer, "There is no such search of yours.")
        wish = Wish(
            name=fields.get("name", ""), text=old.text, range=old.range, columns=old.columns, shared=_groups(fields.get("shared", ""))
        )
        try:
            done = await self._deps.shelf.change(viewer, old.id, wish, int(version))
        except (SavedError, Conflict, QueryError) as error:
            return self._refused(request, viewer, _sentence(error))
        return RedirectResponse("/saved", 303) if done else self._refused(request, viewer, "There is no such search of yours.")

    async def delete(self, request: Request, viewer: Viewer) -> Response:
        """Delete an own search."""
        if await posted(request, self._deps) is None:
            return self._refused(request, viewer, _OUT_OF_DATE)
        if not await self._deps.shelf.delete(viewer, request.path_params["id"]):
            return self._refused(request, viewer, "There is no such search of yours.")
        return RedirectResponse("/saved", 303)

    async def share(self, request: Request, viewer: Viewer) -> Response:
        """Make a short link to the question with its times made absolute."""
        fields = await posted(request, self._deps)
        if fields is None:
            return self._refused(request, viewer, _OUT_OF_DATE)
        here, _ = self._explorer.read(fields)
        question = Question(text=here.text, since_us=here.range.since_us, until_us=here.range.until_us)
        try:
            share = await self._deps.shelf.share(viewer, question, _columns(here, request))
        except (SavedError, Conflict, QueryError) as error:
            return self._refused(request, viewer, _sentence(error))
        zone = zone_of(request)
        range_ = words(Range(since_us=share.since_us, until_us=share.until_us), zone)
        shown = Shown(request=request, viewer=viewer, page_name="Explorer")
        values: dict[str, Any] = {"link": f"{self._deps.console_url}/s/{share.id}", "range": range_, "back": here.link()}
        if wanted(request, "share"):
            return self._pages.fragment("share_link.html", "share", shown, **values)
        return self._pages.page("share.html", shown, **values)

    async def open(self, request: Request, viewer: Viewer) -> Response:
        """Open a share link: the question as it was, within what the one who opens it may see."""
        try:
            share = await self._deps.shelf.opened(viewer, request.path_params["id"][:40])
        except HiddenField as error:
            shown = Shown(request=request, viewer=viewer)
            return self._pages.page(
                "problem.html", shown, 403, title="Not for you", text=f"{as_sentence(error.message)} This link asks for it."
            )
        if share is None:
            shown = Shown(request=request, viewer=viewer)
            text = "This link was deleted, or it is mistyped."
            return self._pages.page("problem.html", shown, 404, title="No such link", text=text)
        range_ = Range(since_us=share.since_us, until_us=share.until_us)
        return RedirectResponse(explorer(share.text, range_, columns=",".join(share.columns)), 303)

    def _refused(self, request: Request, viewer: Viewer, text: str) -> Response:
        if FRAGMENT_HEADER in request.headers:
            return Response(text, headers={FRAGMENT_HEADER: "problem"}, media_type="text/plain")
        shown = Shown(request=request, viewer=viewer, page_name="Saved searches")
        return self._pages.page("problem.html", shown, 400, title="This could not be saved", text=text, back="/saved", back_text="Back")


def _columns(here: Here, request: Request) -> list[str]:
    """The columns of the address, or those that somebody chose; none where they see those of the default."""
    text = here.columns or preferences.of(request).get("columns", "")
    return text.split(",") if text else []


def _groups(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _sentence(error: Exception) -> str:
    return as_sentence(f"The {error.field} {error}" if isinstance(error, SavedError) else error)
