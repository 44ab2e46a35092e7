"""The investigation: what happened, and how far did it reach?"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import address, explorer_view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.times import PRESETS, Range, RangeError, iso, read_range, stamp
from gatebook.index import QueryTooHeavy
from gatebook.query import QueryError
from gatebook.reading import report
from gatebook.reading.investigation import Investigation, investigate
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.viewer import Viewer

PRESET = "7d"
_SHOWN = ("24h", "7d", "30d", "all")


class Choice(Struct, frozen=True, kw_only=True):
    """A time range that can be chosen."""

    label: str
    href: str
    on: bool


class InvestigationPages:
    """Handler of `/investigate`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The investigation of the query `start` (or `q`) in a range; without one, where to begin."""
        params = params_of(request)
        shown = Shown(request=request, viewer=viewer, page_name="Investigate")
        text = (params.get("start") or params.get("q") or "").strip()
        range_, error = range_of(params, self._deps.room.clock.wall_us(), PRESET)
        values: dict[str, Any] = {
            "text": text,
            "range": range_,
            "ranges": [Choice(label=PRESETS[name][0], href=_here(text, Range(preset=name)), on=range_.preset == name) for name in _SHOWN],
            "error": error,
            "problem": None,
            "body": None,
            "title": "Investigate",
            "reports": {},
            "explore": address.explorer(text, range_),
            "asked": "start" in params or "q" in params,
        }
        if values["asked"]:
            await self._fill(values, viewer, text, range_)
        return self._pages.page("investigate.html", shown, **values)

    async def _fill(self, values: dict[str, Any], viewer: Viewer, text: str, range_: Range) -> None:
        question = Question(text=text, since_us=range_.since_us, until_us=range_.until_us)
        try:
            found = await investigate(self._deps.room, viewer, question)
        except QueryError as error:
            values["problem"] = explorer_view.query_problem(error, text)
            return
        except (QueryTooHeavy, TooSlow):
            values["error"] = "This needs more time or memory than one question may use; a shorter time range helps."
            return
        await self._deps.room.note(viewer, "search", question.words(), rows=found.total.count)
        values["body"] = report.body(found, report.link_to())
        values["title"] = title_of(found)
        values["reports"] = reports_of(found)
        values["words"] = f"{stamp(found.since_us)} to {stamp(found.until_us)} UTC"
        values["explore"] = report.link_to()(text, found.since_us, found.until_us)


def title_of(found: Investigation) -> str:
    """What is investigated, in words."""
    return f"{found.start.field.replace('_', ' ').capitalize()} {found.start.label}" if found.start.field else found.start.label


def reports_of(found: Investigation) -> dict[str, str]:
    """Addresses of the downloads: of exactly the range that is shown."""
    asked = urlencode({"q": found.query, "since": iso(found.since_us), "until": iso(found.until_us)})
    return {form: f"/api/v1/investigation/report.{form}?{asked}" for form in ("html", "json")}


def range_of(params: Mapping[str, str], now_us: int, preset: str) -> tuple[Range, str]:
    """The range that is asked for, else a preset; and what is wrong with it."""
    asked = params if any(params.get(name) for name in ("range", "from", "to")) else {"range": preset}
    try:
        return read_range(asked, now_us), ""
    except RangeError as error:
        return read_range({"range": preset}, now_us), str(error)


def _here(text: str, range_: Range) -> str:
    return "/investigate?" + urlencode({"start": text, "range": range_.preset})
