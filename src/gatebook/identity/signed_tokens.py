"""JSON Web Tokens of others, and the keys that they are checked with.

The engine (joserfc) is imported when the first one comes: a gateway worker whose identity providers issue none stays as small as it was.
"""

import asyncio
import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

CHARACTERS_MAX: Final = 16_384
LEEWAY_S: Final = 30
_FRESH_S: Final = 600.0
_STALE_S: Final = 86_400.0
_AGAIN_S: Final = 30.0
_BYTES_MAX: Final = 512 * 1024
_TIMEOUT_S: Final = 5.0


Reason = Literal["malformed", "signature", "issuer", "audience", "expired", "keys"]


class BadToken(Exception):
    """A token is refused. The text is a sentence that holds nothing of the token but the name of what is wrong; `reason` is for the record."""

    def __init__(self, text: str, reason: Reason = "signature") -> None:
        super().__init__(text)
        self.reason: Reason = reason


class KeysMissing(BadToken):
    """Nothing can be said of a token, because the keys of its issuer cannot be had now."""

    def __init__(self, text: str) -> None:
        super().__init__(text, "keys")


def looks_signed(text: str) -> bool:
    """Whether a text has the shape of a JSON Web Token; none of our own has."""
    return text.startswith("eyJ") and text.count(".") == 2


def peek(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand there, believed by nobody yet. Raises BadToken."""
    if len(text) > CHARACTERS_MAX or text.count(".") != 2:
        raise BadToken("it is no signed token", "malformed")
    try:
        header, claims = (msgspec.json.decode(_bytes(part), type=dict[str, Any]) for part in text.split(".")[:2])
    except (ValueError, binascii.Error, RecursionError):
        raise BadToken("it is no signed token", "malformed") from None
    return header, claims


def check_claims(claims: dict[str, Any], issuer: str, audiences: Collection[str], now_s: float) -> None:
    """Check iss, aud, exp, nbf and iat. Raises BadToken."""
    if claims.get("iss") != issuer:
        raise BadToken("its issuer is another one", "issuer")
    if not audiences_of(claims) & set(audiences):
        raise BadToken("it is for another audience", "audience")
    expires = claims.get("exp")
    if not isinstance(expires, int | float) or isinstance(expires, bool):
        raise BadToken("it does not say when it expires", "expired")
    if expires <= now_s - LEEWAY_S:
        raise BadToken("it has expired", "expired")
    for name in ("nbf", "iat"):
        if name in claims and (not _number(claims[name]) or claims[name] > now_s + LEEWAY_S):
            raise BadToken("it is not valid yet", "expired")


def audiences_of(claims: dict[str, Any]) -> set[str]:
    """For whom a token is."""
    named = claims.get("aud")
    return {one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)}


def verify(text: str, keys: dict[str, Any], algorithms: Iterable[str]) -> dict[str, Any]:
    """The claims of a token that one of the keys (a JWK set) has signed with one of the algorithms. Raises BadToken."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key
    from joserfc.jws import JWSRegistry

    header, _ = peek(text)
    allowed = list(algorithms)
    if header.get("alg") not in allowed:
        raise BadToken("its signature algorithm is not accepted")
    candidates = [key for key in keys.get("keys", []) if _fits(key, header)]
    if not candidates:
        raise BadToken("its key is not known")
    for key in candidates:
        try:
            registry = JWSRegistry(algorithms=allowed, strict_check_header=False)
            bare = jwt.decode(text, import_key(key), algorithms=allowed, registry=registry)
        except (JoseError, ValueError, TypeError):
            continue
        return dict(bare.claims)
    raise BadToken("its signature does not hold")


class IssuerKeys:
    """The keys of identity providers, by issuer: kept for ten minutes, read anew for a key that is not known, used for a day when they cannot be read."""

    def __init__(self, get: Callable[[str], Awaitable[Any]] | None = None) -> None:
        """`get` reads the JSON at an address; its own unless tests bring one."""
        self._get = get or _get
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}
        self._asked: dict[str, float] = {}
        self._turn = asyncio.Lock()

    async def claims(self, text: str, issuer: str, algorithms: Iterable[str]) -> dict[str, Any]:
        """The claims of a token that the issuer has signed. Raises BadToken, and KeysMissing where its keys cannot be had."""
        header, _ = peek(text)
        kept = await self._keys(issuer, header)
        return verify(text, kept, algorithms)

    async def _keys(self, issuer: str, header: dict[str, Any]) -> dict[str, Any]:
        now_s = time.monotonic()
        if (kept := self._fresh(issuer, header, now_s)) is not None:
            return kept
        async with self._turn:  # one question at a time: many callers with the same new key ask once
            now_s = time.monotonic()
            if (kept := self._fresh(issuer, header, now_s)) is not None:
                return kept
            if now_s - self._asked.get(issuer, -_AGAIN_S) >= _AGAIN_S:
                self._asked[issuer] = now_s
                try:
                    self._kept[issuer] = (now_s, await self._read(issuer))
                except (KeysMissing, TimeoutError, OSError, ValueError):
                    pass
        at_s, keys = self._kept.get(issuer, (-_STALE_S, {}))
        if now_s - at_s >= _STALE_S:
            raise KeysMissing("the keys of its issuer cannot be read now")
        return keys

    def _fresh(self, issuer: str, header: dict[str, Any], now_s: float) -> dict[str, Any] | None:
        at_s, keys = self._kept.get(issuer, (-_STALE_S, {}))
        known = any(_fits(key, header) for key in keys.get("keys", []))
        return keys if known and now_s - at_s < _FRESH_S else None

    async def _read(self, issuer: str) -> dict[str, Any]:
        found = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if not isinstance(found, dict) or found.get("issuer") != issuer:
            raise KeysMissing("its metadata names another issuer")
        address = found.get("jwks_uri")
        if not isinstance(address, str) or urlsplit(address).scheme not in ("https", urlsplit(issuer).scheme):
            raise KeysMissing("its metadata names no keys")
        keys = await self._get(address)
        if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
            raise KeysMissing("its keys are no JWK set")
        return {"keys": [key for key in keys["keys"] if isinstance(key, dict)]}


async def _get(url: str) -> Any:
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
            if answer.status != 200:
                raise KeysMissing("its issuer does not answer")
            body = b""
            async for chunk in answer.content.iter_chunked(_BYTES_MAX + 1):
                body += chunk
                if len(body) > _BYTES_MAX:
                    raise KeysMissing("the metadata of its issuer is too large")
    except aiohttp.ClientError:
        raise KeysMissing("its issuer does not answer") from None
    return msgspec.json.decode(body)


def _fits(key: dict[str, Any], header: dict[str, Any]) -> bool:
    if key.get("use", "sig") != "sig" or key.get("kty") not in ("RSA", "EC", "OKP"):
        return False
    if "alg" in key and key["alg"] != header.get("alg"):
        return False
    return "kid" not in header or "kid" not in key or key["kid"] == header["kid"]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bytes(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
