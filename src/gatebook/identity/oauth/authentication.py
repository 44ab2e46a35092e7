"""Which client asks, at the token and revocation endpoints: RFC 6749 section 2.3, RFC 7523 section 2.2."""

import base64
import binascii
import hmac
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

import msgspec
from msgspec import Struct

from gatebook.identity import signed_tokens
from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.issuers.keys import KeyRing
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import described
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.errors import OAuthError, unknown_client
from gatebook.identity.oauth.guarded_fetch import FetchRefused, GuardedFetch
from gatebook.identity.oauth.metadata import SIGNATURES, TOKEN_PATH
from gatebook.identity.oauth.registry import Registry
from gatebook.identity.signed_tokens import BadToken, TokenHeader
from gatebook.identity.tokens import digest
from gatebook.identity.used_once import JTI_MAX, first_time, live

if TYPE_CHECKING:
    from joserfc.jwk import Key

_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE_S_MAX: Final = 600
_RINGS_MAX: Final = 500
ASSERTIONS_MAX: Final = 5000
"""So many assertions of one client are kept at a time, each until it has expired."""


class Proof(Struct, frozen=True, kw_only=True):
    """What a request says of its client: its id, and how it proves it."""

    id: str
    secret: str | None = None
    assertion: str | None = None


class ClientAuthentication:
    """Finds the client of a request, and has it prove that it is the one."""

    def __init__(self, journal: Journal, registry: Registry, fetch: GuardedFetch, issuer: str) -> None:
        self._journal = journal
        self._registry = registry
        self._fetch = fetch
        self._issuer = issuer
        self._rings: OrderedDict[str, KeyRing] = OrderedDict()

    async def client_of(self, form: Mapping[str, str], authorization: str | None, *, reader: str | None = None) -> Client:
        """The client. `reader`: for whom the document of one that was never seen is read. Raises OAuthError."""
        proof = proof_of(form, authorization)
        client = await self._registry.find(proof.id, reader=reader)
        if client.authentication == "none":
            if proof.secret or proof.assertion:
                raise unknown_client("this client has no secret and no key")
        elif client.authentication == "private_key_jwt":
            await self._check_signed(client, proof.assertion)
        elif not proof.secret or client.secret_sha256 is None or not hmac.compare_digest(digest(proof.secret), client.secret_sha256):
            raise unknown_client("the client's secret is missing or wrong")
        return client

    async def _check_signed(self, client: Client, assertion: str | None) -> None:
        if assertion is None:
            raise unknown_client("this client signs its requests (private_key_jwt)")
        now_us = self._journal.clock.wall_us()
        try:
            header = signed_tokens.read_header(assertion, SIGNATURES)
            claims = signed_tokens.verify(assertion, header, await self._key_of(client, header))
            signed_tokens.check_claims(claims, client.id, (self._issuer, self._issuer + TOKEN_PATH), now_us / 1e6)
        except BadToken as error:
            raise unknown_client(f"the client's assertion is refused: {error}") from None
        jti, expires_us = claims.get("jti"), int(claims["exp"] * 1e6)
        if claims.get("sub") != client.id or not isinstance(jti, str) or not 0 < len(jti) <= JTI_MAX:
            raise unknown_client("the client's assertion is refused: it needs sub, its own id, and a jti")
        if expires_us > now_us + (_LIFE_S_MAX + signed_tokens.LEEWAY_S) * 1_000_000:
            raise unknown_client(f"the client's assertion is refused: it lasts longer than {_LIFE_S_MAX} s")
        async with self._journal.change() as connection:
            if live(connection, client.id, now_us) >= ASSERTIONS_MAX:
                raise OAuthError("slow_down", "this client has signed very many requests lately; try again in some minutes", 429)
            fresh = first_time(connection, client.id, jti, expires_us + signed_tokens.LEEWAY_S * 1_000_000, now_us)
        if not fresh:
            raise unknown_client("the client's assertion is refused: it was used before")

    async def _key_of(self, client: Client, header: TokenHeader) -> "Key | None":
        if client.keys is not None:
            return signed_tokens.pick(signed_tokens.usable(client.keys["keys"]), header)
        url = client.keys_url or ""
        if url not in self._rings:
            if len(self._rings) >= _RINGS_MAX:
                self._rings.popitem(last=False)
            self._rings[url] = KeyRing(lambda: self._read_keys(url), time.monotonic)
        try:
            return await self._rings[url].find(header)
        except ProviderFault as fault:
            raise unknown_client(f"the client's keys cannot be used: {fault}") from None

    async def _read_keys(self, url: str) -> dict[str, Any]:
        try:
            return described.public_keys(msgspec.json.decode((await self._fetch.get(url)).body, type=dict))
        except (FetchRefused, msgspec.MsgspecError, OAuthError) as error:
            raise ProviderFault(str(error)) from None


def proof_of(form: Mapping[str, str], authorization: str | None) -> Proof:
    """What a request says of its client. Raises OAuthError where it says nothing, or different things."""
    ways = [name for name in ("client_secret", "client_assertion") if form.get(name)]
    if authorization is not None:
        ways.append("Authorization")
    if len(ways) > 1:
        raise OAuthError("invalid_request", f"a client proves itself in one way, not by {' and '.join(ways)}")
    id, secret = form.get("client_id", ""), form.get("client_secret") or None
    if authorization is not None:
        basic_id, secret = _basic(authorization)
        if id and id != basic_id:
            raise unknown_client("client_id is not that of the Authorization header")
        id = basic_id
    assertion = form.get("client_assertion") or None
    if assertion is not None:
        if form.get("client_assertion_type") != _ASSERTION:
            raise OAuthError("invalid_request", f"client_assertion_type must be {_ASSERTION}")
        id = id or _subject_of(assertion)
    if not id:
        raise unknown_client("client_id is missing")
    return Proof(id=id, secret=secret, assertion=assertion)


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    try:
        id, found, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        found = ""
    if scheme.lower() != "basic" or not found:
        raise unknown_client("the Authorization header is not Basic with a client's id and secret")
    # RFC 6749 section 2.3.1: both are form-encoded before they are put together.
    return unquote_plus(id), unquote_plus(secret)


def _subject_of(assertion: str) -> str:
    try:
        return str(signed_tokens.peek(assertion)[1].get("sub", ""))
    except BadToken:
        return ""
