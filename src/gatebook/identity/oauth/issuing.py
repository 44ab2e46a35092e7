"""The token endpoint: codes, refresh tokens and identity assertions against access tokens; and revocation. Each outcome is on the record.

A refusal that ends something (a code or refresh token that comes a second time) must be kept, so transactions return it and it is raised after them.
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity import accounts
from gatebook.identity.directory import make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import clients, grants, requests
from gatebook.identity.oauth.assertions import LIFE_S as ASSERTED_LIFE_S
from gatebook.identity.oauth.assertions import Assertions
from gatebook.identity.oauth.authentication import ClientAuthentication, proof_of
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.grants import Grant
from gatebook.identity.oauth.metadata import JWT_BEARER
from gatebook.identity.oauth.rules import read_rules
from gatebook.record.body_clients import GrantChanged
from gatebook.record.parts import Actor, Source
from gatebook.state.ai_clients import AiClientsSpec
from gatebook.state.snapshot import Person
from gatebook.state.store import bump

_DAY_S: Final = 86_400
_VERIFIER_MAX: Final = 128
By = Literal["consent", "code", "refresh", "assertion", "client", "person", "administrator"]
Action = Literal["created", "issued", "refused", "revoked", "reused"]


class Issued(Struct, frozen=True, kw_only=True):
    """What a client gets. `revision`: that of state from which the access token is known."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str | None
    revision: int


class Asking(Struct, frozen=True, kw_only=True):
    """One request to the endpoint, of a client that has proved who it is."""

    client: Client
    form: Mapping[str, str]
    source: Source


class Issuing:
    """Issues and revokes tokens. `in_force` waits until workers know a revision, so that a new token is good when its client gets it."""

    def __init__(
        self,
        journal: Journal,
        authentication: ClientAuthentication,
        assertions: Assertions,
        in_force: Callable[[int], Awaitable[None]],
        mcp_url: str,
    ) -> None:
        self._journal = journal
        self._authentication = authentication
        self._assertions = assertions
        self._in_force = in_force
        self._mcp_url = mcp_url

    async def token(self, form: Mapping[str, str], authorization: str | None, source: Source) -> Issued:
        """Answer a request to the token endpoint. Raises OAuthError, LogUnavailable, StateError."""
        kind = form.get("grant_type", "")
        reader = await self._assertions.signer(form, proof_of(form, authorization).id) if kind == JWT_BEARER else None
        client = await self._authentication.client_of(form, authorization, reader=reader)
        asking = Asking(client=client, form=form, source=source)
        match kind:
            case "authorization_code":
                issued = await self._code(asking)
            case "refresh_token":
                issued = await self._refresh(asking)
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                issued = await self._assertion(asking)
            case _:
                raise OAuthError("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
        if isinstance(issued, OAuthError):
            raise issued
        await self._in_force(issued.revision)
        return issued

    async def revoke(self, form: Mapping[str, str], authorization: str | None, source: Source) -> None:
        """End the grant of a token (RFC 7009); a token that is unknown, or another client's, is none of the client's business. Raises as `token`."""
        client = await self._authentication.client_of(form, authorization)
        secret = form.get("token", "")
        if not secret:
            raise OAuthError("invalid_request", "token is missing")
        async with self._journal.change() as connection:
            id = grants.grant_of_token(connection, secret)
            grant = grants.find_grant(connection, id) if id else None
            if grant is None or grant.client != client.id:
                return
            if grants.end(connection, grant, "client", self._journal.clock.wall_us()):
                bump(connection)
                await self._record(connection, "revoked", grant, "client", source=source)

    async def _code(self, asking: Asking) -> Issued | OAuthError:
        secret, now_us = asking.form.get("code", ""), self._journal.clock.wall_us()
        async with self._journal.change() as connection:
            code = grants.find_code(connection, secret)
            grant = grants.find_grant(connection, code.grant_id) if code else None
            if code is None or grant is None or grant.client != asking.client.id:
                return OAuthError("invalid_grant", "the code is not known")
            if code.used_us is not None:
                return await self._reused(connection, grant, "code", asking.source)
            grants.use_code(connection, secret, now_us)
            if code.expires_us <= now_us or not grants.session_is_open(connection, code.wanted.session, now_us):
                return OAuthError("invalid_grant", "the code is no longer good")
            wrong = _mismatch(code.wanted, asking.form)
            if wrong is not None:
                return wrong
            return await self._issue(connection, asking, grant, "code")

    async def _refresh(self, asking: Asking) -> Issued | OAuthError:
        secret, now_us = asking.form.get("refresh_token", ""), self._journal.clock.wall_us()
        async with self._journal.change() as connection:
            known = grants.find_refresh(connection, secret)
            grant = grants.find_grant(connection, known.grant_id) if known else None
            if known is None or grant is None or grant.client != asking.client.id:
                return OAuthError("invalid_grant", "the refresh token is not known")
            if known.used_us is not None:
                return await self._reused(connection, grant, "refresh", asking.source)
            if known.expires_us <= now_us:
                return OAuthError("invalid_grant", "the refresh token has expired")
            if "resource" in asking.form and requests.target(asking.form["resource"], self._mcp_url)[0] != grant.resource:
                return OAuthError("invalid_target", "the grant is for another resource")
            scopes = tuple(asking.form.get("scope", "").split()) or grant.scopes
            if not set(scopes) <= set(grant.scopes):
                return OAuthError("invalid_scope", f"the grant is for {' '.join(grant.scopes)}")
            grants.use_refresh(connection, secret, now_us)
            return await self._issue(connection, asking, grant, "refresh", scopes)

    async def _assertion(self, asking: Asking) -> Issued | OAuthError:
        asserted = await self._assertions.check(asking.client, asking.form)
        now_us = self._journal.clock.wall_us()
        async with self._journal.change() as connection:
            person = self._assertions.use(connection, asserted, now_us)
            if isinstance(person, OAuthError):
                return person
            wanted = requests.Wanted(
                client=asking.client.id,
                redirect_uri="",
                explicit=False,
                challenge="",
                resource=asserted.resource,
                scopes=asserted.scopes,
                session="",
            )
            grant = grants.add_grant(connection, person, wanted, now_us, ASSERTED_LIFE_S)
            await self._record(connection, "created", grant, "assertion", source=asking.source)
            return await self._issue(connection, asking, grant, "assertion")

    async def _issue(
        self, connection: Connection, asking: Asking, grant: Grant, by: By, scopes: tuple[str, ...] | None = None
    ) -> Issued | OAuthError:
        """Issue tokens of a grant, if it and its person are still good."""
        now_us = self._journal.clock.wall_us()
        person = accounts.find_person(connection, grant.person)
        if person is None or not person.active or person.epoch != grant.epoch or not grant.is_live(now_us):
            return OAuthError("invalid_grant", "the person's access has ended; sign in again")
        rules = read_rules(connection)
        life_s = ASSERTED_LIFE_S if by == "assertion" else rules.access_minutes * 60
        secret, token = grants.add_access(connection, grant, scopes or grant.scopes, now_us, life_s)
        refresh = None if by == "assertion" else grants.add_refresh(connection, grant, now_us, refresh_life_s(rules))
        clients.note_use(connection, grant.client, now_us)
        revision = bump(connection)
        more = GrantFacts(token=token.id, expires=token.expires_us)
        await self._record(connection, "issued", grant, by, more, source=asking.source)
        return Issued(access_token=secret, expires_in=life_s, scope=" ".join(token.scopes), refresh_token=refresh, revision=revision)

    async def _reused(self, connection: Connection, grant: Grant, by: By, source: Source) -> OAuthError:
        """A second time means that somebody else has it too: nobody keeps anything (RFC 9700 section 4.14)."""
        if grants.end(connection, grant, f"{by} reused", self._journal.clock.wall_us()):
            bump(connection)
            await self._record(connection, "reused", grant, by, source=source)
        return OAuthError("invalid_grant", "it was used before, so everything that came of it has ended; sign in again")

    async def _record(
        self, connection: Connection, action: Action, grant: Grant, by: By, more: "GrantFacts | None" = None, *, source: Source
    ) -> None:
        person = accounts.find_person(connection, grant.person) or Person(id=grant.person)
        owner = make_principal(person, self._journal.subject_of(person.id), "oauth")
        actor = Actor(subject=owner.subject, kind=owner.kind, auth="oauth")
        await record_grant(
            self._journal, GrantRecord(action=action, grant=grant, by=by, actor=actor, source=source, more=more), owner.identity
        )


class GrantFacts(Struct, frozen=True, kw_only=True):
    """The access token that was issued."""

    token: str
    expires: int | None


class GrantRecord(Struct, frozen=True, kw_only=True):
    """What is put on the record about a grant."""

    action: Action
    grant: Grant
    by: By
    actor: Actor
    source: Source | None
    more: GrantFacts | None = None


async def record_grant(journal: Journal, one: GrantRecord, identity: bytes) -> None:
    """Put it on the record, sealed with the key of the person whose grant it is. Raises LogUnavailable."""
    owner = journal.subject_of(one.grant.person)
    body = GrantChanged(
        action=one.action,
        client=one.grant.client,
        owner=owner,
        actor=one.actor,
        grant=one.grant.id or None,
        resource=one.grant.resource,
        scopes=one.grant.scopes,
        token=one.more.token if one.more else None,
        expires=one.more.expires if one.more else None,
        by=one.by,
        source=one.source,
    )
    await journal.record(body, owner, [("identity", identity)])


def refresh_life_s(rules: AiClientsSpec) -> int:
    """How long a refresh token is good for."""
    return rules.refresh_days * _DAY_S


def _mismatch(wanted: requests.Wanted, form: Mapping[str, str]) -> OAuthError | None:
    """What is different at the token endpoint from what was asked for at the beginning."""
    given = form.get("redirect_uri")
    if given != wanted.redirect_uri if wanted.explicit else given not in (None, wanted.redirect_uri):
        return OAuthError("invalid_grant", "redirect_uri is not that of the request")
    verifier = form.get("code_verifier", "")
    hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    if not 43 <= len(verifier) <= _VERIFIER_MAX or not hmac.compare_digest(hashed, wanted.challenge.encode()):
        return OAuthError("invalid_grant", "code_verifier does not fit")
    if "resource" in form and form["resource"].removesuffix("/") != wanted.resource:
        return OAuthError("invalid_target", "resource is not that of the request")
    return None
