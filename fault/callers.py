"""Concurrent AI clients over real HTTP, in a thread of their own. They never stop because of a failure, and remember every answer."""

import asyncio
import itertools
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from fault.deployment import wait_until

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
AUDIT_UNAVAILABLE = -32050
_HANGS_S = 45.0
_PAUSE_S = 0.05
_CLIENT = {"name": "fault-caller", "version": "1"}
_META = "io.modelcontextprotocol"


@dataclass
class Heard:
    """What all clients heard. `answers`: the complete JSON-RPC answer by the key of the call; `acknowledged`: keys whose call was carried out.

    `unavailable`: keys that were refused because they could not be recorded. `withheld`: keys whose call ran and whose outcome could not be.
    `broken`: keys whose connection ended without an answer, with how long that took, seconds. `hung`: keys that got nothing at all.
    `at_s`: when each call was acknowledged, monotonic.
    """

    answers: dict[str, bytes] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    unavailable: set[str] = field(default_factory=set)
    withheld: set[str] = field(default_factory=set)
    broken: dict[str, float] = field(default_factory=dict)
    hung: set[str] = field(default_factory=set)
    other: Counter[str] = field(default_factory=Counter)
    at_s: list[float] = field(default_factory=list)
    latency_s: list[float] = field(default_factory=list)


class Callers:
    """`number` clients; the odd ones speak the handshake era with a session, the even ones the stateless one."""

    def __init__(self, url: str, tokens: list[str], number: int = 32, *, delay_ms_max: int = 60) -> None:
        self.heard = Heard()
        self._url = url
        self._tokens = tokens
        self._number = number
        self._delay_ms_max = delay_ms_max
        self._names = itertools.count(1)
        self._going = threading.Event()
        self._ending = threading.Event()
        self._resting = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="callers")
        self._thread.start()

    def go(self) -> None:
        """Begin, or go on."""
        self._going.set()

    def rest(self) -> None:
        """Let each client end its call and wait; returns when all do."""
        self._going.clear()
        if not wait_until(lambda: self._resting == self._number, 2 * _HANGS_S):
            raise RuntimeError(f"{self._number - self._resting} callers did not come to rest: {self.heard.other}, hung: {self.heard.hung}")

    def close(self) -> None:
        """End all clients."""
        self._going.clear()
        self._ending.set()
        self._thread.join()

    async def _run(self) -> None:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            await asyncio.gather(*(self._client(http, number) for number in range(self._number)))

    async def _client(self, http: aiohttp.ClientSession, number: int) -> None:
        client = Client(http, self._url, self._tokens[number % len(self._tokens)], self.heard, modern=number % 2 == 0)
        while not self._ending.is_set():
            if not self._going.is_set():
                await self._pause()
                continue
            delay_ms = random.randrange(self._delay_ms_max + 1)
            if not await client.call(f"c{number}-{next(self._names)}", "work", delay_ms=delay_ms, form=random.choice(("json", "sse"))):
                await asyncio.sleep(_PAUSE_S)

    async def _pause(self) -> None:
        self._resting += 1
        # The flag is set by another thread, so there is no event of this loop to wait for.
        while not self._going.is_set() and not self._ending.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        self._resting -= 1


class Client:
    """One AI client."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str, heard: Heard, *, modern: bool) -> None:
        self._http = http
        self._url = url
        self._token = token
        self._heard = heard
        self._modern = modern
        self._session: str | None = None

    async def call(self, key: str, tool: str, *, delay_ms: int = 0, form: str = "json") -> bool:
        """Make one call; False when it brought no result. Never tries the same call again."""
        began_s = time.monotonic()
        try:
            if not self._modern and self._session is None:
                await self._open()
            status, body = await self._post(self._message(key, tool, delay_ms, form), tool)
        except TimeoutError:
            self._heard.hung.add(key)
            return False
        except (aiohttp.ClientError, OSError):
            self._heard.broken[key] = time.monotonic() - began_s
            self._session = None
            return False
        return self._take(key, status, body, began_s)

    def _take(self, key: str, status: int, body: bytes, began_s: float) -> bool:
        heard = self._heard
        try:
            answer = json.loads(body)
        except ValueError:
            heard.other[f"HTTP {status} without JSON"] += 1
            return False
        error = answer.get("error")
        if error and error["code"] == AUDIT_UNAVAILABLE:
            (heard.withheld if error["data"]["carried_out"] else heard.unavailable).add(key)
            return False
        if status == 502 and error and error["data"].get("status") == "unknown":
            # From the neighbour of the worker that ended: all it knows is that the request was passed on.
            heard.other["told that the outcome is unknown"] += 1
            self._session = None
            return False
        heard.answers[key] = body
        if status == 200 and key in json.dumps(answer.get("result")):
            heard.acknowledged.add(key)
            heard.at_s.append(time.monotonic())
            heard.latency_s.append(time.monotonic() - began_s)
            return True
        self._session = None
        heard.other[f"HTTP {status}: {json.dumps(error or answer.get('result'))[:160]}"] += 1
        return False

    def _message(self, key: str, tool: str, delay_ms: int, form: str) -> dict[str, object]:
        params: dict[str, object] = {"name": tool, "arguments": {"key": key, "delay_ms": delay_ms, "form": form}}
        if self._modern:
            params["_meta"] = {f"{_META}/protocolVersion": MODERN, f"{_META}/clientCapabilities": {}, f"{_META}/clientInfo": _CLIENT}
        return {"jsonrpc": "2.0", "id": key, "method": "tools/call", "params": params}

    async def _open(self) -> None:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": _CLIENT}
        async with self._http.post(
            self._url, json={"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, headers=self._headers(), timeout=_limit()
        ) as response:
            await response.read()
            self._session = response.headers.get("mcp-session-id")
        if self._session is None:
            raise aiohttp.ClientError("no session")
        await self._post({"jsonrpc": "2.0", "method": "notifications/initialized"}, "")

    async def _post(self, message: dict[str, object], tool: str) -> tuple[int, bytes]:
        headers = self._headers() | {"mcp-protocol-version": MODERN if self._modern else LEGACY}
        if self._modern:
            headers |= {"mcp-method": "tools/call", "mcp-name": tool}
        elif self._session:
            headers["mcp-session-id"] = self._session
        async with self._http.post(self._url, json=message, headers=headers, timeout=_limit()) as response:
            raw = await response.read()
            if response.content_type == "text/event-stream":
                raw = next((line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:")), b"")
            return response.status, raw

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token}", "accept": "application/json, text/event-stream"}


def _limit() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=_HANGS_S, sock_connect=5)
