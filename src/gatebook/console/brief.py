"""One call in a few lines, for a row that is expanded in place."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gatebook.console import call_view
from gatebook.console.deps import ConsoleDeps
from gatebook.console.pages import Pages, Shown, wanted
from gatebook.reading.viewer import Viewer

_ID_CHARACTERS = 36


class Brief:
    """Handler of `/calls/{id}/brief`."""

    def __init__(self, deps: ConsoleDeps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    async def show(self, request: Request, viewer: Viewer) -> Response:
        """What was asked and what came back; without a script the call's own page."""
        id = request.path_params["id"].lower()
        if not wanted(request, "brief"):
            return RedirectResponse(f"/calls/{id[:_ID_CHARACTERS]}", 303)
        detail = await self._deps.room.show(viewer, id) if len(id) == _ID_CHARACTERS else None
        shown = Shown(request=request, viewer=viewer)
        if detail is None:
            return self._pages.page(
                "problem.html", shown, 404, title="No such call", text="There is no call with this id that you may see."
            )
        return self._pages.fragment("call_brief.html", "brief", shown, call=call_view.view(detail))
