"""The page of grants and their use, and the form by which administrators have a narrowing drafted."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import grants_view as view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.handover import Drafted, draft_page
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.posting import posted_pairs
from gatebook.console.readers import Handler, Readers, check_administers
from gatebook.definitions.telling import one_line
from gatebook.reading.grant_facts import Narrowing
from gatebook.reading.grant_room import DAYS, DAYS_MAX, Asked, UseUnknown
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

_ROWS = 250
_NAME_MAX = 300
_LINE_MAX = 300
_STALE = "This form is out of date, and nothing was drafted. Look again."
_NOTHING = "Choose at least one grant."


class GrantPages:
    """Handlers of `/grants`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and handler of the page and its form."""
        readers = Readers(self._pages, "Grants")
        return [("GET", "/grants", readers(self._show)), ("POST", "/grants", readers(self._draft))]

    async def _show(self, request: Request, viewer: Viewer) -> Response:
        """The report: unused grants unless all are asked for."""
        return await self._page(request, viewer, params_of(request))

    async def _draft(self, request: Request, viewer: Viewer) -> Response:
        """A draft of policies that take the chosen grants away, with the form that hands it to the editor. Changes nothing."""
        check_administers(viewer, "draft policies")
        pairs = await posted_pairs(request, self._deps)
        if pairs is None:
            return await self._page(request, viewer, {}, _STALE, 400)
        fields = dict(pairs)
        ids = None if fields.get("do") == "all" else [value for name, value in pairs if name == "grant"]
        if ids == []:
            return await self._page(request, viewer, fields, _NOTHING, 400)
        try:
            made = await self._deps.tools.grants.narrow(viewer, _asked(fields), ids, self._deps.health())
        except UseUnknown as error:
            return await self._page(request, viewer, fields, as_sentence(error), 503)
        return self._drafted(request, viewer, made, fields)

    async def _page(self, request: Request, viewer: Viewer, params: Any, error: str = "", status: int = 200) -> Response:
        asked = _asked(params)
        show = params.get("show") if params.get("show") in view.SHOWS else "unused"
        kept = {"days": str(asked.days) if asked.days != DAYS else "", "connector": asked.connector, "group": asked.to, "show": show}
        kept["show"] = "" if show == "unused" else show
        found = None
        try:
            found = await self._deps.tools.grants.report(viewer, asked, self._deps.health())
        except UseUnknown as unknown:
            error, status = as_sentence(unknown), 503
        now_us = self._deps.room.clock.wall_us()
        values: dict[str, Any] = {
            "error": error,
            "asked": asked,
            "days": view.choices(asked.days),
            "shows": [
                {"word": word, "href": view.address({**kept, "show": "" if name == "unused" else name}), "on": name == show}
                for name, word in view.SHOWS.items()
            ],
            "kept": kept,
            "colours": view.COLOURS,
            "states": view.STATES,
            "grants": view.view(found, asked, kept, now_us) if found else None,
        }
        return self._pages.page("grants.html", self._shown(request, viewer), status, **values)

    def _drafted(self, request: Request, viewer: Viewer, made: Narrowing, fields: dict[str, str]) -> Response:
        back = view.address({name: fields.get(name, "") for name in ("days", "connector", "group", "show")})
        days = _asked(fields).days
        count = f"{len(made.names)} {'policy' if len(made.names) == 1 else 'policies'}"
        lead = f"{count} that would take {made.taken:,} {'grant' if made.taken == 1 else 'grants'} away, which nobody used in {days} days."
        draft = Drafted(
            title="A narrowing",
            back=back,
            back_text="Grants",
            lead=lead if made.documents else "None of what was chosen can be taken away by a policy.",
            after="Whoever misses one of these tools asks for it with one click; deleting a policy gives its tools back.",
            text=made.documents,
            reason=f"Not used in {days} days",
            left_out=[f"{one_line(one.text, _LINE_MAX)}: {one.why}" if one.text else one.why for one in made.left_out],
            problems=made.problems,
            warnings=made.warnings,
        )
        return draft_page(self._pages, self._shown(request, viewer), draft)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Grants")


def _asked(params: Any) -> Asked:
    """The question of an address or a form; what makes no sense counts as not asked."""
    return Asked(
        days=_number(params.get("days", ""), 1, DAYS_MAX, DAYS),
        connector=params.get("connector", "").strip()[:_NAME_MAX],
        to=params.get("group", "").strip()[:_NAME_MAX],
        unused=params.get("show") != "all",
        limit=_ROWS,
        offset=_number(params.get("from", ""), 0, 10_000_000, 0),
    )


def _number(text: str, low: int, high: int, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 and low <= int(text) <= high else default
