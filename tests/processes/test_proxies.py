"""Who asks, behind proxies: what may be believed of `X-Forwarded-For`, and what an asker writes into it."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.processes.proxies import behind


async def asker(trusted: tuple[str, ...], peer: str, *headers: str, kind: str = "http") -> Any:
    """The client that an app is told of."""
    told: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        told.append(scope["client"])

    scope = {"type": kind, "client": (peer, 5), "headers": [(b"x-forwarded-for", one.encode("latin-1", "replace")) for one in headers]}
    await behind(app, trusted)(scope, None, None)
    return told[0]


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("127.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        ("127.0.0.1", ("198.51.100.1, 203.0.113.9",), "203.0.113.9"),
        ("127.0.0.1", ("198.51.100.1, 203.0.113.9, 10.0.0.7",), "203.0.113.9"),
        ("127.0.0.1", ("198.51.100.1", "203.0.113.9, 10.0.0.7"), "203.0.113.9"),
        ("10.0.0.7", ("2001:db8::9",), "2001:db8::9"),
        ("127.0.0.1", ("[2001:db8::9]:4711",), "2001:db8::9"),
        ("127.0.0.1", ("203.0.113.9:4711",), "203.0.113.9"),
        ("127.0.0.1", ("::ffff:203.0.113.9",), "203.0.113.9"),
        ("127.0.0.1", ("10.0.0.7",), "10.0.0.7"),
        ("127.0.0.1", (), "127.0.0.1"),
        ("127.0.0.1", ("",), "127.0.0.1"),
        ("127.0.0.1", ("203.0.113.9, <script>",), "127.0.0.1"),
        ("127.0.0.1", ("203.0.113.9, unknown, 10.0.0.7",), "10.0.0.7"),
        ("192.0.2.1", ("203.0.113.9",), "192.0.2.1"),
        ("10.1.0.1", ("203.0.113.9",), "10.1.0.1"),
    ],
)
async def test_the_last_that_no_proxy_of_ours_is(peer: str, headers: tuple[str, ...], expected: str) -> None:
    """What stands before it anybody can have written; a peer that is no proxy of ours writes what it likes."""
    assert (await asker(("127.0.0.1", "10.0.0.0/24"), peer, *headers))[0] == expected


async def test_without_proxies_nothing_is_believed() -> None:
    """The default; and a connection of another kind is passed on as it is."""
    assert await asker((), "127.0.0.1", "203.0.113.9") == ("127.0.0.1", 5)
    assert await asker(("127.0.0.1",), "127.0.0.1", "203.0.113.9", kind="websocket") == ("127.0.0.1", 5)


@given(st.text(max_size=300))
async def test_whatever_it_says_the_asker_is_an_address(text: str) -> None:
    """It goes into records and is asked for by policies."""
    ipaddress.ip_address((await asker(("127.0.0.1",), "127.0.0.1", text))[0])
