"""HTTP+SSE of 2024-11-05 towards a connector: answers come on one long GET, requests go by POST to an address that it names."""

import asyncio
from urllib.parse import urljoin, urlsplit

from gatebook.gateway import sse
from gatebook.gateway.upstream.authority import Authority, request
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import HttpFailure
from gatebook.gateway.upstream.h1 import Pool, Response, UpstreamError

_ENDPOINT_WAIT_S = 10.0


class SsePipe:
    """One event stream and the address for what goes the other way."""

    def __init__(self, pool: Pool, url: str, authority: Authority, event_bytes_max: int) -> None:
        self._pool = pool
        self._url = url
        self._authority = authority
        self._event_bytes_max = event_bytes_max
        self._target: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._response: Response | None = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self, channel: Channel) -> None:
        """Connect and wait for the `endpoint` event. Raises UpstreamError, HttpFailure."""
        response = await request(self._pool, self._authority, "GET", [(b"accept", b"text/event-stream")])
        if response.status != 200:
            await response.read(64 * 1024)
            raise HttpFailure(response.status, f"the connector answered HTTP {response.status}")
        self._response = response
        self._reader = asyncio.create_task(self._read(response, channel))
        try:
            await asyncio.wait_for(asyncio.shield(self._target), _ENDPOINT_WAIT_S)
        except TimeoutError as error:
            await self.close("no endpoint")
            raise UpstreamError("timeout", "the connector did not name its endpoint") from error

    async def _read(self, response: Response, channel: Channel) -> None:
        splitter = sse.Splitter(self._event_bytes_max)
        failure = UpstreamError("broken", "the connector ended its event stream")
        try:
            async for chunk in response.chunks():
                for event in splitter.feed(chunk):
                    if event.name == b"endpoint":
                        self._name_target(event.data)
                    elif event.name in (b"", b"message") and event.data:
                        channel.take(event.data)
        except sse.EventTooLarge as error:
            response.abort("too_large", str(error))
            failure = UpstreamError("too_large", str(error))
        except UpstreamError as error:
            failure = error
        if not self._target.done():
            self._target.set_exception(failure)
        channel.lost(failure)

    def _name_target(self, data: bytes) -> None:
        if self._target.done():
            return
        named = urlsplit(urljoin(self._url, data.decode("utf-8", "replace")))
        here = urlsplit(self._url)
        # The address comes from the connector: it must not lead the connector's credential to another host.
        if (named.scheme, named.netloc) != (here.scheme, here.netloc):
            self._target.set_exception(UpstreamError("broken", "the connector named an endpoint on another host"))
            return
        self._target.set_result((named.path + (f"?{named.query}" if named.query else "")).encode())

    async def write(self, message: bytes) -> None:
        """POST one message. Raises UpstreamError."""
        target = await self._target
        headers = [(b"content-type", b"application/json")]
        response = await request(self._pool, self._authority, "POST", headers, message, target)
        await response.read(64 * 1024)
        if response.status >= 400:
            raise UpstreamError("broken", f"the connector answered HTTP {response.status}")

    async def close(self, reason: str) -> None:
        """Close the event stream."""
        if self._response is not None:
            self._response.abort("cancelled", reason)
        if self._reader is not None:
            self._reader.cancel()
