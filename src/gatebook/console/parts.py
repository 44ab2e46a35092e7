"""One view of the explorer while its parts are being asked: kept for a while, so that parts that came late can be fetched, or tried again, by themselves."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable

from msgspec import Struct

from gatebook.console.asking import Asking
from gatebook.console.explorer_view import View
from gatebook.index import CursorError, EngineError, QueryTooHeavy
from gatebook.query.confining import HiddenField
from gatebook.reading.room import TooSlow
from gatebook.reading.viewer import Viewer

NAMES = ("histogram", "facets", "count")
_KEPT_MAX = 200
_KEPT_S = 180.0
_logger = logging.getLogger(__name__)


class Parts:
    """The parts of one view. `start` asks one; `view` is filled as answers come."""

    def __init__(self, asking: Asking, view: View, opened: tuple[str, ...]) -> None:
        self.asking = asking
        self.view = view
        self._opened = opened
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.made_s = asyncio.get_running_loop().time()

    def start(self, name: str) -> asyncio.Task[None]:
        """The task that asks a part; one that failed or was stopped is begun again."""
        task = self._tasks.get(name)
        if task is None or task.cancelled() or (task.done() and self._failed(name)):
            work = {"histogram": self._histogram, "facets": self._facets, "count": self._count}[name]
            task = self._tasks[name] = asyncio.create_task(work())
        return task

    async def wait(self, patience_s: float | None) -> None:
        """Wait for all parts, at most so long; the view then says which are still being asked."""
        tasks = {name: self.start(name) for name in NAMES}
        await asyncio.wait(tasks.values(), timeout=patience_s)
        self.view.waiting = frozenset(name for name, task in tasks.items() if not task.done())

    async def one(self, name: str) -> None:
        """Wait for one part; its question ends when nobody waits any more."""
        task = self.start(name)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        self.view.waiting -= {name}

    def stop(self) -> None:
        """End the questions of a view that nobody will see."""
        for task in self._tasks.values():
            task.cancel()

    def _failed(self, name: str) -> bool:
        return bool({"histogram": self.view.histogram_error, "facets": self.view.facets_error}.get(name))

    async def _histogram(self) -> None:
        async def ask() -> None:
            self.view.histogram = await self.asking.histogram()

        self.view.histogram_error = await error_of(ask)

    async def _facets(self) -> None:
        async def ask() -> None:
            self.view.facets = await self.asking.facets(self._opened)

        self.view.facets_error = await error_of(ask)

    async def _count(self) -> None:
        """How many calls there are: the sum of the columns, where each call is in one of them; else asked for."""
        if self.view.total is not None:
            return
        await asyncio.wait({self.start("histogram")})
        if self.view.histogram is not None and self.view.histogram.total is not None:
            self.view.total = self.view.histogram.total
            return

        async def ask() -> None:
            self.view.total = await self.asking.count()

        await error_of(ask)


class Kept(Struct):
    """The views of the last minutes by token. A token is good for the reader that it was made for only."""

    views: dict[str, Parts] = {}

    def add(self, parts: Parts) -> str:
        """Keep a view; returns its token."""
        now_s = asyncio.get_running_loop().time()
        for token in [token for token, old in self.views.items() if now_s - old.made_s > _KEPT_S]:
            del self.views[token]
        while len(self.views) >= _KEPT_MAX:
            del self.views[next(iter(self.views))]
        token = secrets.token_urlsafe(9)
        self.views[token] = parts
        return token

    def get(self, token: str, viewer: Viewer) -> Parts | None:
        """The view of a token, None when it is gone, somebody else's, or of a time when its viewer saw other things."""
        parts = self.views.get(token)
        if parts is None or parts.asking.viewer.subject != viewer.subject or parts.asking.viewer.access != viewer.access:
            return None
        return parts


async def error_of(ask: Callable[[], Awaitable[None]]) -> str:
    """Run one part; its failure is a sentence, so that the other parts are still shown."""
    try:
        await ask()
    except TooSlow as error:
        return f"{error}."
    except HiddenField as error:
        return f"{error.message[:1].upper()}{error.message[1:]}."
    except QueryTooHeavy:
        return "The query needs more time or memory than one may use; a shorter time range helps."
    except CursorError:
        return "This page of older calls is no longer valid; begin again at the newest."
    except EngineError as error:
        _logger.warning("a part of the explorer failed: %s", error)
        return "The search index does not answer now. Calls go on and are recorded."
    return ""
