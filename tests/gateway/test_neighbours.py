"""Two workers of one node: a session belongs to one of them, a client's connection to either."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from gatebook.control import unix_socket
from gatebook.gateway.neighbours import PEER, Neighbours, of_peer
from tests.gateway.conftest import free_ports

_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}},
}


def test_owner_is_read_from_the_session_id() -> None:
    """The owner of a session is named at the start of its id; one's own and foreign ids have none."""
    neighbours = Neighbours(0, lambda slot: (_ for _ in ()).throw(OSError()))
    assert neighbours.owner_of(b"w3-abc") == 3
    assert [neighbours.owner_of(text) for text in (b"w0-abc", b"abc", b"w-abc", b"wx-abc", b"w99999-a", None)] == [None] * 6


def test_peer_is_taken_from_the_header_of_the_worker_that_passed_it_on() -> None:
    """The record shows the client's own address, and the Host check sees the client's own Host."""
    scope = {"type": "http", "client": None, "headers": [(b"host", b"worker.invalid"), (PEER, b'["10.1.2.3",99,"gw.example"]')]}
    seen = of_peer(scope)
    assert seen["client"] == ("10.1.2.3", 99)
    assert seen["headers"] == [(b"host", b"gw.example")]


async def test_a_neighbour_that_ends_under_a_request_leaves_it_unknown(tmp_path: Path) -> None:
    """Once the request was sent it may have run: the client is told so, and never that it has no session, which would make it try again."""

    async def end_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'"id":7}')
        writer.close()

    path = tmp_path / "worker.sock"
    sent: list[MutableMapping[str, Any]] = []
    server = await asyncio.start_unix_server(end_early, path)
    neighbours = Neighbours(0, lambda slot: unix_socket.connect(path, 1))
    try:
        assert await _relay(neighbours, sent)
    finally:
        neighbours.close()
        server.close()
        await server.wait_closed()
    answer = json.loads(sent[1]["body"])
    assert sent[0]["status"] == 502 and answer["id"] == 7
    assert answer["error"]["code"] == -32051 and answer["error"]["data"]["status"] == "unknown"


async def test_a_neighbour_that_does_not_run_was_sent_nothing(tmp_path: Path) -> None:
    """Nobody listens: the caller may answer as it likes."""
    sent: list[MutableMapping[str, Any]] = []
    neighbours = Neighbours(0, lambda slot: unix_socket.connect(tmp_path / "worker.sock", 1))
    assert not await _relay(neighbours, sent)
    assert sent == []


async def _relay(neighbours: Neighbours, sent: list[MutableMapping[str, Any]]) -> bool:
    async def receive() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "POST", "client": ("127.0.0.1", 1), "headers": [(b"host", b"gw.example")], "raw_path": b"/mcp"}
    return await neighbours.relay(1, scope, b'{"jsonrpc":"2.0","method":"tools/call","id":7}', receive, send)


async def test_every_connection_reaches_the_session(tmp_path: Path) -> None:
    """With two workers, each of forty fresh connections finds the session, whichever worker accepts it."""
    mcp, console = free_ports(2)
    (tmp_path / "gatebook.toml").write_text(f'workers = 2\n[mcp]\nport = {mcp}\nauth = "off"\n[console]\nport = {console}\n')
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEBOOK_")}
    command = [sys.executable, "-m", "gatebook", "up", "--data", str(tmp_path), "--json"]
    up = subprocess.Popen(  # noqa: ASYNC220 - started once, before anything waits
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    try:
        assert up.stdout is not None
        assert await asyncio.to_thread(up.stdout.readline)
        url = f"http://127.0.0.1:{mcp}/mcp"
        _, session = await asyncio.to_thread(_post, url, _HELLO, None)
        assert session is not None
        found = [await asyncio.to_thread(_post, url, {"jsonrpc": "2.0", "id": n, "method": "ping"}, session) for n in range(40)]
        assert [answer for answer, _ in found] == [{"jsonrpc": "2.0", "id": n, "result": {}} for n in range(40)]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            await asyncio.to_thread(_post, url, {"jsonrpc": "2.0", "id": 1, "method": "ping"}, "w7-" + "0" * 32)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)
        if up.stdout is not None:
            up.stdout.close()


def _post(url: str, body: object, session: str | None) -> tuple[object, str | None]:
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    headers |= {"mcp-session-id": session} if session else {}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.loads(response.read()), response.headers.get("mcp-session-id")
