"""The rule tester: a text, and what guardrails make of it. The text is in no address and nowhere on the server."""

from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console import tester_view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted
from gatebook.console.tester_view import TriedView
from gatebook.dlp.guardrail import Direction
from gatebook.reading.room import TooSlow
from gatebook.reading.trials import TrialOrder
from gatebook.reading.trying import BYTES_MAX
from gatebook.reading.viewer import Viewer
from gatebook.state.documents import DocumentError

_BODY_BYTES_MAX: Final = 1024 * 1024
_STALE: Final = "The form was out of date or far too large, and nothing was tried. Try again."
_TOO_LARGE: Final = f"The text is larger than {BYTES_MAX // 1024} KiB, which is more than is tried here."
NOT_FOR_YOU: Final = "Only those who read the whole book may try guardrails."


class TesterPages:
    """Handlers of `/guardrails/tester`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """The empty form."""
        if not viewer.reads_all:
            return self._refused(request, viewer)
        return await self._page(request, viewer, TrialOrder(text="", part="arguments"))

    async def run(self, request: Request, viewer: Viewer) -> Response:
        """What became of a text. No redirection to it: there is nothing that it could show."""
        if not viewer.reads_all:
            return self._refused(request, viewer)
        fields = await posted(request, self._deps, _BODY_BYTES_MAX)
        if fields is None:
            return await self._page(request, viewer, TrialOrder(text="", part="arguments"), 403, problems=[_STALE])
        order = read_order(fields)
        if len(order.text.encode()) > BYTES_MAX:
            return await self._page(request, viewer, order, 413, problems=[_TOO_LARGE])
        try:
            found = await self._deps.trials.run(order)
        except DocumentError as error:
            return await self._page(request, viewer, order, 400, problems=error.problems)
        except TooSlow:
            return await self._page(request, viewer, order, 503, problems=["It took too long. Try a shorter text."])
        return await self._page(request, viewer, order, found=tester_view.tried(order.text, found))

    async def _page(
        self,
        request: Request,
        viewer: Viewer,
        order: TrialOrder,
        status: int = 200,
        *,
        problems: list[str] | None = None,
        found: TriedView | None = None,
    ) -> Response:
        places = tester_view.places(await self._deps.trials.tools(), order)
        values = {"order": order, "places": places, "problems": problems or [], "found": found, "kilobytes": BYTES_MAX // 1024}
        return self._pages.page("tester.html", self._shown(request, viewer), status, **values)

    def _refused(self, request: Request, viewer: Viewer) -> Response:
        return self._pages.page("problem.html", self._shown(request, viewer), 403, title="Not for you", text=NOT_FOR_YOU)

    def _shown(self, request: Request, viewer: Viewer) -> Shown:
        return Shown(request=request, viewer=viewer, page_name="Guardrails")


def read_order(fields: dict[str, str]) -> TrialOrder:
    """The fields of the form. Browsers send line ends as two characters; the text is read as it was written."""
    part: Direction = "response" if fields.get("part") == get_args(Direction)[1] else "arguments"
    connector, _, tool = fields.get("where", "").partition("/")
    return TrialOrder(
        text=fields.get("text", "").replace("\r\n", "\n"),
        part=part,
        draft=fields.get("draft", "").replace("\r\n", "\n"),
        connector=connector[:200],
        tool=tool[:500],
    )
