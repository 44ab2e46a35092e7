"""The keeper's side of credentials for connectors, put together: what connects accounts, what gives them back, and the room where people see them."""

from msgspec import Struct

from gatebook.gateway.upstream.fetching import fetch, reach_from
from gatebook.identity.credentials.connecting import Connecting
from gatebook.identity.credentials.keys import Wrapper
from gatebook.identity.credentials.revoking import Revoking
from gatebook.identity.credentials.safe import Safe
from gatebook.identity.journal import Journal
from gatebook.reading.connections_room import ConnectionsRoom


class Upstream(Struct, frozen=True):
    """`revoking` tries again what failed, between its start and its stop."""

    connecting: Connecting
    revoking: Revoking
    room: ConnectionsRoom


def build_upstream(journal: Journal, wrapper: Wrapper, console_url: str) -> Upstream:
    """Build it on the state that the journal changes."""
    safe = Safe(journal.store, wrapper)
    connecting, revoking = Connecting(journal, safe, fetch, reach_from, console_url), Revoking(journal, safe, fetch)
    return Upstream(connecting, revoking, ConnectionsRoom(connecting, revoking))
