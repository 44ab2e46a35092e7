"""Signed tokens of a provider: ID tokens, logout tokens and the bearers of revocations. What is not said to be good here is refused.

Pure but for the key, which the caller finds.
"""

import base64
import binascii
import json
import warnings
from collections.abc import Collection, Mapping
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from msgspec import Struct

from gatebook.identity.oidc.problems import TokenFault

TOKEN_CHARACTERS_MAX: Final = 32 * 1024
LEEWAY_S: Final = 60
"""How far clocks may be apart."""
_TEXT_CHARACTERS_MAX: Final = 1000


class TokenHeader(Struct, frozen=True):
    """What a token says of its own signature; nobody has checked it."""

    alg: str
    kid: str | None
    typ: str | None


class Expected(Struct, frozen=True, kw_only=True):
    """What claims have to say. `now_s` in seconds since 1970."""

    issuer: str
    audience: str
    now_s: float
    nonce: str | None = None


def read_header(token: str, algorithms: Collection[str], types: Collection[str | None] = ()) -> TokenHeader:
    """Look at the header of a compact JWS. Raises TokenFault where it is none, for an algorithm that is not accepted, and for a `typ` not in `types`.

    No `types`: any. They are in small letters and without `application/` (RFC 7515, 4.1.9).
    """
    header = _segment(token, 0)
    alg, kid, typ = (header.get(name) for name in ("alg", "kid", "typ"))
    if not isinstance(alg, str) or not isinstance(kid, str | None) or not isinstance(typ, str | None):
        raise TokenFault("its header cannot be read")
    # Ed25519 is what RFC 9864 calls the EdDSA of before.
    if alg not in algorithms and not (alg == "Ed25519" and "EdDSA" in algorithms):
        raise TokenFault(f"it is signed with {alg[:20]!r}, which this provider's resource does not accept")
    if types and (typ.lower().removeprefix("application/") if typ is not None else None) not in types:
        raise TokenFault("it is a token for something else")
    return TokenHeader(alg, kid, typ)


def unverified_issuer(token: str) -> str:
    """Who a token claims to be from, so that it can be checked against that one's keys. Raises TokenFault."""
    return text_of(_segment(token, 1), "iss")


def verify(token: str, header: TokenHeader, key: Key) -> dict[str, Any]:
    """Check the signature; returns the claims. Raises TokenFault."""
    registry = JWSRegistry(algorithms=[header.alg], strict_check_header=False)
    try:
        with warnings.catch_warnings():
            # EdDSA without a curve is old, and in use.
            warnings.simplefilter("ignore", SecurityWarning)
            return dict(jwt.decode(token, key, algorithms=[header.alg], registry=registry).claims)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenFault("its signature is not good") from error


def check_id_token(claims: Mapping[str, Any], expected: Expected) -> None:
    """OpenID Connect Core 1.0, 3.1.3.7. Raises TokenFault."""
    check_issued(claims, expected)
    text_of(claims, "sub")
    audience = claims["aud"]
    party = claims.get("azp")
    if party is not None and party != expected.audience:
        raise TokenFault("it was issued to another client")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise TokenFault("it is for several clients and does not say to which it was issued")
    if expected.nonce is None or claims.get("nonce") != expected.nonce:
        raise TokenFault("it does not belong to this sign-in")


def check_issued(claims: Mapping[str, Any], expected: Expected) -> None:
    """Issuer, audience and times, which all kinds of tokens have. Raises TokenFault."""
    if claims.get("iss") != expected.issuer:
        raise TokenFault("it is of another issuer")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not 0 < len(named) <= 50 or expected.audience not in named:
        raise TokenFault("it is for somebody else")
    expires_s, issued_s = number_of(claims, "exp"), number_of(claims, "iat")
    if expires_s + LEEWAY_S <= expected.now_s:
        raise TokenFault("it has expired")
    if issued_s - LEEWAY_S > expected.now_s:
        raise TokenFault("it is from the future; are the clocks right?")
    if "nbf" in claims and number_of(claims, "nbf") - LEEWAY_S > expected.now_s:
        raise TokenFault("it is not good yet")


def check_recent(claims: Mapping[str, Any], now_s: float, age_s_max: float) -> None:
    """A signal is about now. Raises TokenFault."""
    if number_of(claims, "iat") + age_s_max + LEEWAY_S < now_s:
        raise TokenFault("it was issued too long ago")


def text_of(claims: Mapping[str, Any], name: str) -> str:
    """A claim that has to be a text. Raises TokenFault."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_CHARACTERS_MAX:
        raise TokenFault(f"its {name} is missing or is not a text")
    return value


def number_of(claims: Mapping[str, Any], name: str) -> float:
    """A claim that has to be a point in time. Raises TokenFault."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise TokenFault(f"its {name} is missing or is not a time")
    return value


def _segment(token: str, place: int) -> dict[str, Any]:
    segments = token.split(".") if len(token) <= TOKEN_CHARACTERS_MAX and token.isascii() else []
    if len(segments) != 3:
        raise TokenFault("it is not a signed token")
    text = segments[place]
    try:
        found = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenFault("it cannot be read") from error
    if not isinstance(found, dict):
        raise TokenFault("it cannot be read")
    return found
