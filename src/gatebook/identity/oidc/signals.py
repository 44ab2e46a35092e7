"""Signals with which an identity provider ends what people have here.

- Back-channel logout (OpenID Connect Back-Channel Logout 1.0): with `sub` everything of the person, with `sid` alone that one session.
- Global token revocation (draft-parecki-oauth-global-token-revocation; Okta calls it Universal Logout): everything of the person.

Each signal is good once, is on the record, and is answered when no worker lets the person in any longer.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity import sessions
from gatebook.identity.cut_off import CutOff, Severed
from gatebook.identity.cutting import Cutting
from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.journal import Journal
from gatebook.identity.oidc.problems import SignalRefused
from gatebook.identity.oidc.providers import Provider, Providers
from gatebook.identity.oidc.tokens import Expected, check_issued, check_recent
from gatebook.identity.signed_tokens import LEEWAY_S, BadToken, peek, text_of
from gatebook.identity.subjects import person_of_email, person_of_subject
from gatebook.identity.used_once import first_time
from gatebook.record.body_access import SignedOut
from gatebook.record.parts import Actor, Source
from gatebook.state.store import bump

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
REVOCATION_PATH: Final = "/global-token-revocation"
_AGE_S_MAX: Final = 5 * 60
_LOGOUT_TYPES: Final = (None, "jwt", "logout+jwt")
_REVOCATION_TYPES: Final = ("global-token-revocation+jwt",)
_logger = logging.getLogger(__name__)
_Cause = Literal["back_channel_logout", "token_revocation"]


class SubjectId(Struct, frozen=True, kw_only=True):
    """Whom a revocation means (RFC 9493)."""

    format: str
    iss: str | None = None
    sub: str | None = None
    email: str | None = None
    id: str | None = None


class _Asked(Struct, frozen=True, kw_only=True):
    """The body of a revocation. Earlier drafts call it `subject`."""

    sub_id: SubjectId | None = None
    subject: SubjectId | None = None


class Signals:
    """Believes providers, and cuts off. Both methods raise SignalRefused, StateError, LogUnavailable."""

    def __init__(self, journal: Journal, providers: Providers, cutting: Cutting, console_url: str) -> None:
        self._journal = journal
        self._providers = providers
        self._cutting = cutting
        self._revocation_url = f"{console_url}{REVOCATION_PATH}"

    async def logout(self, token: str, source: Source) -> None:
        """Take a logout token (2.4 and 2.6). Whom nobody knows here is signed out already."""
        provider, claims = await self._believed(token, 400, types=_LOGOUT_TYPES)
        try:
            sub, sid = (text_of(claims, name) if name in claims else None for name in ("sub", "sid"))
            if sub is None and sid is None:
                raise BadToken("it names neither sub nor sid")
            if "nonce" in claims:
                raise BadToken("it has a nonce, so it is an ID token")
            events = claims.get("events")
            if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
                raise BadToken("its events name no logout")
        except BadToken as fault:
            raise _refused(400, fault) from fault
        severed: list[Severed] = []
        async with self._journal.change() as connection:
            self._use(connection, provider, claims, 400)
            if sub is not None:
                severed = await self._end_all(
                    connection, provider, self._of_subject(connection, provider, sub), source, "back_channel_logout"
                )
            else:
                assert sid is not None
                await self._end_one(connection, provider, sid, source)
        await self._cutting.settle(severed)

    async def revoke(self, bearer: str, body: bytes, source: Source) -> bool:
        """Take a revocation; False when the person is not known."""
        provider, claims = await self._believed(bearer, 401, types=_REVOCATION_TYPES)
        try:
            asked = msgspec.json.decode(body, type=_Asked)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise SignalRefused(400, "invalid_request", "the body is not a JSON object with sub_id") from error
        whom = asked.sub_id or asked.subject
        async with self._journal.change() as connection:
            person = self._of_subject_id(connection, provider, whom)
            self._use(connection, provider, claims, 401)
            severed = await self._end_all(connection, provider, person, source, "token_revocation")
        await self._cutting.settle(severed)
        return bool(severed)

    async def _believed(self, token: str, status: int, types: tuple[str | None, ...]) -> tuple[Provider, dict[str, Any]]:
        """Return whose token it is and its claims, checked but for what its kind asks for."""
        now_s = self._journal.clock.wall_us() / 1_000_000
        try:
            fault = BadToken("it is of an issuer whose signals are not believed here")
            for provider in self._providers.of_issuer(text_of(peek(token)[1], "iss")):
                audience = provider.spec.client_id if status == 400 else self._revocation_url
                try:
                    claims = await provider.verified(token, types)
                    check_issued(claims, Expected(issuer=provider.spec.issuer, audience=audience, now_s=now_s))
                    check_recent(claims, now_s, _AGE_S_MAX)
                    text_of(claims, "jti")
                except BadToken as error:
                    fault = error
                    continue
                return provider, claims
            raise fault
        except BadToken as error:
            raise _refused(status, error) from error
        except ProviderFault as error:
            _logger.warning("a signal cannot be checked: %s", error)
            raise SignalRefused(503, "temporarily_unavailable", "the keys of the issuer cannot be fetched now; send it again") from error

    def _use(self, connection: Connection, provider: Provider, claims: Mapping[str, Any], status: int) -> None:
        now_us = self._journal.clock.wall_us()
        expires_us = round(max(claims["exp"], claims["iat"] + _AGE_S_MAX) + 2 * LEEWAY_S) * 1_000_000
        if not first_time(connection, provider.spec.issuer, claims["jti"], expires_us, now_us):
            raise _refused(status, BadToken("it was used already"))

    def _of_subject(self, connection: Connection, provider: Provider, sub: str) -> str | None:
        return person_of_subject(connection, provider.spec.issuer, sub, by_external_id="sub" in provider.spec.link_claims)

    def _of_subject_id(self, connection: Connection, provider: Provider, whom: SubjectId | None) -> str | None:
        match whom:
            case SubjectId(format="iss_sub", iss=str(iss), sub=str(sub)) if sub:
                # A provider speaks for its own people only.
                return self._of_subject(connection, provider, sub) if iss == provider.spec.issuer else None
            case SubjectId(format="email", email=str(email)) if email:
                return person_of_email(connection, email, provider.spec.issuer, provisioned=provider.spec.link_email)
            case SubjectId(format="opaque", id=str(id)) if id:
                return person_of_subject(connection, provider.spec.issuer, id, by_external_id=bool(provider.spec.link_claims))
        raise SignalRefused(400, "invalid_request", "sub_id has to be of the format iss_sub, email or opaque, with its members")

    async def _end_all(
        self, connection: Connection, provider: Provider, person: str | None, source: Source, cause: _Cause
    ) -> list[Severed]:
        if person is None:
            return []
        actor = self._actor(provider)
        order = CutOff(id=f"cut_{secrets.token_hex(6)}", person=person, cause=cause, by=f"idp:{provider.name}", deactivate=False)
        severed = await self._cutting.within(connection, order, actor)
        bump(connection)
        owner = self._journal.subject_of(person)
        body = SignedOut(cause=cause, owner=owner, actor=actor, sessions=severed.sessions, provider=provider.name, source=source)
        await self._journal.record(body, owner)
        return [severed]

    async def _end_one(self, connection: Connection, provider: Provider, sid: str, source: Source) -> None:
        ended = sessions.end_at_provider(connection, provider.spec.issuer, sid)
        if ended:
            bump(connection)
        for session in ended:
            owner = self._journal.subject_of(session.person)
            body = SignedOut(
                cause="back_channel_logout",
                owner=owner,
                actor=self._actor(provider),
                sessions=1,
                session=session.id,
                provider=provider.name,
                source=source,
            )
            await self._journal.record(body, owner)

    def _actor(self, provider: Provider) -> Actor:
        return Actor(subject=self._journal.subject_of(f"idp:{provider.name}"), kind="service", auth="signal")


def _refused(status: int, fault: BadToken) -> SignalRefused:
    return SignalRefused(status, "invalid_token" if status == 401 else "invalid_request", f"the token is refused: {fault}")
