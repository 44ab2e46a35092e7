"""What is asked of a token endpoint, and what is believed of its answer."""

import base64
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest

from gatebook.identity.credentials.discovery import ServerMetadata
from gatebook.identity.credentials.tokens import Client, Grant, Method, Refused, as_itself, method_of, redeem, refresh, revoke
from gatebook.identity.credentials.web import Answer, Reach, Request, WebError

GRANT = Grant(
    access="a1",
    refresh="r1",
    token_endpoint="https://as.example/token",
    revocation_endpoint="https://as.example/revoke",
    client=Client(id="me:1", secret="s cret", method="client_secret_basic"),
    resource="https://crm.example/mcp",
    asked=("a", "b"),
)


class Server:
    """Answers all alike, and keeps what it was asked."""

    def __init__(self, status: int = 200, body: Any = None) -> None:
        self._answer = Answer(status=status, body=msgspec.json.encode(body if body is not None else {"access_token": "new"}))
        self.asked: list[Request] = []

    async def __call__(self, request: Request, reach: Reach) -> Answer:
        self.asked.append(request)
        return self._answer

    def form(self, number: int = 0) -> dict[str, str]:
        """The fields of a request."""
        return {name: values[0] for name, values in parse_qs(self.asked[number].body.decode()).items()}


async def test_a_code_is_redeemed_with_verifier_and_resource() -> None:
    """RFC 7636, RFC 8707. The client proves itself by Basic, its parts escaped (RFC 6749 section 2.3.1)."""
    server = Server(body={"access_token": "new", "token_type": "bearer", "refresh_token": "r", "expires_in": 60, "scope": "a"})
    issued = await redeem(server, GRANT, "code", "verifier", "https://me.example/back")
    fields = server.form()
    assert (fields["code_verifier"], fields["resource"], fields["redirect_uri"]) == ("verifier", GRANT.resource, "https://me.example/back")
    assert base64.b64decode(server.asked[0].headers["authorization"].removeprefix("Basic ")) == b"me%3A1:s%20cret"
    assert "client_secret" not in fields
    assert (issued.access, issued.refresh, issued.scopes) == ("new", "r", ("a",)) and issued.expires_us


@pytest.mark.parametrize(
    ("method", "fields"), [("client_secret_post", {"client_id": "me", "client_secret": "s"}), ("none", {"client_id": "me"})]
)
async def test_a_client_proves_itself_as_agreed(method: Method, fields: dict[str, str]) -> None:
    """In the body, or not at all."""
    server = Server()
    await refresh(server, msgspec.structs.replace(GRANT, client=Client(id="me", secret="s", method=method)))
    assert {name: value for name, value in server.form().items() if name.startswith("client_")} == fields
    assert "authorization" not in server.asked[0].headers


async def test_gatebook_asks_as_itself() -> None:
    """With the scopes of the configuration."""
    server = Server()
    await as_itself(server, GRANT)
    assert (server.form()["grant_type"], server.form()["scope"]) == ("client_credentials", "a b")


@pytest.mark.parametrize(
    ("body", "error"),
    [({"error": "invalid_grant", "error_description": "r1"}, "invalid_grant"), ({"error": "<b>"}, "other"), ([], "other")],
)
async def test_a_refusal_is_a_known_code_and_nothing_else(body: Any, error: str) -> None:
    """What a server writes beside it may hold a token."""
    with pytest.raises(Refused) as caught:
        await refresh(Server(400, body), GRANT)
    assert caught.value.error == error and "r1" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"access_token": "new\r\nx: y"},
        {"access_token": ""},
        {"access_token": "a b"},
        {"access_token": "new", "token_type": "DPoP"},
        {"token": "x"},
        {"access_token": 1},
    ],
)
async def test_a_token_that_cannot_be_sent_is_not_taken(body: dict[str, Any]) -> None:
    """A line break in it would be another header."""
    with pytest.raises(WebError):
        await refresh(Server(body=body), GRANT)


@pytest.mark.parametrize(("given", "known"), [(60, True), ("60", True), (None, False), (-1, False), ("soon", False), (1e300, False)])
async def test_the_life_of_a_token_is_believed_within_reason(given: Any, known: bool) -> None:
    """Without one it is used until it is refused."""
    issued = await refresh(Server(body={"access_token": "new", "expires_in": given}), GRANT)
    assert (issued.expires_us is not None) is known


async def test_a_server_that_is_down_is_not_a_refusal() -> None:
    """A refusal would end the connection."""
    with pytest.raises(WebError, match="HTTP 503"):
        await refresh(Server(503), GRANT)


async def test_both_tokens_are_given_back_where_that_is_offered() -> None:
    """The refresh token first."""
    server = Server()
    assert await revoke(server, GRANT) is True
    assert [server.form(0)["token"], server.form(1)["token"]] == ["r1", "a1"]
    assert await revoke(server, msgspec.structs.replace(GRANT, revocation_endpoint=None)) is False


@pytest.mark.parametrize(("error", "offered"), [("unsupported_token_type", True), ("invalid_client", None)])
async def test_a_server_that_revokes_refresh_tokens_alone_has_revoked(error: str, offered: bool | None) -> None:
    """With the refresh token the grant has ended; access tokens that nobody can take back end by themselves (RFC 7009 sections 2.1, 2.2.1)."""
    asked: list[str] = []

    async def server(request: Request, reach: Reach) -> Answer:
        asked.append(parse_qs(request.body.decode())["token"][0])
        return Answer(status=200) if asked[-1] == "r1" else Answer(status=400, body=msgspec.json.encode({"error": error}))

    if offered is None:
        with pytest.raises(Refused, match=error):
            await revoke(server, GRANT)
    else:
        assert await revoke(server, GRANT) is offered
    assert asked == ["r1", "a1"]
    with pytest.raises(Refused, match=error):
        await revoke(server, msgspec.structs.replace(GRANT, refresh=None))


def test_the_way_a_client_proves_itself_is_one_that_the_server_knows() -> None:
    """Basic where it says nothing (RFC 8414 section 2)."""
    server = ServerMetadata(issuer="i", token_endpoint="t")
    assert method_of(server, secret=True) == "client_secret_basic" and method_of(server, secret=False) == "none"
    server.token_endpoint_auth_methods_supported = ["client_secret_post", "private_key_jwt"]
    assert method_of(server, secret=True) == "client_secret_post"
    server.token_endpoint_auth_methods_supported = ["none"]
    assert method_of(server, secret=True) == "none"
