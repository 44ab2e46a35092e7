"""The reply to an AI client, over ASGI: one JSON body, or a stream of events."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from gatebook.gateway import sse

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_JSON = (b"content-type", b"application/json")
_EVENTS = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no"))


class Reply:
    """One HTTP response. `streaming` is true once events have begun; then the status is 200 for good."""

    can_stream = True

    def __init__(self, send: Send) -> None:
        self._send = send
        self.streaming = False
        self.done = False

    async def json(self, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send a whole JSON body."""
        self.done = True
        await self._send(
            {"type": "http.response.start", "status": status, "headers": [_JSON, (b"content-length", b"%d" % len(body)), *headers]}
        )
        await self._send({"type": "http.response.body", "body": body})

    async def empty(self, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send a status alone."""
        self.done = True
        await self._send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0"), *headers]})
        await self._send({"type": "http.response.body", "body": b""})

    async def begin(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Begin a stream of events."""
        self.streaming = True
        await self._send({"type": "http.response.start", "status": 200, "headers": [*_EVENTS, *headers]})
        # Without a first byte some clients and proxies wait for one before they show that the stream is open.
        await self._send({"type": "http.response.body", "body": b"", "more_body": True})

    async def event(self, raw: bytes) -> None:
        """Send the bytes of an event."""
        await self._send({"type": "http.response.body", "body": raw, "more_body": True})

    async def end(self) -> None:
        """End the stream."""
        self.done = True
        await self._send({"type": "http.response.body", "body": b""})

    async def final(self, status: int, message: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Send the final answer: as the last event where a stream has begun, else as JSON."""
        if self.streaming:
            await self.event(sse.event(message))
            await self.end()
        else:
            await self.json(status, message, headers)


class BatchReply(Reply):
    """Keeps the answer to one message of a batch. There is no stream, so what comes before the answer cannot be shown."""

    can_stream = False

    def __init__(self) -> None:
        super().__init__(self._drop)
        self.body: bytes | None = None

    async def _drop(self, event: MutableMapping[str, Any]) -> None:
        raise AssertionError("a batch is sent by its owner")

    async def json(self, status: int, body: bytes, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Keep the answer."""
        self.done = True
        self.body = body

    async def empty(self, status: int, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """There is no answer."""
        self.done = True
