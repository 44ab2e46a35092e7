"""People with tokens who call, listen in both eras, and wait for a connector; each request on a connection of its own."""

import asyncio
import itertools
import json
import random
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import aiohttp

from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk
from gatebook.control.governance import Text, read_texts
from gatebook.control.key_files import read_master_key
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.settings import Settings
from gatebook.state.opening import open_state

CONNECTOR = "fault"
LEGACY = "2025-11-25"
MODERN = "2026-07-28"
_META = "io.modelcontextprotocol"
_CLIENT = {"name": "fault-joiner", "version": "1"}
_LIMIT = aiohttp.ClientTimeout(total=60, sock_connect=20)
_WAITERS = 40
_CALLERS = 6


@dataclass(eq=False)
class Person:
    """Somebody with a token. `cut_s`: when the answer to their cut-off came, monotonic. `answers`: when each request began, and its status."""

    id: str
    token: str
    cut_s: float = 0.0
    took_s: float = 0.0
    answers: list[tuple[float, int]] = field(default_factory=list)


@dataclass(eq=False)
class Stream:
    """An open stream. `ended_s`: when it ended, monotonic; 0 while it has not."""

    of: Person
    ended_s: float = 0.0

    @property
    def person(self) -> str:
        """Whose it is."""
        return self.of.id


def provision(settings: Settings, port: int, number: int) -> list[Person]:
    """Apply the connector and make people with a token each, while no keeper runs."""
    return asyncio.run(_provision(settings, port, number))


async def _provision(settings: Settings, port: int, number: int) -> list[Person]:
    store = open_state(settings, create=False)
    vault = Vault(settings.keys_dir, read_master_key(settings))
    book = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    try:
        desk, caller = Desk(Journal(store, book, vault.subject), settings.console_url), local_caller(None, vault.subject)
        spec = {"transport": "http", "url": f"http://127.0.0.1:{port}/mcp", "allow": {"groups": ["everyone"]}}
        document = {"kind": "Connector", "name": CONNECTOR, "spec": spec}
        await desk.apply(read_texts([Text(source="fault", text=json.dumps(document))]), caller)
        orders = [TokenOrder(person=f"p{one:03}@corp.example", groups=("staff",)) for one in range(number)]
        return [Person(order.person, (await desk.issuing.create(order, caller)).secret) for order in orders]
    finally:
        book.close()
        store.close()


class People:
    """All of them. Used as a context manager; at its end all connections are closed."""

    def __init__(self, settings: Settings, people: list[Person]) -> None:
        self.all = people
        self.streams: list[Stream] = []
        self.waiting = 0
        self.asked = 0
        self._base = f"{settings.mcp_url}/mcp"
        self._ids = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "People":
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True), timeout=_LIMIT)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.close()

    @property
    def slowest_s(self) -> float:
        """How long after the answer the last stream ended."""
        return max((one.ended_s - one.of.cut_s for one in self.streams if one.of.cut_s and one.ended_s), default=0.0)

    @property
    def _client(self) -> aiohttp.ClientSession:
        assert self._http is not None
        return self._http

    async def settle_in(self) -> None:
        """Open a stream of each era for everybody, and begin the calls that wait."""
        few = asyncio.Semaphore(16)

        async def join(person: Person) -> None:
            async with few:
                await self._open(person, self._listen_modern)
                await self._open(person, self._listen_legacy)

        await asyncio.gather(*(join(person) for person in self.all))
        begun = [asyncio.create_task(self._wait(person)) for person in self.all[:_WAITERS]]
        self._tasks += begun
        self.waiting = len(begun)
        await asyncio.sleep(1.0)

    async def ask(self, person: Person) -> int:
        """Make one call on a fresh connection; returns and remembers its status, 0 when the connection broke."""
        began_s = time.monotonic()
        body, headers = self._modern(person, "tools/call", {"name": "work", "arguments": {"key": f"k{next(self._ids)}"}})
        headers |= {"mcp-name": "work"}
        try:
            async with self._client.post(f"{self._base}/{CONNECTOR}", json=body, headers=headers) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0
        self.asked += 1
        person.answers.append((began_s, status))
        return status

    async def keep_calling(self) -> None:
        """Call for everybody in turn, until cancelled."""

        async def one() -> None:
            while True:
                await self.ask(random.choice(self.all))
                await asyncio.sleep(0.01)

        await asyncio.gather(*(one() for _ in range(_CALLERS)))

    async def _open(self, person: Person, listen: Any) -> None:
        opened = asyncio.Event()
        stream = Stream(person)
        self._tasks.append(asyncio.create_task(self._hold(stream, listen, opened)))
        async with asyncio.timeout(30):
            await opened.wait()
        self.streams.append(stream)

    async def _hold(self, stream: Stream, listen: Any, opened: asyncio.Event) -> None:
        try:
            await listen(stream.of, opened)
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass
        stream.ended_s = time.monotonic()

    async def _listen_modern(self, person: Person, opened: asyncio.Event) -> None:
        body, headers = self._modern(person, "subscriptions/listen", {"notifications": {"toolsListChanged": True}})
        limit = aiohttp.ClientTimeout(sock_connect=20)
        async with self._client.post(f"{self._base}/{CONNECTOR}", json=body, headers=headers, timeout=limit) as response:
            assert response.status == 200, await response.text()
            async for _ in response.content:
                opened.set()

    async def _listen_legacy(self, person: Person, opened: asyncio.Event) -> None:
        headers = {"authorization": f"Bearer {person.token}", "accept": "application/json, text/event-stream"}
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": _CLIENT}
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        async with self._client.post(self._base, json=hello, headers=headers) as response:
            await response.read()
            session = response.headers["mcp-session-id"]
        headers |= {"mcp-session-id": session, "mcp-protocol-version": LEGACY, "accept": "text/event-stream"}
        async with self._client.get(self._base, headers=headers, timeout=aiohttp.ClientTimeout(sock_connect=20)) as response:
            assert response.status == 200, await response.text()
            opened.set()
            async for _ in response.content:
                pass

    async def _wait(self, person: Person) -> None:
        body, headers = self._modern(person, "tools/call", {"name": "block", "arguments": {"key": f"b{next(self._ids)}"}})
        try:
            async with self._client.post(f"{self._base}/{CONNECTOR}", json=body, headers=headers | {"mcp-name": "block"}) as response:
                await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            pass

    def _modern(self, person: Person, method: str, params: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        meta = {f"{_META}/protocolVersion": MODERN, f"{_META}/clientCapabilities": {}, f"{_META}/clientInfo": _CLIENT}
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": {**params, "_meta": meta}}
        headers = {"mcp-protocol-version": MODERN, "mcp-method": method, "accept": "application/json, text/event-stream"}
        return body, headers | {"authorization": f"Bearer {person.token}"}
