"""A person connects an account of their own: away to the connector's authorization server and back (OAuth 2.1 with PKCE, RFC 8707, RFC 9207).

Each attempt is bound to the person and to the console session that began it, is good once and for ten minutes, and belongs to one issuer; what was agreed
with it is sealed in state until the browser comes back, so that a restart in between does no harm.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, insert, select

from gatebook.identity.accounts import find_person
from gatebook.identity.credentials import tokens
from gatebook.identity.credentials.box import BoxDamaged, Place, open_box, seal
from gatebook.identity.credentials.discovery import DiscoveryError, Found, discover, scopes_for
from gatebook.identity.credentials.keys import KeyUnknown
from gatebook.identity.credentials.safe import Safe, new_row, put_sealed
from gatebook.identity.credentials.tokens import Client, Grant, Refused, method_of, register
from gatebook.identity.credentials.web import Fetch, Reach, WebError
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.tokens import digest
from gatebook.record.body_credentials import CredentialChanged
from gatebook.state import credentials as rows
from gatebook.state.access_schema import upstream_attempts, upstream_clients
from gatebook.state.connectors import Connector
from gatebook.state.credentials import Row
from gatebook.state.references import SecretUnavailable, resolve
from gatebook.state.store import bump

CALLBACK = "/connect/callback"
DOCUMENT = "/client-metadata.json"
"""The client ID metadata document: where it is, is who Gatebook is."""
LIFE_S = 600
ReachFrom = Callable[[str], Awaitable[Reach]]
"""How near an address lies that an administrator chose."""
_CODE_CHARACTERS_MAX = 4096


class ConnectError(Exception):
    """An account could not be connected; the text says why, for people. `connector` where it is known."""

    def __init__(self, text: str, connector: str | None = None) -> None:
        super().__init__(text)
        self.connector = connector


class Attempt(Struct, frozen=True, kw_only=True):
    """What is kept of a person who is away: sealed, because it holds what redeems the code."""

    url: str
    verifier: str
    issuer: str
    iss_required: bool
    grant: Grant

    @property
    def host(self) -> str:
        """Where the person is sent."""
        return urlsplit(self.url).netloc


class Returned(Struct, frozen=True, kw_only=True):
    """What the browser brings back."""

    state: str
    code: str | None = None
    error: str | None = None
    iss: str | None = None


class Connecting:
    """The keeper's side of connections."""

    def __init__(self, journal: Journal, safe: Safe, fetch: Fetch, reach_from: ReachFrom, console_url: str) -> None:
        self.journal = journal
        self.safe = safe
        self.fetch = fetch
        self._reach_from = reach_from
        self._console_url = console_url

    @property
    def redirect_uri(self) -> str:
        """Where authorization servers send people back to."""
        return self._console_url + CALLBACK

    @property
    def document_url(self) -> str | None:
        """Address of the client ID metadata document; None where it could not be fetched by others: it has to be https."""
        return self._console_url + DOCUMENT if self._console_url.startswith("https://") else None

    def document(self) -> dict[str, object]:
        """The client ID metadata document."""
        return {
            "client_id": self._console_url + DOCUMENT,
            "client_name": "Gatebook",
            "client_uri": self._console_url,
            "redirect_uris": [self.redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "web",
        }

    async def begin(self, connector: Connector, who: Principal, browser: str) -> Attempt:
        """Agree with the connector's authorization server and keep the attempt. `browser` is the hash of the console session. Raises ConnectError."""
        spec, url = connector.spec.credential, connector.spec.url or ""
        if not spec.personal:
            raise ConnectError("Nobody connects an account of their own to this connector.", connector.name)
        try:
            reach = await self._reach_from(url)
            found = await discover(self.fetch, url, spec, reach)
            attempt, state = await self._attempt(connector, who, found, reach)
        except (DiscoveryError, WebError, SecretUnavailable) as error:
            raise ConnectError(_sentence(error), connector.name) from error
        except Refused as error:
            raise ConnectError(
                f"The authorization server does not register Gatebook ({error.error}); an administrator has to.", connector.name
            ) from error
        key_id, box = seal(self.safe.wrapper, Place("attempt", digest(state), connector.name), msgspec.json.encode(attempt))
        now_us = self.journal.clock.wall_us()
        async with self.journal.change() as connection:
            mine = (upstream_attempts.c.person == who.person) & (upstream_attempts.c.connector == connector.name)
            connection.execute(delete(upstream_attempts).where(mine | (upstream_attempts.c.expires_us <= now_us)))
            connection.execute(
                insert(upstream_attempts).values(
                    state_sha256=digest(state),
                    person=who.person,
                    connector=connector.name,
                    browser_sha256=browser,
                    box=box,
                    key_id=key_id,
                    expires_us=now_us + LIFE_S * 1_000_000,
                )
            )
        return attempt

    def pending(self, connector: str, who: Principal, browser: str) -> Attempt | None:
        """The attempt that this session has begun for a connector, while it lasts."""
        table = upstream_attempts
        query = select(table).where((table.c.person == who.person) & (table.c.connector == connector) & (table.c.browser_sha256 == browser))
        with self.safe.store.read() as connection:
            row = connection.execute(query.where(table.c.expires_us > self.journal.clock.wall_us())).mappings().first()
        try:
            return self._opened(row) if row is not None else None
        except (BoxDamaged, KeyUnknown):
            return None

    async def finish(self, returned: Returned, who: Principal, browser: str) -> str:
        """Redeem what the browser brought back; returns the connector's name. Raises ConnectError, LogUnavailable, StateError."""
        async with self.journal.change() as connection:
            row = _take(connection, returned.state, self.journal.clock.wall_us())
        # Used up whatever it is used for: a state that another session brings is worth nothing afterwards.
        if row is None or row["person"] != who.person or not secrets.compare_digest(str(row["browser_sha256"]), browser):
            raise ConnectError("This sign-in was not begun here, is over, or was used already. Begin again.")
        name = str(row["connector"])
        try:
            attempt = self._opened(row)
            code = _checked(attempt, returned)
            issued = await tokens.redeem(self.fetch, attempt.grant, code, attempt.verifier, self.redirect_uri)
        except (ConnectError, Refused, WebError, BoxDamaged, KeyUnknown) as error:
            await self._failed(name, who, error)
            raise ConnectError(_sentence(error), name) from error
        full = msgspec.structs.replace(attempt.grant, access=issued.access, refresh=issued.refresh)
        try:
            await self._keep(name, who, full, issued)
        except ConnectError:
            await tokens.hand_back(self.fetch, full)
            raise
        return name

    async def _attempt(self, connector: Connector, who: Principal, found: Found, reach: Reach) -> tuple[Attempt, str]:
        server, spec = found.server, connector.spec.credential
        if server.authorization_endpoint is None:
            raise DiscoveryError("the authorization server has no page where a person can agree")
        if "S256" not in (server.code_challenge_methods_supported or ()):
            raise DiscoveryError("the authorization server does not protect codes (PKCE with S256), so nobody is sent to it")
        before = self._row(connector.name, who.person)
        scopes = scopes_for(spec, found, _asked(self.safe, before, server.issuer), before.wanted if before is not None else ())
        client = await self._client(connector, found, reach, scopes)
        grant = Grant(
            issuer=server.issuer,
            token_endpoint=server.token_endpoint,
            revocation_endpoint=server.revocation_endpoint,
            client=client,
            address=connector.spec.url or "",
            resource=found.resource,
            asked=scopes,
            reach=reach,
        )
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        params = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": self.redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "resource": found.resource,
            **({"scope": " ".join(scopes)} if scopes else {}),
        }
        # OpenID Connect Core section 11: a refresh token is given for consent that was asked for.
        if "offline_access" in scopes:
            params["prompt"] = "consent"
        mark = "&" if "?" in server.authorization_endpoint else "?"
        url = f"{server.authorization_endpoint}{mark}{urlencode(params)}"
        required = server.authorization_response_iss_parameter_supported is True
        return Attempt(url=url, verifier=verifier, issuer=server.issuer, iss_required=required, grant=grant), state

    async def _client(self, connector: Connector, found: Found, reach: Reach, scopes: tuple[str, ...]) -> Client:
        """Who Gatebook is there: as configured, as its own document says, as it was registered before, else registered now."""
        spec, server = connector.spec.credential, found.server
        if spec.client_id is not None:
            secret = None if spec.client_secret is None else resolve(spec.client_secret, os.environ)
            return Client(id=spec.client_id, secret=secret, method=method_of(server, secret=secret is not None))
        if server.client_id_metadata_document_supported and self.document_url is not None:
            return Client(id=self.document_url)
        if (known := self._known_client(connector.name, server.issuer, scopes)) is not None:
            return known
        if server.registration_endpoint is None:
            raise DiscoveryError("the authorization server lets no client register itself; an administrator sets spec.credential.client_id")
        client = await register(self.fetch, server, reach, self.redirect_uri, scopes)
        await self._remember_client(
            connector.name, server.issuer, _Registration(client=client, redirect_uri=self.redirect_uri, scopes=scopes)
        )
        return client

    def _known_client(self, connector: str, issuer: str, scopes: tuple[str, ...]) -> Client | None:
        table = upstream_clients
        with self.safe.store.read() as connection:
            row = connection.execute(select(table).where((table.c.connector == connector) & (table.c.issuer == issuer))).mappings().first()
        if row is None:
            return None
        try:
            box = open_box(self.safe.wrapper, Place("client", issuer, connector), row["key_id"], row["box"])
            client = msgspec.json.decode(box, type=_Registration)
        except (BoxDamaged, KeyUnknown, msgspec.MsgspecError):
            return None
        # Registered with another address of the console, or for fewer scopes: the server would refuse it.
        return client.client if client.redirect_uri == self.redirect_uri and set(scopes) <= set(client.scopes) else None

    async def _remember_client(self, connector: str, issuer: str, registered: "_Registration") -> None:
        table = upstream_clients
        key_id, box = seal(self.safe.wrapper, Place("client", issuer, connector), msgspec.json.encode(registered))
        async with self.journal.change() as connection:
            connection.execute(delete(table).where((table.c.connector == connector) & (table.c.issuer == issuer)))
            now_us = self.journal.clock.wall_us()
            connection.execute(insert(table).values(connector=connector, issuer=issuer, box=box, key_id=key_id, created_us=now_us))

    async def _keep(self, connector: str, who: Principal, grant: Grant, issued: tokens.Issued) -> None:
        now_us = self.journal.clock.wall_us()
        async with self.journal.change() as connection:
            person = find_person(connection, who.person)
            if person is None or not person.active or person.epoch != who.epoch:
                raise ConnectError("Nobody who was cut off connects an account.", connector)
            row = new_row(connector, who.person, "person", now_us)
            scopes = grant.asked if issued.scopes is None else issued.scopes
            row = msgspec.structs.replace(row, scopes=scopes, expires_us=issued.expires_us)
            stored = put_sealed(connection, self.safe, row, grant)
            bump(connection)
            await self.journal.record(changed("connected", who, stored, grant.issuer), who.subject, [("identity", who.identity)])

    async def _failed(self, connector: str, who: Principal, error: Exception) -> None:
        body = CredentialChanged(
            action="failed", actor=who.actor, connector=connector, kind="person", owner=who.subject, detail=_sentence(error)[:300]
        )
        await self.journal.record(body, who.subject, [("identity", who.identity)])

    def _row(self, connector: str, person: str) -> Row | None:
        with self.safe.store.read() as connection:
            return rows.find(connection, connector, person)

    def _opened(self, row: RowMapping) -> Attempt:
        place = Place("attempt", str(row["state_sha256"]), str(row["connector"]))
        return msgspec.json.decode(open_box(self.safe.wrapper, place, str(row["key_id"]), str(row["box"])), type=Attempt)


class _Registration(Struct):
    client: Client
    redirect_uri: str
    scopes: tuple[str, ...] = ()


def changed(action: str, who: Principal, row: Row, issuer: str | None = None, detail: str | None = None) -> CredentialChanged:
    """The record of a change to a person's own credential."""
    owner = who.subject if row.owner == who.person else "connector"
    return CredentialChanged(
        action=action,  # type: ignore[arg-type]
        actor=who.actor,
        credential=row.id,
        connector=row.connector,
        kind=row.kind,
        owner=owner,
        scopes=row.scopes,
        issuer=issuer,
        version=row.version,
        detail=detail,
    )


def _take(connection: Connection, state: str, now_us: int) -> RowMapping | None:
    """Use an attempt up."""
    table, hash = upstream_attempts, digest(state)
    row = connection.execute(select(table).where(table.c.state_sha256 == hash)).mappings().first()
    connection.execute(delete(table).where(table.c.state_sha256 == hash))
    return row if row is not None and row["expires_us"] > now_us else None


def _checked(attempt: Attempt, returned: Returned) -> str:
    """The code, when the answer comes from the server that was asked (RFC 9207 section 2.4: compared as text, before anything else is believed)."""
    if returned.iss is not None and returned.iss != attempt.issuer:
        raise ConnectError("The answer comes from another authorization server than the one that was asked.")
    if returned.iss is None and attempt.iss_required:
        raise ConnectError("The answer does not say which authorization server it comes from, as this one promises to.")
    if returned.error is not None:
        text = "You did not agree." if returned.error == "access_denied" else "The authorization server could not do it."
        raise ConnectError(text)
    if not returned.code or len(returned.code) > _CODE_CHARACTERS_MAX:
        raise ConnectError("The answer brings no code.")
    return returned.code


def _asked(safe: Safe, row: Row | None, issuer: str) -> tuple[str, ...]:
    """What was asked for before, of the same server."""
    if row is None:
        return ()
    try:
        grant = safe.opened(row).grant
    except (BoxDamaged, KeyUnknown):
        return ()
    return grant.asked if grant.issuer == issuer else ()


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
