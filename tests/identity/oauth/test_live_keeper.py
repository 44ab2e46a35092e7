"""A keeper that runs, with the guard as it ships: clients that say they are described at addresses inside are refused, and nobody is asked there."""

import asyncio
import socket
import urllib.parse
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from conformance import servers
from conformance.person import Person
from tests.identity.oauth.deployment import CALLBACK, CHALLENGE

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
INSIDE = (
    "https://localhost/client.json",
    "https://127.0.0.1/client.json",
    "https://127.0.0.1:{port}/client.json",
    "https://localhost:{port}/client.json",
    "http://127.0.0.1:{port}/client.json",
    "https://[::1]/client.json",
    "https://[::ffff:127.0.0.1]/client.json",
    "https://2130706433/client.json",
    "https://0x7f.0.0.1/client.json",
    "https://169.254.169.254/latest/meta-data",
    "https://10.0.0.1/client.json",
    "file:///etc/passwd",
    "https://app.example:{port}/client.json",
    "https://user@app.example/client.json",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running() -> AsyncIterator[servers.Gateway]:
    """The whole product, behind a proxy on this machine."""
    head = 'trusted_proxies = ["127.0.0.1"]\n'
    async with servers.gateway("http://127.0.0.1:9/mcp", "token", workers=2, head=head) as gateway:
        yield gateway


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def person(running: servers.Gateway) -> Person:
    """Somebody who is signed in to its console."""
    return await Person.sign_in(running, "ann@example.com")


async def asked(running: servers.Gateway, person: Person, client_id: str) -> tuple[int, str]:
    """Open what an app of this id would show; the status and text of the page."""
    values = {"client_id": client_id, "response_type": "code", "redirect_uri": CALLBACK, "code_challenge": CHALLENGE}
    query = urllib.parse.urlencode(values | {"code_challenge_method": "S256", "resource": running.url, "state": "st"})
    status, location, text = await asyncio.to_thread(person.open, f"/oauth/authorize?{query}")
    assert not location
    return status, text


async def test_no_document_inside_is_asked_for(running: servers.Gateway, person: Person) -> None:
    """Each is refused with a sentence that says what an address must be; nothing is listening to nobody."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.setblocking(False)
        for address in INSIDE:
            status, text = await asked(running, person, address.format(port=trap.getsockname()[1]))
            assert status == 400 and "at a host by name on the public internet" in text, address
        with pytest.raises(BlockingIOError):
            trap.accept()


async def test_a_name_that_leads_nowhere_is_said_to(running: servers.Gateway, person: Person) -> None:
    """RFC 6761: `invalid` has no addresses. The sentence tells nothing of our own network."""
    status, text = await asked(running, person, "https://client.invalid/client.json")
    assert status == 400 and "the document at the client&#39;s address cannot be used: it could not be read" in text.lower()


async def test_the_token_endpoint_asks_nobody_for_strangers(running: servers.Gateway) -> None:
    """Whatever grant type and assertion they bring."""
    async with httpx2.AsyncClient(base_url=running.console_url) as client:
        for grant in ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"):
            form = {"grant_type": grant, "client_id": "https://client.invalid/client.json", "assertion": "eyJ.e30.x", "code": "c"}
            answer = await client.post("/oauth/token", data=form)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
            assert "not known here" in answer.json()["error_description"]


async def test_who_registers_without_end_behind_the_proxy_is_one_and_not_everybody(running: servers.Gateway) -> None:
    """The bound is of who asks the proxy: a flood from one network leaves the others theirs."""

    async def register(client: httpx2.AsyncClient, asker: str) -> int:
        body = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none"}
        return (await client.post("/oauth/register", json=body, headers={"x-forwarded-for": asker})).status_code

    async with httpx2.AsyncClient(base_url=running.console_url) as client:
        flood = [await register(client, f"198.51.100.1, 2001:db8::{number:x}") for number in range(22)]
        assert flood == [201] * 20 + [429] * 2
        assert await register(client, "2001:db8::1, 203.0.113.9") == 201
