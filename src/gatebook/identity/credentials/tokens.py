"""What is asked of an authorization server: registration, codes against tokens, renewal, revocation. The answers' texts are never passed on."""

import asyncio
import base64
import contextlib
import time
from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from gatebook.identity.credentials.discovery import ServerMetadata, covers, same_host
from gatebook.identity.credentials.web import Answer, Fetch, Reach, Request, WebError, encode, post_form, read_json

Method = Literal["client_secret_basic", "client_secret_post", "none"]
_METHODS: tuple[Method, ...] = ("client_secret_basic", "client_secret_post", "none")
_HAND_BACK_S = 10.0
_LIFE_S_MAX = 10 * 365 * 86_400
_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
        "unsupported_token_type",
    }
    | {"access_denied", "invalid_redirect_uri", "invalid_client_metadata", "temporarily_unavailable", "server_error"}
)


class Refused(Exception):
    """The authorization server said no; `error` is its code (RFC 6749 section 5.2), `other` where it is none of the known ones."""

    def __init__(self, error: str) -> None:
        super().__init__(f"the authorization server refused: {error}")
        self.error = error


class Client(Struct, frozen=True, kw_only=True):
    """What an authorization server knows Gatebook as."""

    id: str
    secret: str | None = None
    method: Method = "none"


class Grant(Struct, frozen=True, kw_only=True):
    """All that is needed to use a credential and to renew it: what is sealed in its box. `asked` are the scopes that were asked for.

    `address` is that of the connector that it was got for: it goes to no other host.
    """

    access: str = ""
    refresh: str | None = None
    issuer: str = ""
    token_endpoint: str = ""
    revocation_endpoint: str | None = None
    client: Client | None = None
    address: str = ""
    resource: str | None = None
    asked: tuple[str, ...] = ()
    reach: Reach = "public"

    def is_for(self, url: str, resource: str | None) -> bool:
        """Whether it may go to the connector at `url`; `resource` is the one that its configuration names."""
        named = self.resource or ""
        return same_host(self.address, url) and (named == resource if resource else named == url or covers(named, url))


class Issued(Struct, frozen=True, kw_only=True):
    """What a token endpoint gave. `scopes` None: those that were asked for."""

    access: str
    refresh: str | None
    expires_us: int | None
    scopes: tuple[str, ...] | None


class _TokenAnswer(Struct):
    access_token: str
    token_type: str = "Bearer"
    expires_in: float | str | None = None
    refresh_token: str | None = None
    scope: str | None = None


class _Error(Struct):
    error: str = "other"


class _Registered(Struct):
    client_id: str
    client_secret: str | None = None
    token_endpoint_auth_method: str | None = None


async def register(fetch: Fetch, server: ServerMetadata, reach: Reach, redirect_uri: str, scopes: tuple[str, ...]) -> Client:
    """Register Gatebook (RFC 7591). Raises Refused, WebError."""
    assert server.registration_endpoint is not None
    # In the body where there is a choice: servers made with the SDK of MCP look for the secret there when a token is given back.
    offered = server.token_endpoint_auth_methods_supported or ()
    method = "client_secret_post" if "client_secret_post" in offered else method_of(server, secret=True)
    metadata = {
        "client_name": "Gatebook",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "application_type": "web" if redirect_uri.startswith("https:") else "native",
        **({"scope": " ".join(scopes)} if scopes else {}),
    }
    headers = {"content-type": "application/json", "accept": "application/json"}
    answer = await fetch(Request(method="POST", url=server.registration_endpoint, headers=headers, body=encode(metadata)), reach)
    if answer.status not in (200, 201):
        raise _refused(answer)
    made = read_json(answer, "the registration", _Registered)
    given = next((each for each in _METHODS if each == made.token_endpoint_auth_method), None)
    return Client(id=made.client_id, secret=made.client_secret, method=given or (method if made.client_secret is not None else "none"))


def method_of(server: ServerMetadata | None, *, secret: bool) -> Method:
    """How a client proves itself at the token endpoint; without a word from the server Basic is the default (RFC 8414 section 2)."""
    if not secret:
        return "none"
    offered = server.token_endpoint_auth_methods_supported if server is not None else None
    return next((each for each in _METHODS if offered is None or each in offered), "client_secret_basic")


async def redeem(fetch: Fetch, grant: Grant, code: str, verifier: str, redirect_uri: str) -> Issued:
    """Exchange a code for tokens. Raises Refused, WebError."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier}
    return await _token(fetch, grant, fields)


async def refresh(fetch: Fetch, grant: Grant) -> Issued:
    """Renew tokens. Raises Refused, WebError."""
    return await _token(fetch, grant, {"grant_type": "refresh_token", "refresh_token": grant.refresh})


async def as_itself(fetch: Fetch, grant: Grant) -> Issued:
    """Get a token by client credentials. Raises Refused, WebError."""
    return await _token(fetch, grant, {"grant_type": "client_credentials", "scope": " ".join(grant.asked) or None})


async def revoke(fetch: Fetch, grant: Grant) -> bool:
    """Give tokens back (RFC 7009); False when the server offers no way. Raises Refused, WebError."""
    if grant.revocation_endpoint is None or grant.client is None:
        return False
    # The refresh token first: with it the access tokens of the grant end as well (RFC 7009 section 2.1).
    for token, hint in ((grant.refresh, "refresh_token"), (grant.access, "access_token")):
        if token:
            fields, headers = _proof(grant.client)
            answer = await post_form(
                fetch, grant.revocation_endpoint, grant.reach, {**fields, "token": token, "token_type_hint": hint}, headers
            )
            if answer.status >= 500:
                raise WebError(f"the authorization server answered HTTP {answer.status}")
            if answer.status != 200 and not (_has_no_way(answer) and hint == "access_token" and grant.refresh):
                raise _refused(answer)
    return True


async def hand_back(fetch: Fetch, grant: Grant) -> None:
    """Give back what nobody keeps, as far as that can be done at once."""
    with contextlib.suppress(Refused, WebError, TimeoutError):
        async with asyncio.timeout(_HAND_BACK_S):
            await revoke(fetch, grant)


async def _token(fetch: Fetch, grant: Grant, fields: Mapping[str, str | None]) -> Issued:
    assert grant.client is not None
    proof, headers = _proof(grant.client)
    answer = await post_form(fetch, grant.token_endpoint, grant.reach, {**fields, **proof, "resource": grant.resource}, headers)
    if answer.status >= 500:
        raise WebError(f"the authorization server answered HTTP {answer.status}")
    if answer.status != 200:
        raise _refused(answer)
    given = read_json(answer, "the token endpoint", _TokenAnswer)
    if given.token_type.lower() != "bearer" or not _sendable(given.access_token):
        raise WebError("the token endpoint gave a token that cannot be used as a bearer token")
    scopes = None if given.scope is None else tuple(given.scope.split())
    return Issued(access=given.access_token, refresh=given.refresh_token or None, expires_us=_expires_us(given.expires_in), scopes=scopes)


def _proof(client: Client) -> tuple[dict[str, str], dict[str, str]]:
    """Fields and headers by which the client proves itself (RFC 6749 section 2.3.1)."""
    if client.method == "client_secret_basic" and client.secret is not None:
        pair = f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}"
        # Servers made with the SDK of MCP look for the id in the body as well.
        return {"client_id": client.id}, {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    if client.method == "client_secret_post" and client.secret is not None:
        return {"client_id": client.id, "client_secret": client.secret}, {}
    return {"client_id": client.id}, {}


def _refused(answer: Answer) -> Refused:
    error = _error(answer)
    return Refused(error if error in _ERRORS else "other")


def _has_no_way(answer: Answer) -> bool:
    """Whether tokens of this kind are not revoked there; the grant has ended with its refresh token (RFC 7009 sections 2.1, 2.2.1)."""
    return _error(answer) == "unsupported_token_type"


def _error(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_Error).error
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return "other"


def _sendable(token: str) -> bool:
    return 0 < len(token) <= 16_384 and token.isascii() and all(" " < character < "\x7f" for character in token)


def _expires_us(life_s: float | str | None) -> int | None:
    try:
        life = float(life_s) if life_s is not None else None
    except ValueError:
        return None
    if life is None or not 0 <= life <= _LIFE_S_MAX:
        return None
    return time.time_ns() // 1000 + int(life * 1_000_000)
