"""What comes before the body of a request, in pieces and out of bounds, over real sockets."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gatebook.control import unix_socket
from gatebook.identity.peer import PEER_UID
from gatebook.processes.listeners import Listener, bind
from gatebook.processes.protocol import HEAD_BYTES_MAX, URL_BYTES_MAX


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    """A listener whose app answers with the length of the query string."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        body = str(len(scope["query_string"])).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
        await send({"type": "http.response.body", "body": body})

    listening = bind("127.0.0.1", 0)
    listener = Listener(app, listening, 1.0)
    task = asyncio.create_task(listener.run_until_stopped())
    await listener.accepting.wait()
    yield listening.getsockname()[1]
    listener.stop()
    await task


async def told(port: int, request: bytes, pause_s: float = 0.0) -> tuple[int, str, bytes]:
    """Status, media type and body of the first answer; the request is sent in pieces of 16 KiB."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    for start in range(0, len(request), 16_384):
        if answered.done():
            break
        writer.write(request[start : start + 16_384])
        await asyncio.sleep(pause_s)
    head = (await asyncio.wait_for(answered, 10)).decode().lower()
    length = int(head.split("content-length: ")[1].split("\r\n")[0])
    body = await reader.readexactly(length)
    writer.close()
    return int(head.split()[1]), head.partition("content-type: ")[2].split("\r\n")[0], body


@pytest.mark.parametrize("extra", [0, 1])
async def test_an_address_is_read_up_to_what_the_parser_can_count(port: int, extra: int) -> None:
    """The longest one is answered, one byte more is refused as what it is."""
    query = b"q=" + b"x" * (URL_BYTES_MAX - len("/?q=") + extra)
    status, kind, body = await told(port, b"GET /?" + query + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    if extra:
        assert (status, kind) == (414, "application/problem+json")
        assert json.loads(body)["status"] == 414 and "65,536 bytes" in json.loads(body)["detail"]
    else:
        assert (status, int(body)) == (200, len(query))


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 40_000])
async def test_a_head_that_does_not_end_is_refused(port: int, start: bytes) -> None:
    """Whatever it consists of: nothing of it is kept for ever."""
    status, kind, body = await told(port, start + b"a" * (HEAD_BYTES_MAX + 65_536), 0.002)
    assert (status, kind) == (431, "application/problem+json")
    assert "262,144 bytes" in json.loads(body)["detail"]


async def test_what_is_not_http_is_refused(port: int) -> None:
    """With a problem like every other error."""
    status, kind, body = await told(port, b"\x16\x03\x01 hello\r\n\r\n")
    assert (status, kind) == (400, "application/problem+json") and json.loads(body)["status"] == 400


async def test_requests_one_after_the_other_are_counted_alone(port: int) -> None:
    """Heads of one connection do not add up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = b"GET /?" + b"y" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(8):
        for start in range(0, len(request), 8_192):
            writer.write(request[start : start + 8_192])
            await writer.drain()
            await asyncio.sleep(0)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        assert b"200 OK" in head and await reader.readexactly(5) == b"60000"
    writer.close()


async def test_a_request_over_a_unix_socket_carries_the_user_of_its_peer(tmp_path: Path) -> None:
    """The app learns it from the kernel, whatever the request says."""
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append(scope.get(PEER_UID))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    listener = Listener(app, unix_socket.listen(tmp_path / "own.sock"), 1.0)
    serving = asyncio.create_task(listener.run_until_stopped())
    await listener.accepting.wait()
    reader, writer = await asyncio.open_unix_connection(tmp_path / "own.sock")
    writer.write(b"GET / HTTP/1.1\r\nhost: keeper\r\nconnection: close\r\n\r\n")
    await reader.read()
    writer.close()
    listener.stop()
    await serving
    assert seen == [os.getuid()]
