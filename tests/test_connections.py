"""Connections of a whole deployment: two workers, a real server that wants OAuth, a fresh connection for each call."""

import asyncio
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from conformance import servers
from conformance.recorded import read_log
from conformance.upstream import sign_in
from conformance.upstream_client import Person
from gatebook.record.body import CallStarted
from gatebook.record.body_credentials import CredentialChanged
from tests.fixtures import oauth_mcp
from tests.identity.credentials.conftest import Notes

_YAML = (
    "kind: Connector\nname: notes\nspec: {{transport: http, url: '{url}', credential: {{kind: person}}, allow: {{groups: [everyone]}}}}\n"
)
_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
}
Ask = Callable[[], Awaitable[str]]


@asynccontextmanager
async def connected(notes: Notes) -> AsyncIterator[tuple[servers.Gateway, Ask]]:
    """A deployment with two workers where Ada has connected her account; and what calls as her, over a connection of its own each time."""
    async with servers.gateway("http://127.0.0.1:9/mcp", "token", workers=2) as gateway:
        file = gateway.data / "notes.yaml"
        file.write_text(_YAML.format(url=notes.url))
        await servers.gatebook(gateway.data, "apply", "-f", str(file))
        token = json.loads(await servers.gatebook(gateway.data, "token", "create", "ada@example.com", "--json"))["token"]
        link = re.search(r"#(\S+)", await servers.gatebook(gateway.data, "bootstrap", "ada@example.com"))
        assert link is not None
        address = gateway.url.removesuffix("/fixture") + "/notes"

        async def ask() -> str:
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}, "_meta": _META}}
            headers = {
                "authorization": f"Bearer {token}",
                "accept": "application/json, text/event-stream",
                "mcp-protocol-version": "2026-07-28",
                "mcp-method": "tools/call",
                "mcp-name": "whoami",
            }
            async with aiohttp.ClientSession() as http, http.post(address, json=body, headers=headers) as answer:
                raw = await answer.text()
            lines = [line[5:] for line in raw.splitlines() if line.startswith("data:")]
            message = json.loads(lines[-1] if lines else raw)
            return str(message.get("result", {}).get("content", [{}])[0].get("text", message))

        async with aiohttp.ClientSession() as http:
            session = await sign_in(gateway.console_url, gateway.console_url, link[1])
            await Person(http, gateway.console_url, gateway.console_url, session).connect(f"{gateway.console_url}/connect/notes")
        for _ in range(100):
            if {await ask() for _ in range(4)} == {"person-1"}:
                break
            await asyncio.sleep(0.1)
        yield gateway, ask


def workers_of(data: Path) -> list[int]:
    """Process ids of the workers of this deployment."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "worker" in words and str(data) in " ".join(words):
            found.append(process.pid)
    return found


async def until(ready: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something, up to twenty seconds."""
    for _ in range(200):
        with suppress(aiohttp.ClientError):
            if await ready():
                return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen")


async def test_two_workers_renew_once_between_them() -> None:
    """The server forgets its access tokens: forty calls at once, spread over both workers, one renewal, and every call is answered. Three times."""
    async with oauth_mcp.running() as url:
        notes = Notes(url)
        async with connected(notes) as (gateway, ask):
            seen: dict[str, Any] = {}
            for round_number in (1, 2, 3):
                await notes.control(forget=True)
                assert set(await asyncio.gather(*(ask() for _ in range(40)))) == {"person-1"}
                seen = await notes.control()
                assert (seen["refreshed"], seen["reused"], seen["live"]) == (round_number, 0, 1)
            output = (gateway.data / "output").read_bytes()
            await gateway.stop()
            records = [record.body for record in read_log(gateway.data)]
            named = {body.credential.id for body in records if isinstance(body, CallStarted) and body.tool == "whoami" and body.credential}
            changes = [body for body in records if isinstance(body, CredentialChanged)]
            assert sorted(body.action for body in changes) == ["connected", "refreshed", "refreshed", "refreshed"]
            assert {body.credential for body in changes} <= named
            log = b"".join(path.read_bytes() for path in (gateway.data / "log").rglob("*") if path.is_file()) + output
            assert not any(secret.encode() in log for secret in seen["secrets"])


async def test_workers_that_are_killed_lose_no_rotated_token() -> None:
    """kill -9 of every worker right after a call that renewed, five times: the next ones go on with what was stored; nobody has to connect anew."""
    async with oauth_mcp.running() as url:
        notes = Notes(url)
        async with connected(notes) as (gateway, ask):

            async def answers() -> bool:
                return await ask() == "person-1"

            async def both() -> bool:
                return len(workers_of(gateway.data)) == 2

            for round_number in range(1, 6):
                await until(both)
                await notes.control(forget=True)
                assert await ask() == "person-1"
                for pid in workers_of(gateway.data):
                    os.kill(pid, signal.SIGKILL)
                await until(answers)
                seen = await notes.control()
                assert (seen["refreshed"], seen["reused"], seen["live"]) == (round_number, 0, 1)
