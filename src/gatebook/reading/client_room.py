"""AI clients for people: administrators see all of them and what people let them do; everybody sees and ends what they let clients do themselves."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gatebook.identity import accounts
from gatebook.identity.directory import make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.oauth import clients, grants
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.grants import Grant
from gatebook.identity.oauth.guarded_fetch import GuardedFetch
from gatebook.identity.oauth.issuing import By, GrantRecord, record_grant
from gatebook.identity.oauth.registry import Added, ClientOrder, Registry
from gatebook.identity.oauth.rules import read_rules
from gatebook.reading.rights import check_administrator
from gatebook.reading.viewer import Viewer
from gatebook.state.ai_clients import AiClientsSpec
from gatebook.state.snapshot import Person, read_people
from gatebook.state.store import StateError, bump

_ADMINISTRATORS: Final = "only members of the group admins see and change AI clients"
NAMED: Final = "Unnamed app"
Does = Literal["disable", "enable", "remove"]


class ClientFacts(Struct, frozen=True, kw_only=True):
    """An AI client as administrators see it. Name and addresses are its own words. Times in microseconds since 1970."""

    id: Annotated[str, Meta(description="Id of the client.")]
    kind: Annotated[
        str, Meta(description="dcr: it registered itself · cimd: its id is the address of its document · pre: an administrator added it.")
    ]
    name: Annotated[str, Meta(description="What it calls itself.")]
    host: Annotated[str, Meta(description="What people are told that it is.")]
    redirect_uris: Annotated[tuple[str, ...], Meta(description="Where it may have people sent back to.")]
    authentication: Annotated[
        str, Meta(description="How it proves itself: none, private_key_jwt, client_secret_basic or client_secret_post.")
    ]
    created_by: Annotated[str, Meta(description="Who added it, or from which address it registered.")]
    created_us: Annotated[int, Meta(description="When it became known.")]
    last_used_us: Annotated[int | None, Meta(description="When somebody last let it in, or it last got tokens.")]
    disabled_us: Annotated[int | None, Meta(description="When it was disabled.")]
    people: Annotated[int, Meta(description="How many people let it do something now.")]
    grants: Annotated[int, Meta(description="How often.")]


class GrantLine(Struct, frozen=True, kw_only=True):
    """What somebody lets a client do. `name`: what the client calls itself; `host`: where it takes people back to."""

    id: Annotated[str, Meta(description="Id of the grant.")]
    person: Annotated[str, Meta(description="Id of the person.")]
    person_name: Annotated[str, Meta(description="Name of the person.")]
    client: Annotated[str, Meta(description="Id of the client.")]
    name: Annotated[str, Meta(description="What the client calls itself.")]
    host: Annotated[str, Meta(description="What people are told that it is.")]
    resource: Annotated[str, Meta(description="Address that its tokens are good at.")]
    scopes: Annotated[tuple[str, ...], Meta(description="What it may do.")]
    created_us: Annotated[int, Meta(description="When it was allowed.")]
    last_used_us: Annotated[int | None, Meta(description="When it last got tokens.")]
    expires_us: Annotated[int | None, Meta(description="When it ends unless it is used.")]


class ClientDetail(Struct, frozen=True, kw_only=True):
    """A client with the grants that give it something now, newest first."""

    client: Annotated[ClientFacts, Meta(description="The client.")]
    grants: Annotated[tuple[GrantLine, ...], Meta(description="What gives it something now.")]


class ClientRoom:
    """What faces read and do about AI clients."""

    def __init__(self, journal: Journal, registry: Registry) -> None:
        self._journal = journal
        self._registry = registry

    @classmethod
    def alone(cls, journal: Journal) -> "ClientRoom":
        """A room without an authorization server around it, for the command line."""
        return cls(journal, Registry(journal, GuardedFetch()))

    def rules(self, viewer: Viewer) -> AiClientsSpec:
        """How clients may sign in. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        with self._journal.store.read() as connection:
            return read_rules(connection)

    def clients(self, viewer: Viewer) -> list[ClientFacts]:
        """All clients, the one that was used last first. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        with self._journal.store.read() as connection:
            found, all_grants = clients.list_clients(connection), grants.grants_of(connection)
        live = self._live(all_grants)
        return [_facts(client, [grant for grant in live if grant.client == client.id]) for client in found]

    def client(self, viewer: Viewer, id: str) -> ClientDetail | None:
        """One client with its grants; None where there is none. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        with self._journal.store.read() as connection:
            client = clients.find_client(connection, id)
            live = self._live(grants.grants_of(connection, client=id))
            names = {person.id: person.name for person in read_people(connection).values()} if live else {}
        if client is None:
            return None
        lines = tuple(_line(grant, client, names.get(grant.person, "")) for grant in live)
        return ClientDetail(client=_facts(client, live), grants=lines)

    def of_person(self, viewer: Viewer, person: str) -> tuple[GrantLine, ...]:
        """What a person lets clients do: their own for everybody, anybody's for administrators. Raises NotForYou, StateError."""
        if person != viewer.principal.person:
            check_administrator(viewer, _ADMINISTRATORS)
        with self._journal.store.read() as connection:
            live = self._live(grants.grants_of(connection, person=person))
            known = {grant.client: clients.find_client(connection, grant.client) for grant in live}
            owner = accounts.find_person(connection, person)
        return tuple(_line(grant, known[grant.client], owner.name if owner else "") for grant in live)

    async def revoke(self, viewer: Viewer, id: str) -> GrantLine:
        """End a grant, one's own, or as an administrator anybody's. Raises NotForYou, StateError where there is none, LogUnavailable."""
        who = viewer.principal
        async with self._journal.change() as connection:
            grant = grants.find_grant(connection, id)
            if grant is None or grant.person != who.person:
                check_administrator(viewer, _ADMINISTRATORS)
            if grant is None or not grants.end(connection, grant, "revoked", self._journal.clock.wall_us()):
                raise StateError("there is no such grant, or it has ended already")
            bump(connection)
            by: By = "person" if grant.person == who.person else "administrator"
            record = GrantRecord(action="revoked", grant=grant, by=by, actor=who.actor, source=viewer.source)
            owner = accounts.find_person(connection, grant.person)
            named = make_principal(owner or Person(id=grant.person), self._journal.subject_of(grant.person), "oauth")
            await record_grant(self._journal, record, named.identity)
            return _line(grant, clients.find_client(connection, grant.client), owner.name if owner else "")

    async def change(self, viewer: Viewer, id: str, does: Does) -> Client:
        """Disable, enable or remove a client. Raises NotForYou, StateError, LogUnavailable."""
        check_administrator(viewer, _ADMINISTRATORS)
        if does == "remove":
            return await self._registry.remove(id, viewer.principal)
        return await self._registry.disable(id, viewer.principal, enable=does == "enable")

    async def add(self, viewer: Viewer, order: ClientOrder) -> Added:
        """Add a client by hand. Raises NotForYou, StateError, LogUnavailable."""
        check_administrator(viewer, _ADMINISTRATORS)
        return await self._registry.add(order, viewer.principal)

    def _live(self, found: list[Grant]) -> list[Grant]:
        now_us = self._journal.clock.wall_us()
        return [grant for grant in found if grant.is_live(now_us)]


def _facts(client: Client, live: list[Grant]) -> ClientFacts:
    return ClientFacts(
        id=client.id,
        kind=client.kind,
        name=client.name or NAMED,
        host=client.host,
        redirect_uris=client.redirect_uris,
        authentication=client.authentication,
        created_by=client.created_by,
        created_us=client.created_us,
        last_used_us=client.last_used_us,
        disabled_us=client.disabled_us,
        people=len({grant.person for grant in live}),
        grants=len(live),
    )


def _line(grant: Grant, client: Client | None, person_name: str) -> GrantLine:
    return GrantLine(
        id=grant.id,
        person=grant.person,
        person_name=person_name or grant.person,
        client=grant.client,
        name=(client.name if client else "") or NAMED,
        host=client.host if client else "",
        resource=grant.resource,
        scopes=grant.scopes,
        created_us=grant.created_us,
        last_used_us=grant.last_used_us,
        expires_us=grant.expires_us,
    )
