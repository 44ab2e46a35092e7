"""JSON Web Tokens of others: what is not said to be good here is refused.

The engine (joserfc) is imported when the first one comes: a gateway worker whose identity providers issue none stays as small as it was.
"""

import base64
import binascii
import warnings
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec
from msgspec import Struct

if TYPE_CHECKING:
    from joserfc.jwk import Key

CHARACTERS_MAX: Final = 32 * 1024
"""An ID token that names two hundred groups fits."""
LEEWAY_S: Final = 30
"""How far clocks may be apart."""
_AUDIENCES_MAX: Final = 50
_TEXT_CHARACTERS_MAX: Final = 1000
_TYPES_OF_KEYS: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}

Reason = Literal["malformed", "signature", "issuer", "audience", "expired", "keys"]


class BadToken(Exception):
    """A token is refused. The text is a sentence that quotes nothing of the token but its algorithm; `reason` is for the record.

    With the reason `keys` nothing can be said of it, because the keys of its issuer cannot be had now.
    """

    def __init__(self, text: str, reason: Reason = "signature") -> None:
        super().__init__(text)
        self.reason: Reason = reason


class TokenHeader(Struct, frozen=True):
    """What a token says of its own signature; nobody has checked it."""

    alg: str
    kid: str | None
    typ: str | None


def looks_signed(text: str) -> bool:
    """Whether a text has the shape of a JSON Web Token; none of our own has."""
    return text.startswith("eyJ") and text.count(".") == 2


def peek(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand there, believed by nobody yet. Raises BadToken."""
    if len(text) > CHARACTERS_MAX or text.count(".") != 2:
        raise BadToken("it is not a signed token", "malformed")
    try:
        header, claims = (msgspec.json.decode(_bytes(part), type=dict[str, Any]) for part in text.split(".")[:2])
    except (ValueError, RecursionError):
        raise BadToken("it is not a signed token", "malformed") from None
    return header, claims


def read_header(text: str, algorithms: Collection[str], types: Collection[str | None] = ()) -> TokenHeader:
    """Look at the header of a compact JWS. Raises BadToken where it is none, for an algorithm that is not accepted, and for a `typ` not in `types`.

    No `types`: any. They are in small letters and without `application/` (RFC 7515, 4.1.9).
    """
    header, _ = peek(text)
    alg, kid, typ = (header.get(name) for name in ("alg", "kid", "typ"))
    if not isinstance(alg, str) or not isinstance(kid, str | None) or not isinstance(typ, str | None):
        raise BadToken("its header cannot be read", "malformed")
    # Ed25519 is what RFC 9864 calls the EdDSA of before.
    if alg not in algorithms and not (alg == "Ed25519" and "EdDSA" in algorithms):
        raise BadToken(f"it is signed with {alg[:20]!r}, which is not accepted")
    if types and (typ.lower().removeprefix("application/") if typ is not None else None) not in types:
        raise BadToken("it is a token for something else", "malformed")
    return TokenHeader(alg, kid, typ)


def usable(listed: Iterable[object]) -> tuple["Key", ...]:
    """The keys of a JWK set that can verify a signature; others are left out."""
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry

    found: list[Key] = []
    for one in listed:
        # A symmetric key in a public document is known to everybody.
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC", "OKP") or one.get("use", "sig") != "sig":
            continue
        if not all(isinstance(one.get(name), str | None) for name in ("kid", "alg", "crv")):
            continue
        try:
            found.append(JWKRegistry.import_key(one))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
    return tuple(found)


def pick(keys: Iterable["Key"], header: TokenHeader) -> "Key | None":
    """The key that a header means."""
    kid, alg = header.kid, header.alg
    wanted = _TYPES_OF_KEYS.get(alg[:2])
    fitting = [key for key in keys if (kid is None or key.kid == kid) and key.alg in (None, alg) and key.key_type == wanted]
    # Without a kid only a single key that fits leaves no doubt (OpenID Connect Core 1.0, 10.1).
    return fitting[0] if fitting and (kid is not None or len(fitting) == 1) else None


def verify(text: str, header: TokenHeader, key: "Key | None") -> dict[str, Any]:
    """Check the signature; returns the claims. Raises BadToken, also where there is no key."""
    from joserfc import jwt
    from joserfc.errors import JoseError, SecurityWarning
    from joserfc.jws import JWSRegistry

    if key is None:
        raise BadToken("it is signed with a key that its issuer does not publish")
    registry = JWSRegistry(algorithms=[header.alg], strict_check_header=False)
    try:
        with warnings.catch_warnings():
            # EdDSA without a curve is old, and in use.
            warnings.simplefilter("ignore", SecurityWarning)
            return dict(jwt.decode(text, key, algorithms=[header.alg], registry=registry).claims)
    except (JoseError, ValueError, TypeError, RecursionError):
        raise BadToken("its signature is not good") from None


def check_claims(claims: Mapping[str, Any], issuer: str, audiences: Collection[str], now_s: float) -> None:
    """Check iss, aud and exp, which all kinds of tokens have, and nbf and iat where they are there. Raises BadToken."""
    if claims.get("iss") != issuer:
        raise BadToken("it is of another issuer", "issuer")
    if not audiences_of(claims) & set(audiences):
        raise BadToken("it is for another audience", "audience")
    if time_of(claims, "exp") + LEEWAY_S <= now_s:
        raise BadToken("it has expired", "expired")
    if "iat" in claims and time_of(claims, "iat") - LEEWAY_S > now_s:
        raise BadToken("it is from the future, so it is not valid yet; are the clocks right?", "expired")
    if "nbf" in claims and time_of(claims, "nbf") - LEEWAY_S > now_s:
        raise BadToken("it is not valid yet", "expired")


def audiences_of(claims: Mapping[str, Any]) -> set[str]:
    """For whom a token is. Raises BadToken for a list that is too long."""
    named = claims.get("aud")
    listed = named if isinstance(named, list) else [named]
    if len(listed) > _AUDIENCES_MAX:
        raise BadToken("it is for too many audiences", "audience")
    return {one for one in listed if isinstance(one, str)}


def text_of(claims: Mapping[str, Any], name: str) -> str:
    """A claim that has to be a text. Raises BadToken."""
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _TEXT_CHARACTERS_MAX:
        raise BadToken(f"its {name} is missing or is not a text", "malformed")
    return value


def time_of(claims: Mapping[str, Any], name: str) -> float:
    """A claim that has to be a point in time, in seconds since 1970. Raises BadToken."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise BadToken(f"its {name} is missing or is not a time", "expired")
    return value


def _bytes(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError from error
