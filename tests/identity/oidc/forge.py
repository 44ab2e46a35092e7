"""An identity provider that does what a test tells it to: it forges, lies, changes its keys, is slow or dies."""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from gatebook.state.identity_providers import IdentityProviderSpec

CLIENT = "gatebook"
_KEYS = [RSAKey.generate_key(2048, {"kid": f"k{number}", "use": "sig", "alg": "RS256"}) for number in range(3)]


def ago(seconds: float) -> Callable[[int], float]:
    """A time before that of the token that is made; a negative number is after it."""
    return lambda now: now - seconds


def settled(claims: dict[str, Any], now: int) -> dict[str, Any]:
    """Claims as they are signed: with times in place of `ago`, and without those that are None."""
    return {name: value(now) if callable(value) else value for name, value in claims.items() if value is not None}


class Forge:
    """`metadata`, `claims` and `header` are laid over what an honest provider would say; a value of None takes it away."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = list(_KEYS)
        self.published: list[dict[str, Any]] = [_KEYS[0].as_dict(private=False)]
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.userinfo: dict[str, Any] | None = None
        self.answer: dict[str, Any] | None = None
        self.down: set[str] = set()
        self.requests: list[tuple[str, dict[str, str], str]] = []
        self.responses: dict[str, web.Response] = {}
        self._codes: dict[str, dict[str, str]] = {}

    def spec(self, **changes: Any) -> IdentityProviderSpec:
        """The resource for it."""
        return IdentityProviderSpec(**{"issuer": self.issuer, "client_id": CLIENT, **changes})

    def sign(self, claims: dict[str, Any], header: dict[str, Any] | None = None, key: Any = None) -> str:
        """A token of it."""
        full = {"alg": "RS256", "kid": "k0", **(header or {})}
        full = {name: value for name, value in full.items() if value is not None}
        return jwt.encode(full, claims, key or self.keys[0], algorithms=[full["alg"]], default_type=None)

    def grant(self, address: str) -> dict[str, str]:
        """What the browser brings back from an authorization request."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = secrets.token_urlsafe(8)
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def id_token(self, asked: dict[str, str]) -> str:
        """The ID token for an authorization request."""
        now = int(time.time())
        honest = {"iss": self.issuer, "sub": "s-1", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked["nonce"]}
        return self.sign(settled({**honest, **self.claims}, now), self.header)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer as told."""
        self.requests.append((request.path, dict(request.headers), await request.text()))
        if request.path in self.down:
            raise web.HTTPServiceUnavailable
        if request.path in self.responses:
            return self.responses[request.path]
        match request.path:
            case "/.well-known/openid-configuration":
                honest = {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/authorize",
                    "token_endpoint": f"{self.issuer}/token",
                    "jwks_uri": f"{self.issuer}/jwks",
                    "userinfo_endpoint": f"{self.issuer}/userinfo",
                }
                return web.json_response({name: value for name, value in {**honest, **self.metadata}.items() if value is not None})
            case "/jwks":
                return web.json_response({"keys": self.published})
            case "/userinfo" if self.userinfo is not None:
                return web.json_response(self.userinfo)
            case "/token":
                return self._redeem({name: values[0] for name, values in parse_qs(self.requests[-1][2]).items()})
        raise web.HTTPNotFound

    def _redeem(self, form: dict[str, str]) -> web.Response:
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"] or asked["code_challenge_method"] != "S256":
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response(self.answer if self.answer is not None else {"id_token": self.id_token(asked), "access_token": "at"})

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(1 for one in self.requests if one[0] == path)


@asynccontextmanager
async def forging() -> AsyncIterator[Forge]:
    """A provider on a free port."""
    app = web.Application()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    forge = Forge("")
    app.router.add_route("*", "/{path:.*}", forge.handle)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    forge.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield forge
    finally:
        await runner.cleanup()
