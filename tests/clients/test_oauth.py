"""Real AI clients sign somebody in: a live keeper and two workers, a scripted browser, and the clients' own OAuth."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from mcp.client.auth import OAuthClientProvider
from mcp.client.session import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from conformance import node, servers
from conformance.person import Person

pytestmark = [pytest.mark.timeout(900), pytest.mark.asyncio(loop_scope="module")]
CALLBACK = "http://127.0.0.1:33418/callback"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway() -> AsyncIterator[servers.Gateway]:
    """A gateway with two workers that asks for tokens."""
    async with servers.fixture() as fixture, servers.gateway(fixture, "token", workers=2) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(gateway: servers.Gateway) -> Person:
    """Somebody who is signed in to its console."""
    return await Person.sign_in(gateway, "ada@example.com")


class Kept:
    """What a client of the Python SDK keeps between two starts."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Keep the tokens."""
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """What the client was registered as."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Keep what the client was registered as."""
        self.client = client_info


async def call_with_sdk(url: str, person: Person, kept: Kept) -> list[str]:
    """Connect with the Python SDK's client, which signs in where it has to, and list tools."""
    back: list[str] = []

    async def open_browser(address: str) -> None:
        back.append(await asyncio.to_thread(person.answer, address))

    async def come_back() -> AuthorizationCodeResult:
        said = parse_qs(urlsplit(back[-1]).query)
        return AuthorizationCodeResult(code=said["code"][0], state=said["state"][0], iss=said["iss"][0])

    metadata = OAuthClientMetadata(redirect_uris=[AnyUrl(CALLBACK)], client_name="SDK client")
    auth = OAuthClientProvider(url, metadata, kept, open_browser, come_back)
    async with create_mcp_http_client(auth=auth) as http, streamable_http_client(url, http_client=http) as streams:
        async with ClientSession(streams[0], streams[1]) as session:
            await session.initialize()
            return [tool.name for tool in (await session.list_tools()).tools]


async def test_the_python_sdk_registers_signs_in_and_calls(gateway: servers.Gateway, person: Person) -> None:
    """Discovery, registration, consent, code, token and call; a second start uses the token, and one whose token was lost refreshes it."""
    kept = Kept()
    assert "echo" in await call_with_sdk(gateway.url, person, kept)
    assert kept.tokens is not None and kept.tokens.access_token.startswith("gw_oat_") and kept.tokens.scope == "mcp:fixture"
    assert "echo" in await call_with_sdk(gateway.url, person, kept)


async def test_the_typescript_client_registers_signs_in_and_calls(gateway: servers.Gateway, person: Person) -> None:
    """The same with @modelcontextprotocol/client, which checks `iss` and the resource by itself."""
    try:
        tools, program = node.install(node.CLIENTS), str(node.binary())
    except node.NodeMissing as error:
        pytest.skip(f"the client did not run: {error}")
    printed = await sign_in_with(tools, program, [gateway.url, "echo", '{"text": "hi"}'], person)
    assert "echo" in printed["tools"] and printed["scope"] == "mcp:fixture"
    assert printed["result"]["content"] == [{"type": "text", "text": "hi"}]
    assert printed["client"]["client_id"].startswith("gwc_")


async def sign_in_with(tools: Path, program: str, words: list[str], person: Person) -> dict[str, Any]:
    """Run the script, open what it shows in the person's browser, and tell it where that led; returns what it printed at last."""
    pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(
        program, str(tools / "oauth.mjs"), *words, env=os.environ | {"HOME": str(tools)}, **pipes
    )
    try:
        assert process.stdin is not None and process.stdout is not None
        address = (await asyncio.wait_for(process.stdout.readline(), 60)).decode().strip()
        back = await asyncio.to_thread(person.answer, address) if address else ""
        printed, problems = await asyncio.wait_for(process.communicate(f"{back}\n".encode()), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, problems.decode()
    found: dict[str, Any] = json.loads(printed)
    return found


async def test_somebody_who_says_no_lets_nobody_in(gateway: servers.Gateway, person: Person) -> None:
    """The client of the SDK is told access_denied, and gets no token."""
    kept = Kept()
    refused: list[str] = []

    async def open_browser(address: str) -> None:
        refused.append(await asyncio.to_thread(person.answer, address, "deny"))

    async def come_back() -> AuthorizationCodeResult:
        said = parse_qs(urlsplit(refused[-1]).query)
        assert said["error"] == ["access_denied"] and said["iss"]
        raise PermissionError("the person said no")

    metadata = OAuthClientMetadata(redirect_uris=[AnyUrl(CALLBACK)], client_name="SDK client")
    async with create_mcp_http_client(auth=OAuthClientProvider(gateway.url, metadata, kept, open_browser, come_back)) as http:
        with pytest.raises(PermissionError):
            await http.post(gateway.url, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert refused and kept.tokens is None
