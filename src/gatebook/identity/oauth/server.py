"""The authorization server of one keeper: its parts, and its HTTP endpoints for programs. The pages for people are the console's."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gatebook.identity.issuers.keys import IssuerKeys
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import metadata
from gatebook.identity.oauth.assertions import Assertions
from gatebook.identity.oauth.authentication import ClientAuthentication
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.consenting import Consenting
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.guarded_fetch import GuardedFetch
from gatebook.identity.oauth.issuing import Issuing
from gatebook.identity.oauth.registry import Registry
from gatebook.identity.oauth.rules import read_asserting, read_rules
from gatebook.log.errors import LogUnavailable
from gatebook.record.parts import Source
from gatebook.state.store import StateError

_BODY_BYTES_MAX: Final = 64 * 1024
_FIELDS_MAX: Final = 30
_HEADERS: Final = {"cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff"}
_logger = logging.getLogger(__name__)
_Handler = Callable[[Request], Awaitable[Response]]


class Outside(Struct, frozen=True):
    """What the server reads elsewhere: documents of clients, and keys of identity providers."""

    fetch: GuardedFetch
    keys: IssuerKeys


class AuthorizationServer:
    """Built once per keeper. `issuer` and `mcp_url` have no final slash."""

    def __init__(
        self,
        journal: Journal,
        issuer: str,
        mcp_url: str,
        in_force: Callable[[int], Awaitable[None]],
        outside: Outside | None = None,
    ) -> None:
        reading = outside or Outside(GuardedFetch(), IssuerKeys())
        self._journal = journal
        self._issuer = issuer
        self.registry = Registry(journal, reading.fetch)
        self.consenting = Consenting(journal, self.registry, issuer, mcp_url)
        authentication = ClientAuthentication(journal, self.registry, reading.fetch, issuer)
        self.issuing = Issuing(journal, authentication, Assertions(journal, reading.keys, issuer, mcp_url), in_force, mcp_url)

    def routes(self) -> list[BaseRoute]:
        """The endpoints for programs, with absolute paths."""
        return [
            Route(metadata.SERVER_PATH, _answering(self._metadata), methods=["GET"]),
            Route(metadata.TOKEN_PATH, _answering(self._token), methods=["POST"]),
            Route(metadata.REGISTER_PATH, _answering(self._register), methods=["POST"]),
            Route(metadata.REVOKE_PATH, _answering(self._revoke), methods=["POST"]),
        ]

    async def _metadata(self, _request: Request) -> Response:
        with self._journal.store.read() as connection:
            rules, asserting = read_rules(connection), read_asserting(connection)
        return _json(metadata.server(self._issuer, rules, assertions=bool(asserting)))

    async def _token(self, request: Request) -> Response:
        issued = await self.issuing.token(await _form(request), request.headers.get("authorization"), _source(request))
        answer = {"access_token": issued.access_token, "token_type": "Bearer", "expires_in": issued.expires_in, "scope": issued.scope}
        return _json(answer | ({"refresh_token": issued.refresh_token} if issued.refresh_token else {}))

    async def _register(self, request: Request) -> Response:
        added = await self.registry.register(await _body(request), _source(request))
        return _json(_registered(added.client, added.secret), 201)

    async def _revoke(self, request: Request) -> Response:
        await self.issuing.revoke(await _form(request), request.headers.get("authorization"), _source(request))
        return Response(status_code=200, headers=_HEADERS)


def _registered(client: Client, secret: str | None) -> dict[str, Any]:
    """RFC 7591 section 3.2.1: all that was registered; a secret does not expire by itself."""
    answer = {
        "client_id": client.id,
        "client_id_issued_at": client.created_us // 1_000_000,
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": client.authentication,
    }
    return answer | ({"client_secret": secret, "client_secret_expires_at": 0} if secret else {})


def _answering(handler: _Handler) -> _Handler:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except OAuthError as error:
            response = _json({"error": error.code, "error_description": str(error)}, error.status)
            if error.status == 401 and "authorization" in request.headers:
                response.headers["www-authenticate"] = 'Basic realm="gatebook"'  # RFC 6749 section 5.2
            return response
        except (LogUnavailable, StateError) as error:
            _logger.error("the authorization server cannot answer: %s", error)
            text = "nothing was done, because it cannot be recorded now; try again in a moment"
            return _json({"error": "temporarily_unavailable", "error_description": text}, 503)

    return answer


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; one that comes twice is refused (RFC 6749 section 3.2), an empty one counts as absent."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "the body must be application/x-www-form-urlencoded")
    if request.url.query:
        raise OAuthError("invalid_request", "parameters belong into the body, never into the address")
    try:
        pairs = parse_qsl((await _body(request)).decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise OAuthError("invalid_request", "the body is no form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthError("invalid_request", "a parameter is given twice")
    return {name: value for name, value in fields.items() if value}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_BYTES_MAX:
            raise OAuthError("invalid_request", f"the body is larger than {_BODY_BYTES_MAX} bytes", 413)
    return bytes(body)


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, _HEADERS, "application/json")


def _source(request: Request) -> Source:
    host, port = request.client or ("", 0)
    return Source(ip=host, port=port)
