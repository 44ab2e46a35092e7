"""Identity assertions (ID-JAG): a client brings what the company's identity provider says of a person, in place of asking the person.

Sources: draft-ietf-oauth-identity-assertion-authz-grant, RFC 7523 section 3, MCP enterprise-managed authorization.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity import signed_tokens
from gatebook.identity.issuers.keys import IssuerKeys
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import requests, targets
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.rules import read_asserting, read_rules
from gatebook.identity.oidc.claims import read_claims
from gatebook.identity.signed_tokens import BadToken
from gatebook.identity.subjects import Ambiguous, find_subject
from gatebook.identity.used_once import JTI_MAX, first_time
from gatebook.state.cut_offs import last_cut_us
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.snapshot import Person

LIFE_S: Final = 600
_TYPE: Final = "oauth-id-jag+jwt"
_AGE_S_MAX: Final = 3600


class Asserted(Struct, frozen=True, kw_only=True):
    """A valid assertion. `person` is not looked up yet, `jti` not used up."""

    provider: IdentityProviderSpec
    claims: dict[str, Any]
    resource: str
    scopes: tuple[str, ...]


class Assertions:
    """Checks identity assertions. `issuer` is our own; `keys` are those of the identity providers."""

    def __init__(self, journal: Journal, keys: IssuerKeys, issuer: str, mcp_url: str) -> None:
        self._journal = journal
        self._keys = keys
        self._issuer = issuer
        self._mcp_url = mcp_url

    async def check(self, client: Client, form: Mapping[str, str]) -> Asserted:
        """Check who signed it, for whom, and what for. Raises OAuthError."""
        with self._journal.store.read() as connection:
            rules, providers = read_rules(connection), read_asserting(connection)
        if client.authentication == "none" and not (client.kind == "cimd" and client.host in rules.assertion_hosts):
            text = "identity assertions are accepted from clients with a secret or a key, and from hosts that an administrator has listed"
            raise OAuthError("unauthorized_client", text)
        try:
            provider, claims = await self._signed(form.get("assertion", ""), providers)
            now_s = self._journal.clock.wall_us() / 1e6
            signed_tokens.check_claims(claims, provider.issuer, (self._issuer,), now_s)
            self._check(claims, client, now_s)
        except BadToken as error:
            raise OAuthError("invalid_grant", f"the assertion is refused: {error}") from None
        resource, connector = self._target(claims, form)
        return Asserted(provider=provider, claims=claims, resource=resource, scopes=_scopes(claims, form, connector))

    async def signer(self, form: Mapping[str, str], client: str) -> str | None:
        """The provider that has signed the assertion for the client of this id; None where none has, and nothing is to be read for a stranger."""
        with self._journal.store.read() as connection:
            providers = read_asserting(connection)
        try:
            provider, claims = await self._signed(form.get("assertion", ""), providers)
        except BadToken:
            return None
        return provider.issuer if claims.get("client_id") == client else None

    async def _signed(self, text: str, providers: Mapping[str, IdentityProviderSpec]) -> tuple[IdentityProviderSpec, dict[str, Any]]:
        header, said = signed_tokens.peek(text)
        if str(header.get("typ", "")).lower() != _TYPE:
            raise BadToken(f"its typ is not {_TYPE}")
        provider = providers.get(str(said.get("iss")))
        if provider is None:
            raise BadToken("its issuer is no identity provider whose assertions are accepted here")
        return provider, await self._keys.claims(text, provider.issuer, provider.algorithms)

    def _check(self, claims: Mapping[str, Any], client: Client, now_s: float) -> None:
        if signed_tokens.audiences_of(claims) != {self._issuer}:
            raise BadToken("it is for another audience as well")
        if claims.get("client_id") != client.id:
            raise BadToken("it was made for another client")
        sub, jti = claims.get("sub"), claims.get("jti")
        if not isinstance(sub, str) or not sub:
            raise BadToken("it names nobody")
        if not isinstance(jti, str) or not 0 < len(jti) <= JTI_MAX:
            raise BadToken("it has no jti")
        if "iat" not in claims or claims["iat"] < now_s - _AGE_S_MAX or claims["exp"] > now_s + _AGE_S_MAX:
            raise BadToken(f"it was not made lately, or lasts longer than {_AGE_S_MAX} s")

    def _target(self, claims: Mapping[str, Any], form: Mapping[str, str]) -> tuple[str, str]:
        """The resource of the assertion rules; what the client asks for must be that."""
        said, asked = claims.get("resource"), form.get("resource")
        if said is not None and not isinstance(said, str):
            raise OAuthError("invalid_target", "the assertion names its resource in a way that cannot be read")
        found = requests.target(said if said is not None else asked, self._mcp_url)
        if asked is not None and requests.target(asked, self._mcp_url) != found:
            raise OAuthError("invalid_target", "the assertion is for another resource")
        return found

    def use(self, connection: Connection, asserted: Asserted, now_us: int) -> Person | OAuthError:
        """Find the person and use the assertion up, in the caller's transaction."""
        expires_us = int((asserted.claims["exp"] + signed_tokens.LEEWAY_S) * 1e6)
        if not first_time(connection, asserted.provider.issuer, asserted.claims["jti"], expires_us, now_us):
            return OAuthError("invalid_grant", "the assertion is refused: it was used before")
        person = _person(connection, asserted)
        if person is None or not person.active:
            return OAuthError("invalid_grant", "the assertion is refused: it names nobody who may sign in here")
        if asserted.claims["iat"] * 1e6 < last_cut_us(connection, person.id):
            return OAuthError("invalid_grant", "the assertion is refused: the person was cut off since it was made")
        return person


def _person(connection: Connection, asserted: Asserted) -> Person | None:
    who = read_claims(asserted.provider, asserted.claims)
    # A person at a screen can be asked to look; here only the plain word counts that an address was verified.
    verified = asserted.provider.link_email and asserted.claims.get("email_verified") is True
    try:
        found = find_subject(connection, who.issuer, who.sub, who.keys, who.email if verified else "")
    except Ambiguous:
        return None
    return None if found is None else found.person


def _scopes(claims: Mapping[str, Any], form: Mapping[str, str], connector: str) -> tuple[str, ...]:
    """What the provider lets the client ask for, of what it asks for."""
    try:
        wanted = targets.granted(form.get("scope"), connector)
        said = claims.get("scope")
        if not isinstance(said, str) or not said:
            return wanted
        return targets.common(wanted, targets.granted(said, connector))
    except targets.ScopeRefused as error:
        raise OAuthError("invalid_scope", str(error)) from None
