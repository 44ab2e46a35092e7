"""A person is asked whether a client may act for them, and answers. The pages are the console's."""

import secrets
from collections.abc import Mapping

from msgspec import Struct

from gatebook.identity import accounts
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import clients, grants, redirects, requests
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.oauth.grants import Grant
from gatebook.identity.oauth.issuing import GrantRecord, record_grant, refresh_life_s
from gatebook.identity.oauth.registry import Registry
from gatebook.identity.oauth.requests import Wanted
from gatebook.identity.oauth.rules import read_rules
from gatebook.identity.tokens import digest
from gatebook.record.parts import Source
from gatebook.state.store import bump

_GONE = "This request is over: it was answered already, is older than ten minutes, or began in another browser. Begin again in the app."


class Question(Struct, frozen=True, kw_only=True):
    """What a client asks of a person."""

    wanted: Wanted
    client: Client


class Begun(Struct, frozen=True, kw_only=True):
    """A request that was taken: `id` under which it waits, or `answer` to send straight back to the client."""

    id: str = ""
    answer: str = ""


class Consenting:
    """Takes requests of clients, and the answers of people. `issuer` is our own."""

    def __init__(self, journal: Journal, registry: Registry, issuer: str, mcp_url: str) -> None:
        self._journal = journal
        self._registry = registry
        self._issuer = issuer
        self._mcp_url = mcp_url

    async def begin(self, values: Mapping[str, str], session_secret: str) -> Begun:
        """Take the request of a client, in a person's console session. Raises OAuthError for what only the person may be told."""
        client = await self._registry.find(values.get("client_id", ""), reader=digest(session_secret))
        redirect_uri = requests.redirect_of(client, values)
        try:
            wanted = requests.read(client, values, redirect_uri, self._mcp_url, digest(session_secret))
        except OAuthError as error:
            # Whoever registers themselves could make this an open redirect (RFC 9700 section 4.11.2).
            if client.kind == "dcr":
                raise
            said = [("error", error.code), ("error_description", str(error)), ("state", values.get("state")), ("iss", self._issuer)]
            return Begun(answer=redirects.answered(redirect_uri, said))
        id = secrets.token_urlsafe(24)
        async with self._journal.change() as connection:
            requests.keep(connection, id, wanted, self._journal.clock.wall_us())
        return Begun(id=id)

    async def question(self, id: str, session_secret: str) -> Question:
        """The request that waits for the person. Raises OAuthError."""
        with self._journal.store.read() as connection:
            wanted = requests.find(connection, id, digest(session_secret), self._journal.clock.wall_us())
        if wanted is None:
            raise OAuthError("invalid_request", _GONE)
        return Question(wanted=wanted, client=await self._registry.find(wanted.client, reader=wanted.session))

    async def answer(self, id: str, session_secret: str, who: Principal, source: Source, *, allow: bool) -> str:
        """Take the person's answer; returns where to send them. Raises OAuthError, LogUnavailable, StateError."""
        asked = await self.question(id, session_secret)
        wanted, now_us = asked.wanted, self._journal.clock.wall_us()
        async with self._journal.change() as connection:
            person = accounts.find_person(connection, who.person)
            if not requests.forget(connection, id) or person is None or not person.active:
                raise OAuthError("invalid_request", _GONE)
            if not allow:
                grant = Grant(
                    id="", person=who.person, client=wanted.client, resource=wanted.resource, scopes=wanted.scopes, epoch=0, created_us=0
                )
                bump(connection)
                await self._record("refused", grant, who, source)
                return self._back(wanted, [("error", "access_denied"), ("error_description", "the person said no")])
            grant = grants.add_grant(connection, person, wanted, now_us, refresh_life_s(read_rules(connection)))
            code = grants.add_code(connection, grant, wanted, now_us)
            clients.note_use(connection, wanted.client, now_us)
            bump(connection)
            await self._record("created", grant, who, source)
        return self._back(wanted, [("code", code)])

    async def _record(self, action: str, grant: Grant, who: Principal, source: Source) -> None:
        made = GrantRecord(
            action="created" if action == "created" else "refused", grant=grant, by="consent", actor=who.actor, source=source
        )
        await record_grant(self._journal, made, who.identity)

    def _back(self, wanted: Wanted, said: list[tuple[str, str | None]]) -> str:
        # RFC 9207: the client checks `iss`, so that no other server's answer is taken for ours.
        return redirects.answered(wanted.redirect_uri, [*said, ("state", wanted.state), ("iss", self._issuer)])
