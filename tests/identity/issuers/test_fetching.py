"""Requests to providers that behave badly."""

import asyncio
import time

import pytest
from aiohttp import web

from gatebook.identity.issuers.fetching import BODY_BYTES_MAX, Fetcher, ProviderFault
from tests.identity.oidc.forge import Forge


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_not_followed(fetcher: Fetcher, forge: Forge, status: int) -> None:
    """Not even to the same host: whoever can send us elsewhere can send us to ourselves."""
    forge.responses["/x"] = web.Response(status=status, headers={"location": f"{forge.issuer}/y"})
    with pytest.raises(ProviderFault, match="redirect"):
        await fetcher.get(f"{forge.issuer}/x?code=secret")
    assert forge.asked("/y") == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"<html>", b"[" * 100_000])
async def test_what_is_no_object_is_refused(fetcher: Fetcher, forge: Forge, body: bytes) -> None:
    """The sentence names the place, without the query."""
    forge.responses["/x"] = web.Response(body=body)
    with pytest.raises(ProviderFault, match="not with a JSON object") as caught:
        await fetcher.get(f"{forge.issuer}/x?code=secret")
    assert "secret" not in str(caught.value)


async def test_a_body_without_end_is_cut_off(fetcher: Fetcher, forge: Forge) -> None:
    """One byte more than is allowed."""
    forge.responses["/x"] = web.Response(body=b'{"a":"' + b"a" * BODY_BYTES_MAX + b'"}')
    with pytest.raises(ProviderFault, match="512 KiB"):
        await fetcher.get(f"{forge.issuer}/x")


async def test_a_slow_provider_is_given_up() -> None:
    """After the time that is allowed for all of it, and it counts as down."""

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    fetcher = Fetcher(total_s=0.3)
    app = web.Application()
    app.router.add_get("/slow", slow)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    began_s = time.monotonic()
    with pytest.raises(ProviderFault) as caught:
        await fetcher.get(f"http://127.0.0.1:{runner.addresses[0][1]}/slow")
    assert caught.value.down and time.monotonic() - began_s < 2
    await fetcher.close()
    await runner.cleanup()


async def test_cookies_of_a_provider_are_not_kept(fetcher: Fetcher, forge: Forge) -> None:
    """Nobody's request carries what another's answer brought."""
    for _ in range(2):
        forge.responses["/x"] = web.json_response({}, headers={"set-cookie": "a=b; Path=/"})
        await fetcher.get(f"{forge.issuer}/x")
    assert not any("Cookie" in headers for _, headers, _ in forge.requests)


async def test_errors_of_the_server_count_as_down_and_others_do_not(fetcher: Fetcher, forge: Forge) -> None:
    """A person is told to try again, or to tell somebody."""
    for status, down in ((500, True), (503, True), (404, False), (401, False)):
        forge.responses["/x"] = web.json_response({}, status=status)
        with pytest.raises(ProviderFault) as caught:
            await fetcher.get(f"{forge.issuer}/x")
        assert caught.value.down is down
