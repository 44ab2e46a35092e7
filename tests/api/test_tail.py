"""The stream of new calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def tail(stage: Stage, token: str, query: str) -> AsyncIterator[asyncio.Queue[bytes]]:
    """Open a tail as a server does; what it sends arrives in the queue, the status first."""
    sent: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            await sent.put(str(message["status"]).encode())
        elif message.get("body"):
            await sent.put(message["body"])

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET", "scheme": "http", "root_path": "",
        "path": "/api/v1/tail", "raw_path": b"/api/v1/tail", "query_string": query.encode(), "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8401),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }  # fmt: skip
    running = asyncio.create_task(stage.app(scope, receive, send))  # type: ignore[arg-type]
    try:
        yield sent
    finally:
        gone.set()
        await asyncio.wait_for(running, 5)


async def next_call(sent: asyncio.Queue[bytes]) -> dict[str, Any]:
    """The next call that arrives."""
    while True:
        event = await asyncio.wait_for(sent.get(), 5)
        if event.startswith(b"event: call\n"):
            row: dict[str, Any] = msgspec.json.decode(event.partition(b"data: ")[2])
            return row


async def test_new_calls_that_match_arrive_and_others_do_not(stage: Stage) -> None:
    """The tail applies its query, and its reading is on the record before the first row."""
    async with tail(stage, stage.tokens["admin@northwind.example"], "q=connector:git") as sent:
        assert await asyncio.wait_for(sent.get(), 5) == b"200"
        assert (await stage.reads())[-1]["action"] == "tail"
        stage.call(PEOPLE[0], Case(connector="crm"))
        wanted = stage.call(PEOPLE[1], Case(connector="git", tool="git_log"))
        await stage.settled()
        assert (await next_call(sent))["call_id"] == wanted


async def test_an_employee_follows_own_calls_only(stage: Stage) -> None:
    """Somebody else's call is not sent even though the query is empty."""
    async with tail(stage, stage.tokens[EMPLOYEE], "") as sent:
        assert await asyncio.wait_for(sent.get(), 5) == b"200"
        await asyncio.wait_for(sent.get(), 5)
        stage.call(PEOPLE[1], Case())
        own = stage.call(PEOPLE[0], Case())
        await stage.settled()
        assert (await next_call(sent))["call_id"] == own


async def test_a_bad_query_is_refused_at_once(stage: Stage) -> None:
    """The stream is not opened for a query that does not parse."""
    async with tail(stage, stage.tokens[EMPLOYEE], "q=status:(") as sent:
        assert await asyncio.wait_for(sent.get(), 5) == b"400"
