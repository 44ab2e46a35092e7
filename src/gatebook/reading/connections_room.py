"""Connections to connectors: a person's own, and for administrators how many people have one. Making and ending them goes through here too."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.identity.credentials.box import BoxDamaged
from gatebook.identity.credentials.connecting import Attempt, ConnectError, Connecting, Returned
from gatebook.identity.credentials.keys import KeyUnknown
from gatebook.identity.credentials.revoking import Outcome, Revoking
from gatebook.identity.directory import Principal
from gatebook.policy.bundle import Bundle
from gatebook.policy.request import Request
from gatebook.reading.rights import check_reader
from gatebook.reading.viewer import Viewer
from gatebook.state import credentials as rows
from gatebook.state.connectors import Connector
from gatebook.state.credentials import Row
from gatebook.state.in_force import sources_of
from gatebook.state.snapshot import Snapshot

State = Literal["not_connected", "connected", "needs_permission", "needs_reconnect", "ending"]


class ConnectionFacts(Struct, frozen=True, kw_only=True):
    """One connector that wants an account of one's own, and how that stands. Times in microseconds since 1970."""

    connector: str
    title: str
    state: Annotated[
        State,
        Meta(
            description="not_connected; connected; needs_permission: it works, but the connector has asked for more; needs_reconnect: its renewal was "
            "refused; ending: nobody uses it, and the connector does not know yet."
        ),
    ]
    credential: Annotated[str | None, Meta(description="Id, as records name it.")] = None
    scopes: Annotated[tuple[str, ...], Meta(description="Scopes that were granted.")] = ()
    wanted: Annotated[tuple[str, ...], Meta(description="Scopes that the connector has asked for since.")] = ()
    since_us: Annotated[int | None, Meta(description="When it was connected.")] = None
    last_used_us: Annotated[int | None, Meta(description="When it was last used, to the minute.")] = None
    detail: Annotated[str, Meta(description="Why it has ended, as a code.")] = ""


class ConnectorConnections(Struct, frozen=True, kw_only=True):
    """How many people have connected an account at one connector; for a shared credential, whether it is there."""

    connector: str
    title: str
    kind: Literal["person", "client_credentials", "secret"]
    connected: Annotated[int, Meta(description="Credentials that work.")] = 0
    needs_reconnect: Annotated[int, Meta(description="Credentials whose renewal was refused.")] = 0
    ending: Annotated[int, Meta(description="Credentials that nobody uses, and whose revocation the connector has not confirmed.")] = 0
    last_used_us: Annotated[int | None, Meta(description="When one was last used, to the minute.")] = None


class ConnectionsRoom:
    """Answers for the console and the API."""

    def __init__(self, connecting: Connecting, revoking: Revoking) -> None:
        self._connecting = connecting
        self._revoking = revoking
        self._bundle: tuple[str, int, Bundle] | None = None

    def mine(self, viewer: Viewer) -> list[ConnectionFacts]:
        """Each connector that the viewer may use and that wants an account of their own."""
        store = self._connecting.safe.store
        snapshot = store.snapshot()
        with store.read() as connection:
            found = rows.of_owner(connection, viewer.principal.person)
        # Of two at one connector the later one is that which may be used; the other is being revoked.
        kept = {row.connector: row for row in sorted(found, key=lambda row: row.status != "revoking")}
        personal = [one for _, one in sorted(snapshot.connectors.items()) if one.spec.credential.personal]
        return [
            facts(one, self._standing(one, kept.get(one.name)))
            for one in personal
            if one.name in kept or self._connects(snapshot, viewer.principal, one.name)
        ]

    def all(self, viewer: Viewer) -> list[ConnectorConnections]:
        """Each connector with a credential that is sealed, and how many there are. Raises NotForYou."""
        check_reader(viewer, "only those who read the whole book see how many people are connected")
        store = self._connecting.safe.store
        snapshot = store.snapshot()
        with store.read() as connection:
            return counts(connection, snapshot)

    def connector(self, viewer: Viewer, name: str) -> Connector:
        """A connector that the viewer may connect to. Raises ConnectError."""
        snapshot = self._connecting.safe.store.snapshot()
        connector = snapshot.connectors.get(name)
        if connector is None or not connector.spec.credential.personal or not self._connects(snapshot, viewer.principal, name):
            raise ConnectError("There is no such connector, or nobody connects an account of their own to it.")
        return connector

    async def begin(self, viewer: Viewer, name: str, browser: str) -> Attempt:
        """Begin to connect. Raises ConnectError."""
        return await self._connecting.begin(self.connector(viewer, name), viewer.principal, browser)

    def pending(self, viewer: Viewer, name: str, browser: str) -> Attempt | None:
        """What this browser has begun for a connector."""
        return self._connecting.pending(name, viewer.principal, browser)

    async def finish(self, viewer: Viewer, returned: Returned, browser: str) -> str:
        """End what was begun; returns the connector's name. Raises ConnectError."""
        return await self._connecting.finish(returned, viewer.principal, browser)

    async def disconnect(self, viewer: Viewer, name: str) -> Outcome | None:
        """Give up the viewer's own account at a connector; None when there is none."""
        with self._connecting.safe.store.read() as connection:
            row = rows.find(connection, name, viewer.principal.person)
        if row is None:
            return None
        return await self._revoking.revoke(row, viewer.actor)

    def _standing(self, connector: Connector, row: Row | None) -> Row | None:
        """The row as workers find it: one that was got for another address than the connector's is worth nothing."""
        if row is None or row.status != "connected":
            return row
        try:
            grant = self._connecting.safe.opened(row).grant
        except (BoxDamaged, KeyUnknown):
            return replace(row, status="needs_reconnect", detail="does_not_open")
        fits = grant.is_for(connector.spec.url or "", connector.spec.credential.resource)
        return row if fits else replace(row, status="needs_reconnect", detail="moved")

    def _connects(self, snapshot: Snapshot, who: Principal, connector: str) -> bool:
        key = (snapshot.config_hash, len(snapshot.grants))
        if self._bundle is None or self._bundle[:2] != key:
            self._bundle = (*key, Bundle.compile(sources_of(snapshot)))
        request = Request(connector=connector, connect=True, person=who.person, email=who.email, kind=who.kind, groups=who.groups)
        return self._bundle[2].grants.standing(request).connects


def counts(connection: Connection, snapshot: Snapshot) -> list[ConnectorConnections]:
    """How many credentials there are at each connector, in the caller's transaction."""
    found = []
    for name, connector in sorted(snapshot.connectors.items()):
        kind = connector.spec.credential.kind
        if kind == "none":
            continue
        kept = [row for row in rows.of_connector(connection, name) if row.kind == kind]
        number = {status: sum(row.status == status for row in kept) for status in ("connected", "needs_reconnect", "revoking")}
        found.append(
            ConnectorConnections(
                connector=name,
                title=connector.spec.title,
                kind=kind,
                connected=number["connected"],
                needs_reconnect=number["needs_reconnect"],
                ending=number["revoking"],
                last_used_us=max((row.last_used_us or 0 for row in kept), default=0) or None,
            )
        )
    return found


def facts(connector: Connector, row: Row | None) -> ConnectionFacts:
    """How one connection stands."""
    title = connector.spec.title
    if row is None or row.kind != "person":
        return ConnectionFacts(connector=connector.name, title=title, state="not_connected")
    missing = tuple(scope for scope in row.wanted if scope not in row.scopes)
    states: dict[str, State] = {"needs_reconnect": "needs_reconnect", "revoking": "ending"}
    state = states.get(row.status) or ("needs_permission" if missing else "connected")
    return ConnectionFacts(
        connector=connector.name,
        title=title,
        state=state,
        credential=row.id,
        scopes=row.scopes,
        wanted=missing,
        since_us=row.created_us,
        last_used_us=row.last_used_us,
        detail=row.detail,
    )
