"""The guard of documents that somebody unknown has named, attacked."""

import asyncio
import gzip
import ipaddress
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oauth import guarded_fetch
from gatebook.identity.oauth.guarded_fetch import FetchRefused, is_public
from tests.identity.oauth.deployment import Site

URL = "https://app.example/client.json"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1",
        "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
        "::7f00:1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1",
        "2002:7f00:1::", "2001:0:1::1", "2001:db8::1",
    ],
)  # fmt: skip
async def test_no_address_inside_is_reached(site: Site, address: str) -> None:
    """Private, loopback, link-local, multicast, mapped, NAT64 and tunnelled addresses are refused before anything is sent."""
    site.addresses["app.example"] = [[address]]
    with pytest.raises(FetchRefused, match="not on the public internet"):
        await site.fetch(allowed=is_public).get(URL)
    assert site.asked == []


async def test_one_inside_address_among_public_ones_is_a_trap(site: Site) -> None:
    """All addresses of a name must be public, whichever comes first."""
    for mixed in (["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1111", "::1"]):
        site.addresses["app.example"] = [mixed]
        with pytest.raises(FetchRefused, match="not on the public internet"):
            await site.fetch(allowed=is_public).get(URL)


async def test_a_name_that_changes_between_check_and_use_gains_nothing(site: Site) -> None:
    """The name is resolved once, and the connection goes to what was checked: the second answer is never asked for."""
    site.document(URL)
    site.addresses["app.example"] = [["127.0.0.1"], ["127.0.0.2"]]
    await site.fetch(allowed=lambda address: str(address) == "127.0.0.1").get(URL)
    assert site.names == ["app.example"] and site.asked == ["app.example/client.json"]
    with pytest.raises(FetchRefused, match="not on the public internet"):
        await site.fetch(allowed=lambda address: str(address) == "127.0.0.1").get(URL)


@pytest.mark.parametrize(
    "url",
    ["http://app.example/c", "https://127.0.0.1/c", "https://[::1]/c", "https://2130706433/c", "https://app.example:8443/c", "https://app.example:22/c", "https://localhost/c", "https://0x7f.1/c", "ftp://app.example/c", "file:///etc/passwd", "https:///c"],
)  # fmt: skip
async def test_only_https_hosts_by_name_at_the_usual_port(site: Site, url: str) -> None:
    """No address in place of a name, no other port, no other scheme."""
    with pytest.raises(FetchRefused):
        await site.fetch().get(url)
    assert site.asked == []


async def test_a_redirect_is_not_followed(site: Site) -> None:
    """Neither to loopback, link-local nor to another page of the same host."""
    for where in ("http://127.0.0.1/", "http://169.254.169.254/latest/meta-data", "/other.json"):

        async def away(_: web.Request, where: str = where) -> web.Response:
            return web.Response(status=302, headers={"location": where})

        site.pages["/client.json"] = away
        with pytest.raises(FetchRefused, match="redirects are not followed"):
            await site.fetch().get(URL)
    assert set(site.asked) == {"app.example/client.json"}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"body": b"{}" * 40_000, "content_type": "application/json"}, "larger than"),
        ({"body": b"{}", "content_type": "text/html"}, "not JSON"),
        ({"body": b"{}", "content_type": "application/octet-stream"}, "not JSON"),
        ({"body": b"{}", "status": 404, "content_type": "application/json"}, "answered 404"),
        (
            {"body": gzip.compress(b"0" * 10_000_000), "content_type": "application/json", "headers": {"content-encoding": "gzip"}},
            "compressed",
        ),
    ],
)
async def test_what_is_too_large_or_no_json_is_refused(site: Site, answer: dict[str, Any], text: str) -> None:
    """Size, content type, status and unasked compression."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(**answer)

    site.pages["/client.json"] = page
    with pytest.raises(FetchRefused, match=text):
        await site.fetch().get(URL)


async def test_a_page_that_drips_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is for all of it, not for each byte."""
    monkeypatch.setattr(guarded_fetch, "TIMEOUT_S", 0.5)

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "application/json"})
        await response.prepare(request)
        for _ in range(50):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    site.pages["/client.json"] = drip
    with pytest.raises(FetchRefused, match="within"):
        await site.fetch().get(URL)


async def test_the_certificate_must_be_that_of_the_name(site: Site) -> None:
    """A pinned address is no reason to believe another name."""
    site.addresses["wrong.example"] = [["127.0.0.1"]]
    with pytest.raises(FetchRefused):
        await site.fetch().get("https://wrong.example/client.json")
    assert site.asked == []


async def test_how_long_a_document_may_be_kept_is_read(site: Site) -> None:
    """max-age in seconds, 0 for what must not be kept, None where the server says nothing."""
    for control, expected in (("public, max-age=60", 60), ("no-store", 0), ("", None), ("max-age=x", None)):

        async def page(_: web.Request, control: str = control) -> web.Response:
            return web.json_response({}, headers={"cache-control": control} if control else {})

        site.pages["/client.json"] = page
        assert (await site.fetch().get(URL)).max_age_s == expected


@given(st.ip_addresses())
def test_no_address_that_leads_inside_counts_as_public(address: guarded_fetch.Address) -> None:
    """What is public holds no other address and is none of the special ones."""
    if is_public(address):
        assert not (address.is_private or address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified)
        if isinstance(address, ipaddress.IPv6Address):
            assert address.ipv4_mapped is None and address.sixtofour is None and address.teredo is None
