"""Notices that the client of a running call has gone away."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

_AFTER_S = 0.05


class Watch:
    """Waits for `http.disconnect`, but only for calls that take long enough to make a task worth its cost."""

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
        self._receive = receive
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, gone: Callable[[], None]) -> None:
        """Begin; `gone` is called once when the client has gone."""
        self._timer = asyncio.get_running_loop().call_later(_AFTER_S, self._begin, gone)

    def _begin(self, gone: Callable[[], None]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._wait(gone))

    async def _wait(self, gone: Callable[[], None]) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        gone()

    def stop(self) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
