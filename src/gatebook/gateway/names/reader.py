"""Has names looked for in payloads: keeps one process for the worker, starts it anew when it hangs or dies, and holds everybody to a budget.

Whatever goes wrong comes back as a fault of the answer; what that means for the call is for the governance document to say.
"""

import asyncio
import logging
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from gatebook.dlp.names import Named
from gatebook.gateway.names.process import Broken, CannotStart, NamesProcess, NotRead
from gatebook.gateway.names.standing import Standing
from gatebook.state.governance import Presidio

_WAITING_MAX = 64
_TRY_AGAIN_S = 10.0
_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class NamesReader:
    """The one of a worker. `apply` says what is wanted, `read` asks; used on one event loop."""

    def __init__(self, python: str, standing: Standing) -> None:
        """With an interpreter that has Presidio; an empty text is the one that runs this."""
        self._python = python or sys.executable
        self._standing = standing
        self._wanted: Presidio | None = None
        self._process: NamesProcess | None = None
        self._starting: asyncio.Task[NamesProcess | None] | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._not_before_s = 0.0
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def pid(self) -> int | None:
        """Id of the process; None while there is none."""
        return None if self._process is None else self._process.pid

    def apply(self, wanted: Presidio | None) -> None:
        """Put another configuration in force; None: names are not looked for. The process starts now, so that no call has to wait for it."""
        before, self._wanted = self._wanted, wanted
        if before is not None and wanted is not None and (before.model, before.language) == (wanted.model, wanted.language):
            return
        self._drop(self._process)
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        self._not_before_s = 0.0
        if wanted is not None:
            self._spawn(self._running())
        elif before is not None:
            self._standing.set("off")

    async def read(self, texts: Sequence[str]) -> Named:
        """Return what the model finds in these texts. It takes no longer than the budget, the start of the process aside."""
        if self._wanted is None:
            return Named(fault="names_absent")
        if self._waiting >= _WAITING_MAX:
            return Named(fault="names_busy")
        self._waiting += 1
        # A caller that goes away must not leave half an answer in the pipe.
        return await asyncio.shield(self._spawn(self._read_or_say_why(self._wanted, texts)))

    async def _read_or_say_why(self, wanted: Presidio, texts: Sequence[str]) -> Named:
        try:
            return await self._read(wanted, texts)
        except Exception as error:  # whatever it is, the payload was not read
            _logger.error("names could not be looked for: %s", type(error).__name__)
            return Named(fault="names_failed")
        finally:
            self._waiting -= 1

    async def _read(self, wanted: Presidio, texts: Sequence[str]) -> Named:
        loop = asyncio.get_running_loop()
        distinct = list(dict.fromkeys(texts))
        left_s = wanted.time_budget_ms / 1000
        while (process := await self._running()) is not None:
            began_s, asked = loop.time(), False
            try:
                async with asyncio.timeout(left_s), self._turn:
                    if process is self._process:
                        asked = True
                        found = await process.find(distinct, wanted.entities, wanted.score_min)
                        return _spread(texts, distinct, found)
            except NotRead as error:
                _logger.warning("names could not be looked for in a payload: %s", error)
                return Named(fault="names_failed")
            except TimeoutError:
                if asked:
                    self._lose(process, "it took longer than its budget")
                return Named(fault="names_late")
            except Broken as error:
                if process is self._process:
                    self._lose(process, str(error))
                    return Named(fault="names_failed")
            # It was replaced meanwhile, by another configuration or because somebody else's text was too much for it.
            left_s -= loop.time() - began_s
        return Named(fault="names_absent")

    def _lose(self, process: NamesProcess, why: str) -> None:
        """Give up a process; the next one starts at once."""
        _logger.warning("the process that looks for names is started anew: %s", why)
        if process is self._process:
            self._drop(process)
            self._spawn(self._running())

    def _drop(self, process: NamesProcess | None) -> None:
        self._process = None
        if process is not None:
            self._spawn(process.end())

    async def _running(self) -> NamesProcess | None:
        """Return the process, started if need be; None when it cannot be started."""
        if self._process is not None and not self._process.alive:
            self._drop(self._process)
        if self._process is not None:
            return self._process
        if self._wanted is None or asyncio.get_running_loop().time() < self._not_before_s:
            return None
        if self._starting is None or self._starting.done():
            self._starting = self._spawn(self._start(self._wanted))
        starting = self._starting
        await asyncio.wait((starting,))
        return None if starting.cancelled() else starting.result()

    async def _start(self, wanted: Presidio) -> NamesProcess | None:
        self._standing.set("starting")
        try:
            started = await NamesProcess.start(self._python, wanted.model, wanted.language)
        except CannotStart as error:
            self._not_before_s = asyncio.get_running_loop().time() + _TRY_AGAIN_S
            self._standing.set("failed", str(error))
            _logger.error("names cannot be looked for: %s", error)
            return None
        self._process = started
        self._standing.set("ready")
        return started

    def _spawn(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End the process, and with it all that waits."""
        self.apply(None)
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)


def _spread(texts: Sequence[str], distinct: Sequence[str], found: Sequence[tuple[int, int, int, str]]) -> Named:
    """Say of each text what was found in the one like it."""
    by_text: dict[str, list[tuple[int, int, str]]] = {}
    for number, start, end, entity in found:
        if 0 <= number < len(distinct):
            by_text.setdefault(distinct[number], []).append((start, end, entity))
    return Named(tuple((number, *one) for number, text in enumerate(texts) for one in by_text.get(text, ())))
