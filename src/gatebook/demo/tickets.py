"""The demo's second connector: tickets, for which everybody has an account of their own. Its OAuth is that of the MCP SDK, kept in memory.

Run as `python -m gatebook.demo.tickets`; prints its address. Whoever comes to its authorization endpoint is signed in there and agrees at once.
"""

import logging
import secrets
import socket
import sys
import time
from typing import Any

import uvicorn
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from mcp_types import ToolAnnotations

_SCOPES = ["tickets"]
_LIFE_S = 3600
_TICKETS = [
    {"id": 4711, "title": "Label printer prints blank pages", "state": "open"},
    {"id": 4718, "title": "Larkspur cannot see its invoices", "state": "waiting for the customer"},
    {"id": 4720, "title": "New starter needs a laptop", "state": "open"},
]


class Accounts(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Who may do what; a refresh token is good once."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._clients: dict[str, OAuthClientInformationFull] = {}
        self._codes: dict[str, AuthorizationCode] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self._clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self._clients[str(client_info.client_id)] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        code = secrets.token_urlsafe(32)
        self._codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or _SCOPES,
            expires_at=time.time() + 60,
            client_id=str(client.client_id),
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject=secrets.token_hex(4),
        )
        return construct_redirect_uri(str(params.redirect_uri), code=code, state=params.state, iss=self._issuer)

    async def load_authorization_code(self, client: OAuthClientInformationFull, authorization_code: str) -> AuthorizationCode | None:
        return self._codes.get(authorization_code)

    async def exchange_authorization_code(self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode) -> OAuthToken:
        return self._issue(self._codes.pop(authorization_code.code))

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        return self._refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        return self._issue(self._refresh.pop(refresh_token.token))

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self._access.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        self._access = {text: one for text, one in self._access.items() if one.subject != token.subject}
        self._refresh = {text: one for text, one in self._refresh.items() if one.subject != token.subject}

    def _issue(self, of: AuthorizationCode | RefreshToken) -> OAuthToken:
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        same: dict[str, Any] = {"client_id": of.client_id, "scopes": of.scopes, "resource": of.resource, "subject": of.subject}
        self._access[access] = AccessToken(token=access, expires_at=int(time.time()) + _LIFE_S, **same)
        self._refresh[refresh] = RefreshToken(token=refresh, **same)
        return OAuthToken(access_token=access, token_type="Bearer", expires_in=_LIFE_S, refresh_token=refresh, scope=" ".join(of.scopes))


def build(base: str) -> MCPServer[Any]:
    """Return the server that is reached at `base`."""
    settings = AuthSettings.model_validate(
        {
            "issuer_url": base,
            "resource_server_url": f"{base}/mcp",
            "client_registration_options": ClientRegistrationOptions(enabled=True, valid_scopes=_SCOPES, default_scopes=_SCOPES),
            "revocation_options": RevocationOptions(enabled=True),
            "required_scopes": _SCOPES,
            "validate_token_resource": True,
        }
    )
    server: MCPServer[Any] = MCPServer(
        "harbour-pine-tickets", title="Tickets", version="1.4.0", auth_server_provider=Accounts(base), auth=settings
    )

    @server.tool(annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
    def my_tickets(state: str = "") -> list[dict[str, Any]]:
        """List the tickets that you may see, by state if you like."""
        return [ticket for ticket in _TICKETS if state in ("", ticket["state"])]

    return server


def main() -> int:
    """Serve until a signal comes."""
    logging.disable(logging.ERROR)
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(f"{base}/mcp", flush=True)
    app = build(base).streamable_http_app()
    uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
