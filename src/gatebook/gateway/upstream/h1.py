"""A pooled HTTP/1.1 client for the hot path: httptools for parsing, asyncio for the rest (RFC 9112).

Own code because it is the gateway's hot path: a general client costs two to twenty times the CPU of a call
(see docs/decisions). It follows no redirect, sends no cookie, uses no proxy, and decodes no content coding.
"""

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Literal, cast
from urllib.parse import SplitResult, quote, urlsplit

import httptools
from msgspec import Struct

_TARGET_CHARS = "/?%:@!$&'()*+,;=-._~[]|"
_HEADERS_BYTES_MAX = 64 * 1024
_BUFFER_HIGH_BYTES = 1 << 20
_BUFFER_LOW_BYTES = 1 << 18


class UpstreamError(Exception):
    """The exchange failed at the transport level; `reason` is refused, broken, timeout, cancelled or too_large."""

    def __init__(self, reason: Literal["refused", "broken", "timeout", "cancelled", "too_large"], detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Origin(Struct, frozen=True):
    """Where to connect, read from a URL once."""

    host: str
    port: int
    tls: bool
    host_header: bytes
    target: bytes

    @classmethod
    def of(cls, url: str) -> "Origin":
        """Read an http or https URL. Raises ValueError."""
        parts: SplitResult = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http or https URL: {url!r}")
        tls = parts.scheme == "https"
        target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_TARGET_CHARS)
        default = 443 if tls else 80
        port = parts.port or default
        name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        host = name if port == default else f"{name}:{port}"
        return cls(parts.hostname, port, tls, host.encode("idna" if not host.isascii() else "ascii"), target.encode())


class Response:
    """The answer: status and headers first, then the body as it arrives."""

    def __init__(self, connection: "_Connection") -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._connection = connection
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self.complete = False
        self.failure: UpstreamError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header; the name in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    async def read(self, body_bytes_max: int) -> bytes:
        """Return the whole body. Raises UpstreamError, `too_large` beyond the limit."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > body_bytes_max:
                detail = f"the answer is larger than {body_bytes_max} bytes"
                self.abort("too_large", detail)
                raise UpstreamError("too_large", detail)
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises UpstreamError when it breaks off."""
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self._buffered -= len(chunk)
                if self._buffered < _BUFFER_LOW_BYTES:
                    self._connection.resume()
                yield chunk
            if self.failure is not None:
                raise self.failure
            if self.complete:
                return
            await self.wait()

    def abort(self, reason: Literal["timeout", "cancelled", "too_large"], detail: str) -> None:
        """End the exchange from this side: the connection is closed, which is how MCP over HTTP cancels."""
        if not self.complete and self.failure is None:
            self._connection.fail(UpstreamError(reason, detail))

    async def wait(self) -> None:
        """Wait until something changes."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def wake(self) -> None:
        """Something changed."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def push(self, chunk: bytes) -> int:
        """Take a piece of the body in; return how much is buffered, in bytes."""
        self._chunks.append(chunk)
        self._buffered += len(chunk)
        return self._buffered


class _Connection(asyncio.Protocol):
    """One TCP or TLS connection; carries one exchange at a time."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._response: Response | None = None
        self._header_bytes = 0
        self._paused = False
        self._unasked = False
        self.closed = False
        self.idle_since_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's class is not a subclass of asyncio's

    @property
    def peer(self) -> str:
        """Address of the other end; empty where it has none."""
        name = self._transport.get_extra_info("peername") if self._transport is not None else None
        return str(name[0]) if isinstance(name, tuple) else ""

    async def exchange(self, head: bytes, body: bytes) -> Response:
        """Send one request, wait for status and headers. Raises UpstreamError."""
        assert self._transport is not None and self._response is None
        response = self._response = Response(self)
        self._header_bytes = 0
        self._transport.write(head + body)
        try:
            while response.status == 0:
                if response.failure is not None:
                    raise response.failure
                await response.wait()
        except asyncio.CancelledError:
            self.fail(UpstreamError("cancelled", "cancelled"))
            raise
        return response

    def data_received(self, data: bytes) -> None:
        if self._response is None:
            self._close()  # bytes that nobody asked for: the connection cannot be trusted
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.fail(UpstreamError("broken", f"the answer is not HTTP: {type(error).__name__}"))
            return
        # Only after parsing: one read may hold the whole head and much of the body.
        if self._header_bytes >= 0:
            self._header_bytes += len(data)
            if self._header_bytes > _HEADERS_BYTES_MAX:
                self.fail(UpstreamError("broken", "the answer's headers are too large"))

        if self._unasked:
            self._close()

    def on_message_begin(self) -> None:
        # A second answer right behind the first: whoever uses the connection next must not get it.
        self._unasked = self._unasked or self._response is None

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._response is not None:
            self._response.headers.append((name.lower(), value.strip()))

    def on_headers_complete(self) -> None:
        response = self._response
        if response is None:
            return
        status = self._parser.get_status_code()
        if status < 200:
            response.headers.clear()
            return
        response.status = status
        self._header_bytes = -1
        response.wake()

    def on_body(self, body: bytes) -> None:
        response = self._response
        if response is None or response.status == 0:
            return
        if response.push(body) > _BUFFER_HIGH_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        response.wake()

    def on_message_complete(self) -> None:
        response = self._response
        if response is None or response.status == 0:
            return
        self._finish(response, reusable=self._parser.should_keep_alive())

    def _finish(self, response: Response, *, reusable: bool) -> None:
        self.resume()
        response.complete = True
        self._response = None
        response.wake()
        if reusable and not self.closed:
            self._parser = httptools.HttpResponseParser(self)
            self._pool.release(self)
        else:
            self._close()

    def eof_received(self) -> None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._pool.forget(self)
        response = self._response
        if response is None:
            return
        self._response = None
        if response.status and not _framed(response):
            response.complete = True  # RFC 9112 section 6.3: without framing the body ends with the connection
        elif response.failure is None:
            response.failure = UpstreamError("broken", "the connector closed the connection before the answer was complete")
        response.wake()

    def fail(self, failure: UpstreamError) -> None:
        """End the exchange with a failure and close."""
        response = self._response
        if response is not None:
            response.failure = failure
            self._response = None
            response.wake()
        self._close()

    def resume(self) -> None:
        """Read on after the buffer has drained."""
        if self._paused and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()

    def _close(self) -> None:
        self.closed = True
        self._pool.forget(self)
        if self._transport is not None:
            self._transport.abort()


def _framed(response: Response) -> bool:
    return response.header(b"content-length") is not None or response.header(b"transfer-encoding") is not None


class Pool:
    """Connections to one origin, newest used first; one that was idle for `idle_s` is not used again."""

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float = 5.0,
        idle_max: int = 64,
        idle_s: float = 4.0,
        ssl_context: ssl.SSLContext | None = None,
        dial: Callable[[], socket.socket] | None = None,
    ) -> None:
        self.origin = Origin.of(url)
        self.permits: Callable[[str], bool] | None = None
        """Asked about the address of the peer before anything is sent to it."""
        self._dial = dial
        self._connect_timeout_s = connect_timeout_s
        self._idle: deque[_Connection] = deque()
        self._idle_max = idle_max
        self._idle_s = idle_s
        self._ssl_context = ssl_context
        self._all: set[_Connection] = set()

    async def request(
        self, method: str, headers: Sequence[tuple[bytes, bytes]], body: bytes = b"", target: bytes | None = None
    ) -> Response:
        """Send a request and return when the headers of its answer are there. Raises UpstreamError.

        Never sent twice: a call that may have run must not run again. A connection is therefore not reused after `idle_s`, before
        common servers close it.
        """
        head = self._head(method, headers, len(body), target)
        connection = self._take()
        if connection is None:
            connection = await self._connect()
        return await connection.exchange(head, body)

    def _head(self, method: str, headers: Sequence[tuple[bytes, bytes]], body_size: int, target: bytes | None) -> bytes:
        lines = [method.encode(), b" ", target or self.origin.target, b" HTTP/1.1\r\nhost: ", self.origin.host_header, b"\r\n"]
        for name, value in headers:
            lines += (name, b": ", value, b"\r\n")
        if body_size or method == "POST":
            lines.append(b"content-length: %d\r\n" % body_size)
        lines.append(b"\r\n")
        return b"".join(lines)

    def _take(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.closed:
                continue
            if asyncio.get_running_loop().time() - connection.idle_since_s < self._idle_s:
                return connection
            connection.fail(UpstreamError("cancelled", "idle for too long"))
        return None

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        context = (self._ssl_context or _shared_context()) if self.origin.tls else None
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                if self._dial is not None:
                    _, connection = await loop.create_unix_connection(lambda: _Connection(self), sock=self._dial())
                else:
                    _, connection = await loop.create_connection(lambda: _Connection(self), self.origin.host, self.origin.port, ssl=context)
        except TimeoutError as error:
            raise UpstreamError(
                "refused", f"no connection to {self.origin.host}:{self.origin.port} within {self._connect_timeout_s} s"
            ) from error
        except (OSError, UnicodeError) as error:  # UnicodeError: the name is no host name
            raise UpstreamError("refused", f"no connection to {self.origin.host}:{self.origin.port}: {_reason(error)}") from error
        if self.permits is not None and not self.permits(connection.peer):
            connection.fail(UpstreamError("refused", "out of reach"))
            raise UpstreamError("refused", f"{self.origin.host} has an address that must not be asked")
        self._all.add(connection)
        return connection

    def release(self, connection: _Connection) -> None:
        """Take a connection back whose exchange is complete."""
        connection.idle_since_s = asyncio.get_running_loop().time()
        if len(self._idle) < self._idle_max:
            self._idle.append(connection)
        else:
            connection.fail(UpstreamError("cancelled", "too many idle connections"))

    def forget(self, connection: _Connection) -> None:
        """The connection is closed."""
        self._all.discard(connection)
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)

    def close(self) -> None:
        """Close everything; exchanges under way fail."""
        for connection in list(self._all):
            connection.fail(UpstreamError("cancelled", "the gateway is closing the connection"))
        self._idle.clear()


_context: ssl.SSLContext | None = None


def _shared_context() -> ssl.SSLContext:
    # Loading the trust store takes tens of milliseconds: once per process, never per call.
    global _context
    if _context is None:
        _context = ssl.create_default_context()
        _context.set_alpn_protocols(["http/1.1"])
    return _context


def _reason(error: OSError | UnicodeError) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
