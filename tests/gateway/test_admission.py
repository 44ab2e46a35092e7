"""Who is let in: Host, Origin and access token, checked before anything else is read."""

import json

import pytest

from gatebook.identity.tokens import make_token
from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import ANN, BOB, Start, call, snapshot, spec
from tests.gateway.plain_http import PING, one_refusal, post, raw


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("127.0.0.1", True),
        ("localhost:9", True),
        ("[::1]:80", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("localhost.evil:80", False),
        ("evil.example:127.0.0.1", False),
        ("LOCALHOST", True),
    ],
)
async def test_host_must_be_ours(gateway: Start, host: str, served: bool) -> None:
    """A name that an attacker may point at us is refused with 421 and a record."""
    async with gateway({}) as running:
        answer = await raw(running, post(json.dumps(PING).encode(), path="/mcp", host=host))
        assert answer.startswith(b"HTTP/1.1 200 " if served else b"HTTP/1.1 421 ")
        if not served:
            assert one_refusal(running).outcome.error_class == "permission"


@pytest.mark.parametrize(
    ("origin", "served"),
    [
        ("http://localhost:3000", True),
        ("http://127.0.0.1", True),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        ("http://[::1", False),
        ("http://localhost.evil.example", False),
        ("file://", False),
        ("http://evil.example/localhost", False),
        ("é", False),
    ],
)
async def test_origin_must_be_ours(gateway: Start, origin: str, served: bool) -> None:
    """A page of another origin is refused with 403 and a record, however odd the value."""
    async with gateway({}) as running:
        answer = await raw(running, post(json.dumps(PING).encode(), f"origin: {origin}", path="/mcp"))
        assert answer.startswith(b"HTTP/1.1 200 " if served else b"HTTP/1.1 403 "), answer
        if not served:
            assert one_refusal(running).outcome.error_class == "permission"


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [(None, "missing"), ("", "missing"), ("Bearer", "malformed"), (f"Basic {ANN}", "malformed"), ("Bearer x y", "malformed"), ("Bearer é", "malformed"), ("Bearer " + "x" * 9000, "malformed"), (f"Bearer {make_token(bytes(32))}", "unknown"), ("Bearer gw_pat_" + "z" * 36, "malformed"), (f"Bearer {ANN}x", "malformed")],
)  # fmt: skip
async def test_without_a_valid_token(gateway: Start, authorization: str | None, reason: str) -> None:
    """401 with the challenge of RFC 9728 and an auth.failed record; the token itself is in neither."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        lines = [] if authorization is None else [f"authorization: {authorization}"]
        request = post(json.dumps(call("ok")).encode(), *lines).replace(f"authorization: Bearer {ANN}\r\n".encode(), b"", 1)
        answer = await raw(running, request)
        head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert f'resource_metadata="{running.url}/.well-known/oauth-protected-resource/mcp/x"' in head
        assert ('error="invalid_token"' in head) == (reason != "missing")
        (record,) = running.records("auth.failed", "call.refused", "call.started")
        assert (record.body.reason, record.body.endpoint, record.body.actor.subject) == (reason, "/mcp/x", "-")  # type: ignore[union-attr]
        assert upstream.requests == []
        if len(authorization or "") > 10:
            assert authorization.encode("latin-1") not in answer


async def test_a_revoked_token(gateway: Start) -> None:
    """A revoked token is 401, and its record names the owner."""
    async with gateway({}) as running:
        running.gate.apply(snapshot({}, 2, without=("bob",)))
        status, _, headers = await running.post("/mcp", PING, token=BOB)
        assert status == 401 and 'error="invalid_token"' in headers["www-authenticate"]
        (record,) = running.records("auth.failed")
        assert record.body.reason == "revoked" and record.body.actor.token == "t-bob"  # type: ignore[union-attr]


async def test_a_challenge_holds_only_what_is_safe(gateway: Start) -> None:
    """The path of a stranger does not get into the header unless it is the name of a connector."""
    async with gateway({}) as running:
        for path in ("/mcp/%22,%20error=x", "/mcp/" + "n" * 300, "/mcp/%C3%A9", "/mcp/a%0d%0ax:y"):
            _, _, headers = await running.post(path, PING, token=None)
            assert (
                headers["www-authenticate"]
                == f'Bearer resource_metadata="{running.url}/.well-known/oauth-protected-resource/mcp", scope="mcp"'
            )


async def test_metadata_and_health(gateway: Start) -> None:
    """The protected resource metadata names the endpoint; health says ok while the book can be written."""
    async with gateway({}) as running:
        async with running.http.get(running.url + "/.well-known/oauth-protected-resource/mcp/x") as response:
            assert (await response.json())["resource"] == f"{running.url}/mcp/x"
        async with running.http.get(running.url + "/healthz") as response:
            assert response.status == 200
        running.gate.recorder.book.close()
        async with running.http.get(running.url + "/healthz") as response:
            assert (response.status, await response.json()) == (503, {"status": "closed"})
