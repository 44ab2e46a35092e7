"""The page of trends: one fixed dashboard."""

from typing import Any
from urllib.parse import urlencode

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import explorer_view, trends_view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.investigate import Choice, range_of
from gatebook.console.pages import Pages, Shown, params_of
from gatebook.console.times import SECOND_US, Range
from gatebook.index import QueryTooHeavy
from gatebook.query import QueryError
from gatebook.reading import report
from gatebook.reading.room import Question, TooSlow
from gatebook.reading.trends import trends
from gatebook.reading.viewer import Viewer

_DAY_US = 86_400 * SECOND_US
PRESETS = {"24h": ("24 h", _DAY_US), "7d": ("7 d", 7 * _DAY_US), "30d": ("30 d", 30 * _DAY_US), "90d": ("90 d", 90 * _DAY_US)}
PRESET = "7d"


class TrendsPages:
    """Handler of `/trends`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The dashboard of a range, of all calls or of those of the query `q`."""
        params = params_of(request)
        now_us = self._deps.room.clock.wall_us()
        text = params.get("q", "").strip()
        name = params.get("range") or PRESET
        range_, error = Range(since_us=now_us - PRESETS[PRESET][1], until_us=now_us), ""
        if name in PRESETS and not (params.get("from") or params.get("to")):
            range_ = Range(since_us=now_us - PRESETS[name][1], until_us=now_us)
        else:
            asked, error = range_of(params, now_us, PRESET)
            name = ""
            range_ = structs.replace(asked, preset="", until_us=now_us if asked.until_us is None else asked.until_us)
        values: dict[str, Any] = {
            "text": text,
            "trends": None,
            "error": error,
            "problem": None,
            "kept": {"range": name} if name else range_.params,
            "ranges": [
                Choice(label=label, href="/trends?" + urlencode({**({"q": text} if text else {}), "range": key}), on=key == name)
                for key, (label, _) in PRESETS.items()
            ],
            "custom": "" if name else range_.words,
        }
        question = Question(text=text, since_us=range_.since_us, until_us=range_.until_us)
        try:
            found = await trends(self._deps.room, viewer, question)
            await self._deps.room.note(viewer, "search", question.words(), rows=found.total.count)
            values["trends"] = trends_view.view(found, report.link_to())
        except QueryError as problem:
            values["problem"] = explorer_view.query_problem(problem, text)
        except (QueryTooHeavy, TooSlow):
            values["error"] = "This needs more time or memory than one question may use; a shorter time range helps."
        return self._pages.page("trends.html", Shown(request=request, viewer=viewer, page_name="Trends"), **values)
