"""Sign-in of a person at an identity provider: authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 9700).

Every refusal is a `SignInProblem` with a sentence for the person, and on the record; so is every sign-in, before it is in force.
"""

import json
import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.identity import sessions, sign_in
from gatebook.identity.approvers import ADMINS
from gatebook.identity.crowding import Crowd, network_of
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.journal import Journal
from gatebook.identity.oidc import attempts
from gatebook.identity.oidc.addresses import START, back_to, is_local
from gatebook.identity.oidc.attempts import Attempt
from gatebook.identity.oidc.claims import Claimed, read_claims
from gatebook.identity.oidc.linking import Bound, Found, link
from gatebook.identity.oidc.problems import SignInProblem
from gatebook.identity.oidc.providers import Provider, Providers
from gatebook.identity.oidc.sign_outs import SignOuts
from gatebook.identity.oidc.tokens import Expected, check_id_token
from gatebook.identity.person_records import record_person
from gatebook.identity.sessions import Opening, Session
from gatebook.identity.signed_tokens import BadToken
from gatebook.identity.tokens import digest
from gatebook.identity.used_once import first_time
from gatebook.record.body_access import SignedIn, SignedOut, SignInFailed
from gatebook.record.parts import Actor, Source
from gatebook.state.store import bump

CALLBACK_PATH: Final = "/idp/callback"
SECRET_PURPOSE: Final = "sign-in at identity providers 1"
"""For `Vault.derive`."""
_ANEW: Final = "Begin again from the sign-in page."
_IN_ADDRESS: Final = ("id_token", "access_token", "token", "refresh_token", "session")
_NOBODY: Final = Actor(subject="-", kind="anonymous", auth="none")
_CODE_CHARACTERS_MAX: Final = 4096
REFUSALS_OF_ONE: Final = 30
"""So many refusals of one network are written down one by one in a minute."""
_REFUSALS_OF_ALL: Final = 600
_logger = logging.getLogger(__name__)


class Visitor(Struct, frozen=True, kw_only=True):
    """A browser that comes back. `browser` is the secret of its sign-in, `session` that of a session that it had before; either may be empty."""

    browser: str
    source: Source
    user_agent: str = ""
    session: str = ""


class Entered(Struct, frozen=True, kw_only=True):
    """Somebody is signed in. `secret` goes into the cookie."""

    secret: str
    session: Session
    principal: Principal
    return_to: str
    hint: str = ""
    """For the cookie by which sign-out is told to the provider; empty where it is not."""


class SignIns:
    """Sends people to identity providers and takes them back. `key`: 32 bytes of `Vault.derive(SECRET_PURPOSE)`."""

    def __init__(self, journal: Journal, providers: Providers, key: bytes, console_url: str) -> None:
        self.providers = providers
        self._journal = journal
        self._key = key
        self._redirect_uri = f"{console_url}{CALLBACK_PATH}"
        self.outs = SignOuts(providers, key, console_url)
        self._refusals = Crowd(REFUSALS_OF_ONE, _REFUSALS_OF_ALL)

    async def begin(self, name: str, return_to: str, browser: str, source: Source) -> str:
        """The address at the provider to which the browser goes; `browser` is a new secret of it. Raises SignInProblem, StateError, LogUnavailable."""
        try:
            return await self._begin(name, return_to or START, browser)
        except SignInProblem as problem:
            await self._refused(problem, source)
            raise

    async def finish(self, params: Mapping[str, str], visitor: Visitor) -> Entered:
        """Take somebody back whom a provider sends. Raises SignInProblem, StateError, LogUnavailable."""
        try:
            return await self._finish(params, visitor)
        except SignInProblem as problem:
            await self._refused(problem, visitor.source)
            raise

    async def claim(self, secret: str, browser: str) -> bool:
        """Use up a link for an administrator, for the next sign-in of this browser; whether it is one that is good. Raises StateError."""
        async with self._journal.change() as connection:
            return sign_in.claim_link(connection, secret, browser, self._journal.clock.wall_us()) is not None

    def claimed(self, browser: str) -> bool:
        """Whether the next sign-in of this browser makes its person an administrator."""
        with self._journal.store.read() as connection:
            return sign_in.claimed_link(connection, browser, self._journal.clock.wall_us()) is not None

    async def _begin(self, name: str, return_to: str, browser: str) -> str:
        provider = self.providers.find(name)
        if provider is None:
            raise SignInProblem("provider", f"Nobody signs in there. {_ANEW}")
        if not is_local(return_to):
            raise SignInProblem("return_to", f"The address to which you would return is not one of this console. {_ANEW}", name)
        try:
            metadata = await provider.metadata()
        except ProviderFault as fault:
            raise _of_fault(provider, fault) from fault
        state = attempts.seal_attempt(self._key, browser, name, back_to(return_to), self._journal.clock.wall_us())
        fields = {
            "response_type": "code",
            "client_id": provider.spec.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(provider.spec.scopes),
            "state": state,
            "nonce": attempts.derive(self._key, "nonce", state, browser),
            "code_challenge": attempts.challenge(attempts.derive(self._key, "verifier", state, browser)),
            "code_challenge_method": "S256",
        }
        sign = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{sign}{urlencode(fields)}"

    async def _finish(self, params: Mapping[str, str], visitor: Visitor) -> Entered:
        if any(name in params for name in _IN_ADDRESS):
            text = "A token came in the address, where it can be read by others; it is not used. The client at the identity provider has to use the code flow."
            raise SignInProblem("token_in_address", text)
        state = params.get("state", "")
        provider, attempt = self._open(state, visitor)
        try:
            who, id_token = await self._who(provider, params, state, visitor.browser)
            entered = await self._enter(provider, (state, attempt), who, visitor)
        except ProviderFault as fault:
            raise _of_fault(provider, fault) from fault
        except BadToken as fault:
            text = f"What {provider.title} sent cannot be trusted: {fault}. Tell an administrator; until then, nobody signs in like this."
            raise SignInProblem("token", text, provider.name) from fault
        return replace(entered, hint=self.outs.hint(provider, id_token))

    def _open(self, state: str, visitor: Visitor) -> tuple[Provider, Attempt]:
        attempt = attempts.open_attempt(self._key, state, visitor.browser, self._journal.clock.wall_us())
        if attempt is None:
            raise _over()
        provider = self.providers.find(attempt.provider)
        if provider is None:
            raise SignInProblem("provider", f"Nobody signs in there any longer. {_ANEW}", attempt.provider)
        return provider, attempt

    async def _who(self, provider: Provider, params: Mapping[str, str], state: str, browser: str) -> tuple[Claimed, str]:
        metadata = await provider.metadata()
        # RFC 9207, 2.4: also with an error, and missing only where the provider does not send it.
        issuer = params.get("iss")
        if issuer != metadata.issuer and (issuer is not None or metadata.names_issuer):
            raise SignInProblem("issuer", f"The answer came from another identity provider than {provider.title}. {_ANEW}", provider.name)
        if "error" in params:
            text = f"{provider.title} did not sign you in. Is Gatebook assigned to you there? Ask whoever looks after it, or begin again."
            raise SignInProblem("denied", text, provider.name)
        code = params.get("code", "")
        if not 0 < len(code) <= _CODE_CHARACTERS_MAX:
            raise SignInProblem("code", f"{provider.title} sent no code. {_ANEW}", provider.name)
        status, answer = await provider.redeem(code, attempts.derive(self._key, "verifier", state, browser), self._redirect_uri)
        id_token = answer.get("id_token")
        if status != 200 or not isinstance(id_token, str):
            raise SignInProblem("code", _unredeemed(provider, status, answer), provider.name)
        claims = await provider.verified(id_token)
        expected = Expected(
            issuer=provider.spec.issuer,
            audience=provider.spec.client_id,
            now_s=self._journal.clock.wall_us() / 1_000_000,
            nonce=attempts.derive(self._key, "nonce", state, browser),
        )
        check_id_token(claims, expected)
        return read_claims(provider.spec, await _completed(provider, claims, answer.get("access_token"))), id_token

    async def _enter(self, provider: Provider, begun: tuple[str, Attempt], who: Claimed, visitor: Visitor) -> Entered:
        now_us, secret = self._journal.clock.wall_us(), secrets.token_urlsafe(32)
        state, attempt = begun
        async with self._journal.change() as connection:
            if not first_time(connection, attempts.USED_AS, digest(state), attempt.expires_us, now_us):
                raise _over(provider.name)
            held = sign_in.claimed_link(connection, visitor.browser, now_us)
            bound = Bound(person=held.person, group=ADMINS) if held is not None else None
            try:
                found = link(connection, provider.name, provider.spec, who, bound, now_us)
            except SignInProblem as problem:
                problem.provider = provider.name
                problem.claims = {"issuer": who.issuer, "sub": who.sub, "email": who.email, "name": who.name}
                raise
            sign_in.drop_claimed(connection, visitor.browser)
            before = sessions.close_session(connection, visitor.session, now_us) if visitor.session else None
            opening = Opening(
                person=found.person.id,
                epoch=found.person.epoch,
                auth="oidc",
                user_agent=visitor.user_agent,
                issuer=who.issuer,
                sub=who.sub,
                sid=who.sid,
            )
            session = sessions.open_session(connection, secret, opening, now_us)
            principal = make_principal(found.person, self._journal.subject_of(found.person.id), "session")
            await self._record(connection, provider, found, session, visitor, before)
        return Entered(secret=secret, session=session, principal=principal, return_to=attempt.return_to)

    async def _record(
        self, connection: Connection, provider: Provider, found: Found, session: Session, visitor: Visitor, before: Session | None
    ) -> None:
        revision = bump(connection)
        principal = make_principal(found.person, self._journal.subject_of(found.person.id), "session")
        reason = "the first sign-in after `gatebook bootstrap`" if found.by_link else f"sign-in at {provider.name}"
        for change in found.changes:
            await record_person(self._journal, connection, change, revision, principal, reason)
        actor = Actor(subject=principal.subject, kind=principal.kind, auth="oidc")
        identity = [("identity", principal.identity)]
        if before is not None:
            owner = self._journal.subject_of(before.person)
            out = SignedOut(cause="signed_in_again", owner=owner, actor=actor, sessions=1, session=before.id, source=visitor.source)
            await self._journal.record(out, owner)
        body = SignedIn(actor=actor, source=visitor.source, session=session.id, provider=provider.name, linked=found.linked)
        await self._journal.record(body, principal.subject, identity)  # type: ignore[arg-type]

    async def _refused(self, problem: SignInProblem, source: Source) -> None:
        """Put it on the record. What comes too often from one network is counted, and the number stands before the next refusal that is written."""
        if not self._refusals.admit(network_of(source.ip)):
            return
        if more := self._refusals.take_turned_away():
            detail = f"{more} more were refused, from networks of which many are on the record"
            many = SignInFailed(reason="overloaded", actor=_NOBODY, source=Source(ip="", port=0), detail=detail)
            await self._journal.record(many, "-")
        body = SignInFailed(reason=problem.reason, actor=_NOBODY, source=source, provider=problem.provider, detail=str(problem)[:300])
        parts = [("identity", json.dumps(problem.claims).encode())] if problem.claims else []
        await self._journal.record(body, self._journal.subject_of("\0".join(problem.claims.values())), parts)  # type: ignore[arg-type]


async def _completed(provider: Provider, claims: dict[str, Any], access_token: object) -> dict[str, Any]:
    """Add what the ID token leaves to the userinfo endpoint; what it says itself counts (OpenID Connect Core 1.0, 5.3.2 and 5.4)."""
    wanted = {"name", "email", *provider.spec.link_claims, *((provider.spec.groups_claim,) if provider.spec.groups_claim else ())}
    if wanted <= claims.keys() or not isinstance(access_token, str):
        return claims
    try:
        more = await provider.userinfo(access_token)
    except ProviderFault as fault:
        _logger.warning("no further claims from %s: %s", provider.name, fault)
        return claims
    if more.get("sub") != claims["sub"]:
        return claims
    # An address and the word that it was verified belong together.
    kept = {"email", "email_verified"} if "email" in claims else set()
    return {**{name: value for name, value in more.items() if name not in kept}, **claims}


def _over(provider: str | None = None) -> SignInProblem:
    text = f"This sign-in was not begun in this browser, took longer than ten minutes, or is finished already. {_ANEW}"
    return SignInProblem("state", text, provider)


def _unredeemed(provider: Provider, status: int, answer: Mapping[str, Any]) -> str:
    if answer.get("error") == "invalid_client" or status == 401:
        return f"{provider.title} does not accept this console's client id or secret. Tell an administrator to check the resource IdentityProvider."
    return f"{provider.title} did not accept the code that it had sent. {_ANEW}"


def _of_fault(provider: Provider, fault: ProviderFault) -> SignInProblem:
    _logger.warning("identity provider %s: %s", provider.name, fault)
    if fault.down:
        text = f"{provider.title} does not answer now, so nobody can sign in there. Try again in a moment; whoever is signed in stays so."
        return SignInProblem("provider_down", text, provider.name)
    text = f"{provider.title} cannot be used for sign-in as it is set up: {fault}. Tell an administrator."
    return SignInProblem("provider_wrong", text, provider.name)
