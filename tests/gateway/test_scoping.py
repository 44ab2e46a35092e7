"""A token with scopes is good for those alone; a token in an address is good for nothing."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gatebook.identity.tokens import digest, make_token
from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import ANN, Running, Start, call, free_ports, modern, snapshot, spec
from tests.gateway.plain_http import PING

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def narrow(running: Running, connectors: dict[str, Any], *scopes: str) -> None:
    """Give Ann's token these scopes."""
    made = snapshot(connectors, 2)
    token = made.tokens[digest(ANN)]
    running.gate.apply(replace(made, tokens={**made.tokens, token.sha256: replace(token, scopes=scopes)}))


async def test_without_the_scope_nothing_is_reached_and_one_challenge_names_all(gateway: Start) -> None:
    """403 insufficient_scope, on the record with person and token, whether the connector exists or not; nothing is sent upstream."""
    async with Hostile() as upstream, gateway({}) as running:
        connectors = {"crm": spec(url=upstream.url), "hr": spec(url=upstream.url)}
        narrow(running, connectors, "book:read", "mcp:crm")
        for name in ("hr", "nowhere"):
            status, body, headers = await running.post(f"/mcp/{name}", call("ok"))
            assert status == 403 and body["error"]["data"]["scope"] == f"book:read mcp:crm mcp:{name}"
            metadata = f'resource_metadata="{running.url}/.well-known/oauth-protected-resource/mcp/{name}"'
            challenge = headers["www-authenticate"]
            assert challenge.startswith(f'Bearer error="insufficient_scope", scope="book:read mcp:crm mcp:{name}", {metadata}')
        assert upstream.requests == []
        first, second = running.records("call.refused")
        assert (first.body.actor.token, first.body.connector, first.body.outcome.error_class) == ("t-ann", "hr", "permission")  # type: ignore[union-attr]
        assert second.body.connector == "nowhere"  # type: ignore[union-attr]
        status, body, _ = await running.post("/mcp/crm", call("ok"))
        assert status == 200 and "result" in body


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_no_method_gets_around_a_scope(gateway: Start, method: str) -> None:
    """Streams, ends of sessions and notifications are held against it as calls are."""
    async with gateway({}) as running:
        narrow(running, {"hr": spec(url="http://127.0.0.1:9/mcp")}, "mcp:crm")
        headers = {"authorization": f"Bearer {ANN}", "mcp-session-id": "w0-x", "content-type": "application/json"}
        body = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"})
        async with running.http.request(method, f"{running.url}/mcp/hr", headers=headers, data=body) as answer:
            assert answer.status == 403
        assert len(running.records("call.refused")) == 1


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_aggregate_shows_and_calls_only_what_the_token_is_good_for(gateway: Start, era: str) -> None:
    """A token of one connector lists its tools alone and calls nothing else; a made-up connector is refused in the same words."""
    async with Hostile() as upstream, gateway({}) as running:
        connectors = {"crm": spec(url=upstream.url), "hr": spec(url=upstream.url)}
        narrow(running, connectors, "mcp:crm")

        async def ask(message: dict[str, Any]) -> tuple[int, Any, Any]:
            if era == "legacy":
                return await running.post("/mcp", message)
            body, headers = modern(message["method"], message.get("params"))
            return await running.post("/mcp", body, headers)

        _, listed, _ = await ask(LIST)
        names = {tool["name"].partition("__")[0] for tool in listed["result"]["tools"]}
        assert names == {"crm"}
        answers = [await ask(call(f"{name}__ok")) for name in ("hr", "nowhere")]
        assert [status for status, _, _ in answers] == [403, 403]
        texts = [json.dumps(body).replace("nowhere", "hr") for _, body, _ in answers]
        assert texts[0] == texts[1] and 'scope="mcp:crm mcp:hr"' in answers[0][2]["www-authenticate"]
        status, body, _ = await ask(call("crm__ok"))
        assert status == 200 and "result" in body


async def test_a_token_for_the_book_alone_does_not_get_in(gateway: Start) -> None:
    """It needs a scope of connectors as well; what it has is named with it, so that a client that asks anew loses nothing."""
    async with gateway({}) as running:
        narrow(running, {}, "book:read")
        status, _, headers = await running.post("/mcp", PING)
        assert status == 403 and 'scope="book:read mcp"' in headers["www-authenticate"]


async def test_a_batch_is_held_against_the_scopes_message_by_message(gateway: Start) -> None:
    """What the token is good for is done, the rest refused, each on the record."""
    async with Hostile() as upstream, gateway({}) as running:
        narrow(running, {"crm": spec(url=upstream.url), "hr": spec(url=upstream.url)}, "mcp:crm")
        batch = [call("crm__ok", id=1), call("hr__ok", id=2)]
        status, answers, _ = await running.post("/mcp", batch, {"mcp-protocol-version": "2025-03-26"})
        assert status == 200 and "result" in answers[0] and answers[1]["error"]["data"]["reason"] == "insufficient_scope"


async def test_a_session_of_a_wider_token_is_not_there_for_a_narrower_one(gateway: Start) -> None:
    """Else the stream of the session would bring what other connectors send."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    async with gateway({}) as running:
        _, _, headers = await running.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
        session = {"mcp-session-id": headers["mcp-session-id"]}
        assert (await running.post("/mcp", PING, session))[0] == 200
        narrow(running, {}, "mcp:crm")
        assert (await running.post("/mcp", PING, session))[0] == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/mcp?access_token={ANN}",
        f"/mcp/crm?token={ANN}",
        f"/mcp/{ANN}",
        f"/mcp?x={make_token(b'q' * 32, 'oauth')}",
        "/mcp?access_token=abc",
    ],
)
async def test_a_token_in_the_address_is_refused_and_written_down_nowhere(gateway: Start, path: str, tmp_path: Path) -> None:
    """Even beside a valid header: the sentence says where a token belongs; no file holds the one that was sent."""
    async with gateway({}) as running:
        status, body, _ = await running.post(path, PING)
        assert status == 400 and "Authorization: Bearer" in body["error"]["message"]
        (record,) = running.records("call.refused")
        assert record.body.endpoint == "/mcp"  # type: ignore[union-attr]
        secret = path.rpartition("=")[2].rpartition("/")[2].encode()
        if len(secret) > 3:
            assert all(secret not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
            assert all(secret not in value for each in running.records() for value in each.parts.values())


async def test_on_two_workers_scopes_revocation_and_owners_count_on_every_fresh_connection(tmp_path: Path) -> None:
    """Twenty fresh connections each, whichever worker takes them: a scope lets nothing else in, and nobody is let in after a revocation."""
    mcp, console = free_ports(2)
    (tmp_path / "gatebook.toml").write_text(f"workers = 2\n[mcp]\nport = {mcp}\n[console]\nport = {console}\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEBOOK_")}

    def gatebook(*words: str) -> str:
        command = [sys.executable, "-m", "gatebook", *words, "--data", str(tmp_path)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    def statuses(token: str, connector: str = "") -> set[int]:
        return {_status(f"http://127.0.0.1:{mcp}/mcp{connector}", token) for _ in range(20)}

    def story() -> None:
        narrow_token = json.loads(gatebook("token", "create", "ana", "--scope", "mcp:crm", "--json"))
        service = json.loads(gatebook("token", "create", "nightly", "--owner", "ana", "--json"))
        _until(lambda: statuses(service["token"]) == {200})
        assert statuses(narrow_token["token"]) == {200} and statuses(narrow_token["token"], "/hr") == {403}
        gatebook("token", "create", "bob")
        gatebook("accounts", "give", "nightly", "bob", "--reason", "ana changes teams")
        _until(lambda: statuses(service["token"]) == {401})
        gatebook("token", "revoke", narrow_token["id"])
        _until(lambda: statuses(narrow_token["token"]) == {401})
        assert statuses(narrow_token["token"], "/hr") == {401}

    up = subprocess.Popen(  # noqa: ASYNC220 - started once, before anything waits
        [sys.executable, "-m", "gatebook", "up", "--data", str(tmp_path), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    try:
        assert up.stdout is not None
        assert await asyncio.to_thread(up.stdout.readline)
        await asyncio.to_thread(story)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(30)
        if up.stdout is not None:
            up.stdout.close()


def _until(holds: Any) -> None:
    # A worker follows state within a second; which one answers cannot be chosen.
    for _ in range(10):
        if holds():
            return
    assert holds()


def _status(url: str, token: str) -> int:
    headers = {"content-type": "application/json", "accept": "application/json", "authorization": f"Bearer {token}", "connection": "close"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(PING).encode(), headers), timeout=20) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
