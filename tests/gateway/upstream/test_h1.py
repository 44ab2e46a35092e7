"""The HTTP client against servers of raw bytes: what is right is read, what is wrong is a named failure, nothing is sent twice."""

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.gateway.upstream.h1 import Origin, Pool, Response, UpstreamError

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Served:
    """A running server: its URL and the heads of the requests that arrived, by connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heads: list[list[bytes]] = []


@asynccontextmanager
async def served(*answers: bytes, handler: Handler | None = None, host: str = "127.0.0.1") -> AsyncIterator[Served]:
    """Answer the first request with the first bytes and so on, over all connections; the last answer repeats. Empty bytes close the connection."""
    waiting = list(answers)
    tasks: set[asyncio.Task[None]] = set()

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        heads: list[bytes] = []
        server_side.heads.append(heads)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heads.append(head)
                length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0)
                await reader.readexactly(length)
                if handler is not None:
                    await handler(reader, writer)
                    continue
                answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                if not answer:
                    return
                writer.write(answer)
                await writer.drain()
                if b"content-length" not in answer.lower() and b"chunked" not in answer.lower():
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(connection, host, 0)
    port = server.sockets[0].getsockname()[1]
    server_side = Served(f"http://{f'[{host}]' if ':' in host else host}:{port}/mcp?a=b")
    try:
        yield server_side
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def fetched(pool: Pool, body: bytes = b"{}") -> tuple[int, bytes]:
    """POST once; returns status and body."""
    response = await pool.request("POST", [(b"x", b"1")], body)
    return response.status, await response.read(1 << 30)


@asynccontextmanager
async def pooled(url: str, **options: float) -> AsyncIterator[Pool]:
    """A pool that is closed afterwards."""
    pool = Pool(url, **options)  # type: ignore[arg-type]
    try:
        yield pool
    finally:
        pool.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1;ext=1\r\nk\r\n0\r\nTrailer: x\r\n\r\n", b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\nok", b"ok"),
        (b"HTTP/1.0 200 OK\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 40_000 + b"\r\ncontent-length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n" + b"z" * 300_000, b"z" * 300_000),
    ],
)
async def test_answers_that_are_right(answer: bytes, body: bytes) -> None:
    """By length, in chunks, to the end of the connection, after interim answers, with large heads and bodies in one piece."""
    async with served(answer) as server, pooled(server.url) as pool:
        assert await fetched(pool) == (202 if b"202" in answer else 200, body)
        assert server.heads[0][0].startswith(b"POST /mcp?a=b HTTP/1.1\r\nhost: 127.0.0.1:")


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=400), min_size=1, max_size=6), st.lists(st.integers(1, 700), max_size=5), st.booleans())
def test_however_an_answer_is_cut(parts: list[bytes], cuts: list[int], chunked: bool) -> None:
    """The body is the same for any chunks and any packets."""
    body = b"".join(parts)
    if chunked:
        answer = (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
            + b"0\r\n\r\n"
        )
    else:
        answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
    edges = sorted({0, len(answer), *(cut for cut in cuts if cut < len(answer))})

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for start, end in zip(edges, edges[1:], strict=False):
            writer.write(answer[start:end])
            await writer.drain()
            await asyncio.sleep(0.001)

    async def run() -> None:
        async with served(handler=drip) as server, pooled(server.url) as pool:
            assert await fetched(pool) == (200, body)

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n", b"\x16\x03\x01\x00\x00", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nokk",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nok", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000, b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
        b"HTTP/1.1 200 OK\r\ncontent-length: 99", b"",
    ],
)  # fmt: skip
async def test_answers_that_are_wrong(answer: bytes) -> None:
    """Garbage, bad framing, floods of headers and answers that stop are failures of the transport, and end the connection."""

    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        writer.write_eof()

    async with served(handler=once) as server, pooled(server.url) as pool, asyncio.timeout(5):
        with pytest.raises(UpstreamError) as caught:
            await fetched(pool)
        assert caught.value.reason == "broken"
        assert not pool._all and not pool._idle


async def test_a_connection_is_used_again() -> None:
    """Requests one after the other share a connection; requests at the same time do not."""
    async with served(OK) as server, pooled(server.url) as pool:
        for _ in range(3):
            await fetched(pool)
        assert [len(heads) for heads in server.heads] == [3]
        await asyncio.gather(fetched(pool), fetched(pool))
        assert sorted(len(heads) for heads in server.heads) == [1, 4]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        OK + OK,
        OK + b"x",
    ],
)
async def test_connections_that_must_not_be_used_again(answer: bytes) -> None:
    """After Connection: close, HTTP/1.0, and bytes that nobody asked for, the next request has a connection of its own."""
    async with served(answer, OK) as server, pooled(server.url) as pool:
        assert (await fetched(pool), await fetched(pool)) == ((200, b"ok"), (200, b"ok"))
        assert len(server.heads) == 2


async def test_a_connection_that_the_server_closed_while_idle_is_not_used() -> None:
    """The pool notices that an idle connection is closed and opens another."""

    async def close_after(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        writer.write_eof()

    async with served(handler=close_after) as server, pooled(server.url) as pool:
        await fetched(pool)
        await asyncio.sleep(0.05)
        assert not pool._idle
        assert await fetched(pool) == (200, b"ok")


async def test_a_connection_that_is_idle_for_long_is_not_used() -> None:
    """Older than idle_s is too close to the moment when the server closes it."""
    async with served(OK) as server, pooled(server.url, idle_s=0.02) as pool:
        await fetched(pool)
        await asyncio.sleep(0.05)
        await fetched(pool)
        assert len(server.heads) == 2 and len(pool._all) == 1


async def test_a_request_is_never_sent_twice() -> None:
    """When the connection breaks after the request is out, the call fails: it may have run."""
    async with served(OK, b"") as server, pooled(server.url) as pool:
        await fetched(pool)
        with pytest.raises(UpstreamError) as caught:
            await fetched(pool)
        assert caught.value.reason == "broken" and sum(len(heads) for heads in server.heads) == 2


async def test_a_slow_answer_can_be_given_up() -> None:
    """A time-out of the caller closes the connection, in the head as in the body."""
    closed = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for byte in b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.002)
        finally:
            closed.set()

    for after_s in (0.02, 0.3):
        async with served(handler=drip) as server, pooled(server.url) as pool:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(after_s):
                    response = await pool.request("POST", [])
                    try:
                        await response.read(1 << 20)
                    finally:
                        response.abort("timeout", "too slow")
            await asyncio.wait_for(closed.wait(), 2)
            assert not pool._all


async def test_a_large_body_is_not_kept_in_memory() -> None:
    """Fifty megabytes to a slow reader: the sender is held back, and the process does not grow by the size of the body."""
    block = b"x" * (1 << 16)
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (800 * len(block)))
        for _ in range(800):
            writer.write(block)
            await writer.drain()
            sent += len(block)

    async with served(handler=flood) as server, pooled(server.url) as pool:
        response: Response = await pool.request("POST", [])
        await asyncio.sleep(0.2)
        assert sent < 20 << 20  # what fits into the buffers of both sides and the kernel
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        size = 0
        async for chunk in response.chunks():
            size += len(chunk)
            assert response._buffered < 4 << 20
        assert size == 800 * len(block)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib < 20 << 10


async def test_a_body_above_the_limit_is_cut_off() -> None:
    """read() stops at its limit, whether the body is still coming or all there."""
    async with served(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000) as server, pooled(server.url) as pool:
        response = await pool.request("POST", [])
        with pytest.raises(UpstreamError) as caught:
            await response.read(1000)
        assert caught.value.reason == "too_large"


async def test_ipv6_addresses() -> None:
    """A literal address in brackets is connected to, and named in brackets in Host."""
    try:
        async with served(OK, host="::1") as server, pooled(server.url) as pool:
            assert await fetched(pool) == (200, b"ok")
            assert b"\r\nhost: [::1]:" in server.heads[0][0]
    except OSError as error:
        pytest.skip(f"no IPv6 on this machine: {error}")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://nothing.invalid/", "http://" + "a" * 80 + "/", "http://[::1]:1/"]
)
async def test_what_cannot_be_reached(url: str) -> None:
    """No listener and no such name are `refused`, with the place in the text."""
    async with pooled(url) as pool:
        with pytest.raises(UpstreamError) as caught:
            await fetched(pool)
        assert caught.value.reason == "refused" and pool.origin.host in str(caught.value)


async def test_tls_to_a_server_without_it() -> None:
    """A server that answers a handshake in plain HTTP is refused, and gets no request."""
    got: list[bytes] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(4096))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, pooled(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as pool:
        with pytest.raises(UpstreamError) as caught:
            await fetched(pool)
        assert caught.value.reason == "refused" and b"POST" not in got[0]


async def test_a_connection_that_hangs() -> None:
    """A server that takes the connection and does no TLS handshake is given up after the connect time-out."""
    async with served(OK) as server, pooled(server.url.replace("http:", "https:"), connect_timeout_s=0.1) as pool:
        with pytest.raises(UpstreamError) as caught:
            await fetched(pool)
        assert caught.value.reason == "refused" and "within 0.1 s" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "header", "target"),
    [
        ("http://a.example", "a.example", 80, b"a.example", b"/"),
        ("https://a.example:443/x?y=1", "a.example", 443, b"a.example", b"/x?y=1"),
        ("http://A.example:8080/x", "a.example", 8080, b"a.example:8080", b"/x"),
        ("http://[::1]/", "::1", 80, b"[::1]", b"/"),
        ("http://bücher.example/", "bücher.example", 80, b"xn--bcher-kva.example", b"/"),
        ("http://a.example/a b/é?q=ü", "a.example", 80, b"a.example", b"/a%20b/%C3%A9?q=%C3%BC"),
        ("http://a.example/a%20b?q=%C3%BC#part", "a.example", 80, b"a.example", b"/a%20b?q=%C3%BC"),
    ],
)
def test_where_a_url_leads(url: str, host: str, port: int, header: bytes, target: bytes) -> None:
    """Host, port, Host header and target are read once; what cannot stand in a request line is escaped."""
    origin = Origin.of(url)
    assert (origin.host, origin.port, origin.host_header, origin.target) == (host, port, header, target)


@pytest.mark.parametrize("url", ["ftp://a", "http://", "a.example", "http://a:x/", "file:///etc/passwd"])
def test_what_is_no_url(url: str) -> None:
    """Anything but http and https with a host is refused."""
    with pytest.raises(ValueError):
        Origin.of(url)


async def test_closing_the_pool_ends_what_is_under_way() -> None:
    """A call in flight fails as cancelled."""
    async with served(handler=lambda reader, writer: asyncio.sleep(5)) as server, pooled(server.url) as pool:
        waiting = asyncio.create_task(fetched(pool))
        await asyncio.sleep(0.05)
        pool.close()
        with pytest.raises(UpstreamError) as caught:
            await waiting
        assert caught.value.reason == "cancelled"
