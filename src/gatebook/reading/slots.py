"""Threads for blocking questions: some for light ones, and few of their own for heavy ones, so that light ones never queue behind those.
Work that takes minutes has threads apart from both.

A question that takes too long, or whose reader has gone, is stopped in the engine as well and gives its thread back.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from gatebook.index.asking import Ask, asking

_LIGHT_THREADS: Final = 4
_HEAVY_THREADS: Final = 2
_WORK_THREADS: Final = 2
_T = TypeVar("_T")


class Slots:
    """The threads of one reading room; used from one event loop."""

    def __init__(self, light: int = _LIGHT_THREADS, heavy: int = _HEAVY_THREADS) -> None:
        self._pools = {False: ThreadPoolExecutor(light, "ask"), True: ThreadPoolExecutor(heavy, "ask-heavy")}
        self._workers = ThreadPoolExecutor(_WORK_THREADS, "work")
        self._asking = 0

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer. May be asked from any thread."""
        return self._asking > 0

    async def run(self, work: Callable[[], _T], budget_s: float, *, heavy: bool = False) -> _T:
        """Run `work` in a thread. Raises TimeoutError when it has no answer within the budget, the time in the queue included.

        Then, and when the caller is cancelled, its query in the engine ends within milliseconds.
        """
        self._asking += 1
        try:
            return await self._run(work, budget_s, self._pools[heavy], Ask(heavy=heavy))
        finally:
            self._asking -= 1

    async def work(self, work: Callable[[], _T], budget_s: float) -> _T:
        """Run what takes minutes: as a heavy question, but it holds up no question, and it does not count as somebody who waits for an answer."""
        return await self._run(work, budget_s, self._workers, Ask(heavy=True))

    async def _run(self, work: Callable[[], _T], budget_s: float, pool: ThreadPoolExecutor, ask: Ask) -> _T:
        with asking(ask):
            context = contextvars.copy_context()
        try:
            async with asyncio.timeout(budget_s):
                return await asyncio.get_running_loop().run_in_executor(pool, context.run, work)
        finally:
            ask.cancel()
