"""Which AI clients there are: found, read from their documents, registered, and what administrators do about them. Each change is on the record."""

import asyncio
import secrets
import time
from collections import OrderedDict
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.identity.crowding import Crowd, network_of
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import clients, described, grants, redirects
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.errors import OAuthError, unknown_client
from gatebook.identity.oauth.guarded_fetch import FetchRefused, GuardedFetch
from gatebook.identity.oauth.rules import read_rules
from gatebook.identity.tokens import digest
from gatebook.record.body_clients import ClientChanged
from gatebook.record.parts import Actor, PartName, Source
from gatebook.state.pruning import forget_unused_clients
from gatebook.state.store import StateError, bump

_HOUR_US: Final = 3600 * 1_000_000
_SECOND_US: Final = 1_000_000
_FRESH_S: Final = 3600
_FRESH_S_MIN: Final = 300
_STALE_US: Final = 24 * _HOUR_US
_FAILED_S: Final = 60.0
_FAILED_MAX: Final = 1000
_READING_MAX: Final = 4
READS_OF_ONE: Final = 20
"""So many documents are read in a minute for one reader: a console session, or an identity provider."""
_READS_OF_ALL: Final = 240
_NO_ADDRESS: Final = (
    "a client whose id is an address must be at https, at a host by name on the public internet, with a path and nothing behind it"
)
NOBODY: Final = Actor(subject="-", kind="anonymous", auth="none")
Change = Literal["registered", "read", "added", "disabled", "enabled", "removed"]


class Added(Struct, frozen=True, kw_only=True):
    """A client that an administrator added. `secret` exists here and nowhere else; None for a public client."""

    client: Client
    secret: str | None


class ClientOrder(Struct, frozen=True, kw_only=True):
    """A client that an administrator wants. `confidential`: it gets a secret."""

    name: str
    redirect_uris: tuple[str, ...]
    confidential: bool = False


class Registry:
    """The clients of one keeper. `fetch` reads documents of clients."""

    def __init__(self, journal: Journal, fetch: GuardedFetch) -> None:
        self._journal = journal
        self._fetch = fetch
        self._reading = asyncio.Semaphore(_READING_MAX)
        self._failed: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._reads = Crowd(READS_OF_ONE, _READS_OF_ALL)

    async def find(self, id: str, *, reader: str | None) -> Client:
        """The client with this id, that may sign people in now. With a `reader` a document that was never read before is. Raises OAuthError, 401."""
        with self._journal.store.read() as connection:
            client, rules = clients.find_client(connection, id), read_rules(connection)
        if client is not None and client.disabled_us is not None:
            raise unknown_client("an administrator has disabled this client")
        if client is not None and client.kind != "cimd":
            return client
        if not described.is_document_address(id):
            raise unknown_client(*([_NO_ADDRESS] if "://" in id else []))
        if not rules.metadata_documents or (client is None and reader is None):
            raise unknown_client()
        return await self._document(id, client, reader or id)

    async def register(self, body: bytes, source: Source) -> Added:
        """Take a registration. Raises OAuthError, LogUnavailable, StateError."""
        now_us = self._journal.clock.wall_us()
        said = described.registration(body, f"gwc_{secrets.token_urlsafe(18)}")
        secret = secrets.token_urlsafe(32) if said.authentication.startswith("client_secret") else None
        client = replace(said, secret_sha256=digest(secret) if secret else None, created_by=network_of(source.ip), created_us=now_us)
        async with self._journal.change() as connection:
            rules = read_rules(connection)
            if not rules.registration:
                raise OAuthError("invalid_request", "clients do not register themselves here; ask an administrator to add yours", 403)
            if clients.registered_by(connection, client.created_by, now_us - _HOUR_US) >= rules.registrations_per_hour:
                raise OAuthError("slow_down", "too many clients were registered from your network; try again in an hour", 429)
            clients.put_client(connection, client)
            forget_unused_clients(connection, now_us)
            await self._record(connection, "registered", client, NOBODY, source=source)
        return Added(client=client, secret=secret)

    async def add(self, order: ClientOrder, caller: Principal) -> Added:
        """Add a client by hand. Raises StateError with a sentence, LogUnavailable."""
        name = described.one_line(order.name)
        if not name or not 0 < len(order.redirect_uris) <= redirects.COUNT_MAX:
            raise StateError(f"a client needs a name and 1 to {redirects.COUNT_MAX} redirect addresses")
        for uri in order.redirect_uris:
            if (wrong := redirects.fault(uri)) is not None:
                raise StateError(f"the redirect address {described.one_line(uri)!r} {wrong}")
        secret = secrets.token_urlsafe(32) if order.confidential else None
        client = Client(
            id=f"gwc_{secrets.token_urlsafe(18)}",
            kind="pre",
            name=name,
            host=redirects.host_of(next((uri for uri in order.redirect_uris if redirects.is_web(uri)), order.redirect_uris[0])),
            redirect_uris=tuple(dict.fromkeys(order.redirect_uris)),
            authentication="client_secret_basic" if secret else "none",
            secret_sha256=digest(secret) if secret else None,
            created_by=caller.person,
            created_us=self._journal.clock.wall_us(),
        )
        async with self._journal.change() as connection:
            clients.put_client(connection, client)
            await self._record(connection, "added", client, caller.actor, caller)
        return Added(client=client, secret=secret)

    async def disable(self, id: str, caller: Principal, *, enable: bool = False) -> Client:
        """Disable a client, which ends what people let it do; or let it sign people in again. Raises StateError, LogUnavailable."""
        now_us = self._journal.clock.wall_us()
        async with self._journal.change() as connection:
            client = _known(connection, id)
            if (client.disabled_us is None) == enable:
                raise StateError(f"the client {id} is {'not ' if enable else ''}disabled already")
            clients.set_disabled(connection, id, None if enable else now_us)
            if not enable:
                self._end_grants(connection, id, "client_disabled", now_us)
            await self._record(connection, "enabled" if enable else "disabled", client, caller.actor, caller)
        return replace(client, disabled_us=None if enable else now_us)

    async def remove(self, id: str, caller: Principal) -> Client:
        """Forget a client, and end what people let it do. Raises StateError, LogUnavailable."""
        async with self._journal.change() as connection:
            client = _known(connection, id)
            self._end_grants(connection, id, "client_removed", self._journal.clock.wall_us())
            clients.remove_client(connection, id)
            await self._record(connection, "removed", client, caller.actor, caller)
        return client

    def _end_grants(self, connection: Connection, id: str, cause: str, now_us: int) -> None:
        for grant in grants.grants_of(connection, client=id):
            if grant.revoked_us is None:
                grants.end(connection, grant, cause, now_us)

    async def _document(self, url: str, known: Client | None, reader: str) -> Client:
        """The client of a document: as it was read lately, else read now; a day old at most when it cannot be read."""
        now_us = self._journal.clock.wall_us()
        if known is not None and now_us < known.read_us:
            return known
        try:
            client, max_age_s = await self._read(url, reader)
        except OAuthError:
            if known is not None and now_us < known.read_us + _STALE_US:
                return known
            raise
        fresh_s = max(_FRESH_S_MIN, min(_FRESH_S if max_age_s is None else max_age_s, _FRESH_S))
        client = replace(client, read_us=now_us + fresh_s * _SECOND_US, created_us=now_us)
        async with self._journal.change() as connection:
            clients.put_client(connection, client)
            if known is None or _said(known) != _said(client):
                await self._record(connection, "read", client, NOBODY)
        return client

    async def _read(self, url: str, reader: str) -> tuple[Client, int | None]:
        now_s = time.monotonic()
        failed_s, why = self._failed.get(url, (now_s - _FAILED_S, ""))
        if now_s - failed_s < _FAILED_S:
            raise unknown_client(why)
        if not self._reads.admit(reader):
            raise OAuthError("temporarily_unavailable", "too many clients introduce themselves now; try again in a minute", 503)
        try:
            async with self._reading:
                found = await self._fetch.get(url)
            return described.document(found.body, url), found.max_age_s
        except FetchRefused as error:
            why = f"the document at the client's address cannot be used: {error}"
        except OAuthError as error:
            why = str(error)
        self._failed[url] = (now_s, why)
        while len(self._failed) > _FAILED_MAX:
            self._failed.popitem(last=False)
        raise unknown_client(why)

    async def _record(
        self,
        connection: Connection,
        action: Change,
        client: Client,
        actor: Actor,
        caller: Principal | None = None,
        source: Source | None = None,
    ) -> None:
        body = ClientChanged(
            action=action, client=client.id, kind=client.kind, host=client.host, actor=actor, revision=bump(connection), source=source
        )
        lines = [f"name: {client.name}", f"authentication: {client.authentication}", *(f"redirect: {uri}" for uri in client.redirect_uris)]
        parts: list[tuple[PartName, bytes]] = [("diff", "\n".join(lines).encode())]
        if caller is not None:
            parts.insert(0, ("identity", caller.identity))
        await self._journal.record(body, caller.subject if caller else "-", parts)


def _known(connection: Connection, id: str) -> Client:
    client = clients.find_client(connection, id)
    if client is None:
        raise StateError(f"there is no client {described.one_line(id)!r}")
    return client


def _said(client: Client) -> Client:
    """What a client says of itself, without what is kept about it."""
    return replace(client, read_us=0, created_us=0, created_by="", last_used_us=None, disabled_us=None)
