"""What ID tokens and signals have to say beyond what every signed token has to. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gatebook.identity.signed_tokens import LEEWAY_S, BadToken, check_claims, text_of, time_of


class Expected(Struct, frozen=True, kw_only=True):
    """What claims have to say. `now_s` in seconds since 1970."""

    issuer: str
    audience: str
    now_s: float
    nonce: str | None = None


def check_id_token(claims: Mapping[str, Any], expected: Expected) -> None:
    """OpenID Connect Core 1.0, 3.1.3.7. Raises BadToken."""
    check_issued(claims, expected)
    text_of(claims, "sub")
    audience = claims["aud"]
    party = claims.get("azp")
    if party is not None and party != expected.audience:
        raise BadToken("it was issued to another client")
    if isinstance(audience, list) and len(audience) > 1 and party is None:
        raise BadToken("it is for several clients and does not say to which it was issued")
    if expected.nonce is None or claims.get("nonce") != expected.nonce:
        raise BadToken("it does not belong to this sign-in")


def check_issued(claims: Mapping[str, Any], expected: Expected) -> None:
    """Issuer, audience and times, also the one when it was issued. Raises BadToken."""
    check_claims(claims, expected.issuer, (expected.audience,), expected.now_s)
    time_of(claims, "iat")


def check_recent(claims: Mapping[str, Any], now_s: float, age_s_max: float) -> None:
    """A signal is about now. Raises BadToken."""
    if time_of(claims, "iat") + age_s_max + LEEWAY_S < now_s:
        raise BadToken("it was issued too long ago")
