"""Pages for those who read the whole book, and forms for those who administer: everybody else gets a page that says so."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from gatebook.console.pages import Pages, Shown
from gatebook.reading.rights import NotForYou
from gatebook.reading.viewer import Viewer
from gatebook.reading.wording import as_sentence

Handler = Callable[[Request, Viewer], Awaitable[Response]]


class Readers:
    """Wraps the handlers of one page of the rail."""

    def __init__(self, pages: Pages, page_name: str) -> None:
        self._pages = pages
        self._page_name = page_name

    def __call__(self, handler: Handler) -> Handler:
        """The handler, with a page in place of NotForYou."""

        async def answer(request: Request, viewer: Viewer) -> Response:
            try:
                return await handler(request, viewer)
            except NotForYou as error:
                shown = Shown(request=request, viewer=viewer, page_name=self._page_name)
                return self._pages.page("problem.html", shown, 403, title="Not for you", text=as_sentence(error))

        return answer


def check_administers(viewer: Viewer, what: str) -> None:
    """Raises NotForYou for everybody who is not an administrator."""
    if not viewer.administers:
        raise NotForYou(f"only members of the group admins {what}")
