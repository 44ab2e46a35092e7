"""A reader who goes away, or asks the next thing before this one is answered: the request ends, and with it its question to the index.

Neither uvicorn nor Starlette ends a handler for that; they only say so to whoever asks.
"""

import asyncio
import contextlib
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_READING: Final = frozenset({"GET", "HEAD"})


class EndWithReader:
    """Cancels a reading whose client disconnects before the answer begins. What changes something runs to its end, and streams look themselves."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app."""
        if scope["type"] != "http" or scope["method"] not in _READING:
            await self._app(scope, receive, send)
            return
        await _Reading(receive, send).run(self._app, scope)


class _Reading:
    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._begun = False
        self._left = False
        self._task = asyncio.current_task()

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        watching = asyncio.create_task(self._watch())
        try:
            await app(scope, self._messages.get, self._answer)
        except asyncio.CancelledError:
            if not self._left:
                raise
            assert self._task is not None
            self._task.uncancel()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect" and not self._begun and self._task is not None:
                self._left = True
                self._task.cancel()
            self._messages.put_nowait(message)
            if message["type"] == "http.disconnect":
                return

    async def _answer(self, message: Message) -> None:
        self._begun = True
        await self._send(message)
