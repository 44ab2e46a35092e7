"""Streamable HTTP towards a connector (MCP 2025-03-26 and later), bytes unchanged."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from gatebook.gateway import sse, wire
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.upstream.authority import Authority, request
from gatebook.gateway.upstream.exchange import Form, Headers, HttpFailure, InvalidAnswer, Item, Outgoing
from gatebook.gateway.upstream.h1 import Pool, Response, UpstreamError

_JSON = (b"content-type", b"application/json")
_ACCEPT = (b"accept", b"application/json, text/event-stream")
_DETAIL_BYTES_MAX = 64 * 1024
_CLOSE_S = 5.0


class HttpExchange:
    """One POST or GET under way."""

    def __init__(self, response: Response, response_bytes_max: int) -> None:
        self._response = response
        self._bytes_max = response_bytes_max
        self.http_status: int | None = response.status
        self.session = response.header(b"mcp-session-id")
        self.form: Form = _form(response)

    async def items(self) -> AsyncGenerator[Item]:
        """Yield the one message of a JSON answer, or the events of a stream."""
        try:
            async for item in self._events() if self.form == "sse" else self._body():
                yield item
        finally:
            self._response.abort("cancelled", "nobody reads on")

    async def _body(self) -> AsyncGenerator[Item]:
        status = self._response.status
        body = await self._response.read(self._bytes_max if status < 400 else min(self._bytes_max, _DETAIL_BYTES_MAX))
        message = _message_of(body) if self.form == "json" else None
        if message is not None:
            yield Item(body, message)
        elif status >= 300:
            raise HttpFailure(status, f"the connector answered HTTP {status}", self._response.header(b"retry-after"))
        elif self.form == "json":
            raise InvalidAnswer("the connector's answer is not a JSON-RPC message")
        elif body:
            raise InvalidAnswer(f"the connector answered with the content type {_content_type(self._response)!r}")

    async def _events(self) -> AsyncGenerator[Item]:
        splitter = sse.Splitter(self._bytes_max)
        async for chunk in self._response.chunks():
            try:
                for event in splitter.feed(chunk):
                    message = _message_of(event.data) if event.name in (b"", b"message") else None
                    yield Item(event.raw, message, foreign=message is None and event.data != b"")
            except sse.EventTooLarge as error:
                self._response.abort("too_large", str(error))
                raise UpstreamError("too_large", str(error)) from error

    def abort(self, reason: Literal["timeout", "cancelled"]) -> None:
        """Close the stream: over HTTP that is the cancellation."""
        self._response.abort(reason, "no answer in time" if reason == "timeout" else "the client went away")


class HttpLeg:
    """Requests to one connector over HTTP; of the handshake era with the connector's session id, where it gave one."""

    def __init__(self, pool: Pool, authority: Authority, *, modern: bool) -> None:
        self._pool = pool
        self._authority = authority
        self.modern = modern
        self.session: bytes | None = None
        self.version: bytes | None = None
        self.hello = b"{}"

    async def send(self, outgoing: Outgoing) -> HttpExchange:
        """POST a request. Raises UpstreamError, Refusal."""
        response = await self._request("POST", self._headers(outgoing.headers), outgoing.message.raw)
        return HttpExchange(response, outgoing.response_bytes_max)

    async def pass_on(self, message: wire.Message, headers: Sequence[tuple[bytes, bytes]]) -> int:
        """POST a notification or a response and return the connector's HTTP status. Raises UpstreamError, Refusal."""
        response = await self._request("POST", self._headers(headers), message.raw)
        await response.read(_DETAIL_BYTES_MAX)
        return response.status

    async def listen(self, headers: Sequence[tuple[bytes, bytes]]) -> HttpExchange:
        """GET the stream of messages that belong to no request. Raises UpstreamError, HttpFailure, Refusal."""
        named = dict(headers)
        kept = [(b"accept", b"text/event-stream"), *((k, v) for k, v in named.items() if k not in (b"accept", b"content-type"))]
        response = await self._request("GET", self._headers(kept))
        exchange = HttpExchange(response, 1 << 30)
        if exchange.form != "sse":
            await response.read(_DETAIL_BYTES_MAX)
            raise HttpFailure(response.status, f"the connector answered HTTP {response.status}")
        return exchange

    async def close(self, reason: str) -> None:
        """DELETE the session; a connector that does not know how answers 405, which is fine."""
        if self.session is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_S):
                response = await self._request("DELETE", self._headers([]))
                await response.read(_DETAIL_BYTES_MAX)
        except (UpstreamError, Refusal, TimeoutError):
            pass
        self.session = None

    async def _request(self, method: str, headers: Headers, body: bytes = b"") -> Response:
        return await request(self._pool, self._authority, method, headers, body)

    def _headers(self, headers: Sequence[tuple[bytes, bytes]]) -> Headers:
        merged = [*headers]
        names = {name for name, _ in merged}
        if b"content-type" not in names:
            merged.append(_JSON)
        if b"accept" not in names:
            merged.append(_ACCEPT)
        if self.session is not None:
            merged.append((b"mcp-session-id", self.session))
        if self.version is not None and b"mcp-protocol-version" not in names:
            merged.append((b"mcp-protocol-version", self.version))
        return merged


def _form(response: Response) -> Form:
    kind = _content_type(response)
    if kind == "application/json":
        return "json"
    if kind == "text/event-stream" and response.status < 300:
        return "sse"
    return "empty"


def _content_type(response: Response) -> str:
    return (response.header(b"content-type") or b"").split(b";")[0].strip().lower().decode("latin-1")


def _message_of(text: bytes) -> wire.Message | None:
    if not text.strip():
        return None
    try:
        return wire.parse_answer(text)
    except wire.WireError:
        return None
