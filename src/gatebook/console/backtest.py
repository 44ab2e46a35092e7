"""Backtests of a draft of guardrails: begun from the form that holds the draft, watched, and read."""

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console.backtest_view import BacktestView, backtest_view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, wanted
from gatebook.console.posting import posted
from gatebook.console.zones import zone_of
from gatebook.reading.backtests import BacktestOrder
from gatebook.reading.jobs import TooManyJobs
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence
from gatebook.state.documents import DocumentError

DAYS: Final = (1, 7, 30)
KIND: Final = "backtest"
_DAY_US: Final = 86_400_000_000
_BODY_BYTES_MAX: Final = 4 * 1024 * 1024
_STALE: Final = "The form was out of date, and nothing was begun. Try again."
NOT_FOR_YOU: Final = "Backtests look into the payloads of all calls, which your roles do not show; security analysts may."
_GONE: Final = "There is no such backtest of yours, or it was long ago."


class BacktestPages:
    """Handlers of `/changes/backtest` and `/changes/backtests/{id}`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def begin(self, request: Request, viewer: Viewer) -> Response:
        """Begin one with the fields of the editor's form: `text` is the draft, `deleted` names what would go, `backtest_days` says how far back."""
        if not viewer.access.is_whole:
            return self._answer(request, viewer, 403, problems=[NOT_FOR_YOU])
        fields = await posted(request, self._deps, _BODY_BYTES_MAX)
        if fields is None:
            return self._answer(request, viewer, 403, problems=[_STALE])
        until_us = self._deps.room.clock.wall_us()
        order = BacktestOrder(since_us=max(0, until_us - _days(fields) * _DAY_US), until_us=until_us)
        try:
            drafted = await self._deps.backtests.draft(fields.get("text", ""), _deleted(fields))
            begun = await self._deps.backtests.start(viewer, drafted, order)
        except DocumentError as error:
            return self._answer(request, viewer, 400, problems=error.problems)
        except TooManyJobs as error:
            return self._answer(request, viewer, 429, problems=[as_sentence(error)])
        if wanted(request, KIND):
            return self._answer(request, viewer, found=backtest_view(begun, zone_of(request)))
        return RedirectResponse(f"/changes/backtests/{begun.id}", 303)

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """One of the viewer's own, as a page or as the fragment alone."""
        found = self._deps.backtests.find(viewer, request.path_params["id"])
        if found is None:
            return self._answer(request, viewer, 404, problems=[_GONE])
        return self._answer(request, viewer, found=backtest_view(found, zone_of(request)))

    def _answer(
        self, request: Request, viewer: Viewer, status: int = 200, *, problems: list[str] | None = None, found: BacktestView | None = None
    ) -> Response:
        shown = Shown(request=request, viewer=viewer, page_name="Guardrails")
        values: dict[str, Any] = {"backtest": found, "problems": problems or []}
        if wanted(request, KIND):
            return self._pages.fragment("backtest_result.html", KIND, shown, **values)
        return self._pages.page("backtest.html", shown, status, **values)


def _days(fields: dict[str, str]) -> int:
    text = fields.get("backtest_days", fields.get("days", ""))
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 7
    return days if days in DAYS else 7


def _deleted(fields: dict[str, str]) -> list[tuple[str, str]]:
    """Each `Kind/name`, with commas between them, as pairs."""
    pairs = (one.strip().partition("/") for one in fields.get("deleted", "").split(","))
    return [(kind, name) for kind, slash, name in pairs if slash]
