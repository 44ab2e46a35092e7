"""Over real HTTP: what nobody waits for ends, what changes something does not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from gatebook.keeper.departures import EndWithReader
from gatebook.processes.listeners import Listener, bind


class Desk:
    """Handlers that take long, and what became of them."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.began = asyncio.Event()
        self.ended = asyncio.Event()
        self.go_on = asyncio.Event()

    async def slow(self, request: Request) -> Response:
        self.began.set()
        try:
            await self.go_on.wait()
            self.events.append("done")
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise
        finally:
            self.ended.set()
        return PlainTextResponse(f"answered {(await request.body()).decode()}")

    async def stream(self, request: Request) -> Response:
        async def rows() -> AsyncIterator[bytes]:
            try:
                for number in range(1000):
                    yield f"{number}\n".encode()
                    self.began.set()
                    await asyncio.sleep(0.01)
            finally:
                self.ended.set()

        return StreamingResponse(rows())


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[int]:
    routes = [Route("/slow", desk.slow, methods=["GET", "POST"]), Route("/stream", desk.stream)]
    listening = bind("127.0.0.1", 0)
    listener = Listener(EndWithReader(Starlette(routes=routes)), listening, 1)
    task = asyncio.create_task(listener.run_until_stopped())
    await listener.accepting.wait()
    yield listening.getsockname()[1]
    listener.stop()
    await task


async def ask(port: int, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize(("method", "expected"), [("GET", "cancelled"), ("POST", "done")])
async def test_a_reader_who_leaves_ends_the_reading(method: str, expected: str) -> None:
    """A change goes on to its end, because half of it would be worse."""
    desk = Desk()
    async with serving(desk) as port:
        _, writer = await ask(port, f"{method} /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
        await asyncio.wait_for(desk.began.wait(), 10)
        writer.close()
        if method == "POST":
            await asyncio.sleep(0.1)
            desk.go_on.set()
        await asyncio.wait_for(desk.ended.wait(), 10)
        assert desk.events == [expected]


async def test_who_waits_is_answered_again_and_again() -> None:
    """Also over one connection."""
    desk = Desk()
    desk.go_on.set()
    async with serving(desk) as port:
        reader, writer = await ask(port, b"")
        for _ in range(3):
            writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(9) == b"answered "
        writer.close()


async def test_a_stream_ends_by_itself_when_its_reader_leaves() -> None:
    """It was begun, so it hears of the departure where it looks for it."""
    desk = Desk()
    async with serving(desk) as port:
        reader, writer = await ask(port, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(desk.began.wait(), 10)
        assert (await reader.read(20)).startswith(b"HTTP/1.1 200")
        writer.close()
        await asyncio.wait_for(desk.ended.wait(), 10)
