"""Sessions of the handshake era: the gateway's own id, bound to one person and one endpoint, with a leg per connector."""

import secrets
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from gatebook.gateway.upstream.exchange import Leg
from gatebook.identity.directory import Principal
from gatebook.identity.scopes import covers
from gatebook.record.parts import Client

if TYPE_CHECKING:
    from gatebook.gateway.live import Live

_ASKED_MAX = 256
_STATELESS_IDLE_S = 1800.0


class Asked(Struct, frozen=True):
    """A connector's request that a client has been shown: where its answer goes, and the id that the connector gave it."""

    connector: str
    id: bytes
    call: str | None


class Session:
    """One client's session. `hello` is the params of its initialize, sent again to every connector that is opened for it."""

    def __init__(self, id: str, who: Principal, connector: str | None, hello: bytes, client: Client, protocol: str) -> None:
        self.id = id
        self.person = who.person
        self.scopes = who.scopes
        self.connector = connector
        self.hello = hello
        self.client = client
        self.protocol = protocol
        self.legs: dict[str, Leg] = {}
        self.live: dict[bytes, Live] = {}
        self.asked: dict[bytes, Asked] = {}
        self.used_s = time.monotonic()
        self.listening = 0
        self._asked_count = 0

    def ask(self, asked: Asked) -> bytes:
        """Keep a connector's request of an aggregate session and return the id that the client sees."""
        self._asked_count += 1
        own_id = b'"%s~%d"' % (asked.connector.encode(), self._asked_count)
        self.asked[own_id] = asked
        if len(self.asked) > _ASKED_MAX:
            del self.asked[next(iter(self.asked))]
        return own_id

    async def close(self, reason: str) -> None:
        """End the session at all its connectors."""
        legs, self.legs = list(self.legs.values()), {}
        for leg in legs:
            await leg.close(reason)


class Sessions:
    """All sessions of one worker. Their ids begin with the worker's slot, so that another worker can tell whose they are."""

    def __init__(self, slot: int, sessions_max: int, idle_s: float) -> None:
        self._prefix = f"w{slot}-"
        self._max = sessions_max
        self._idle_s = idle_s
        self._all: dict[str, Session] = {}
        self._stateless: dict[tuple[str, ...], tuple[str, float]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._all.values()))

    def open(self, who: Principal, connector: str | None, hello: bytes, client: Client, protocol: str) -> Session:
        """Make a session; the caller closes what `surplus` returns."""
        session = Session(self._prefix + secrets.token_hex(16), who, connector, hello, client, protocol)
        self._all[session.id] = session
        return session

    def find(self, id: str, who: Principal, connector: str | None) -> Session | None:
        """Return the session, if it is this person's at this endpoint: anybody else's id is as unknown as a made-up one.

        So is one that was opened with a token that was good for more: what its connectors send is not for this one.
        """
        session = self._all.get(id)
        if session is None or session.person != who.person or session.connector != connector or not covers(who.scopes, session.scopes):
            return None
        session.used_s = time.monotonic()
        return session

    def drop(self, session: Session) -> None:
        """Forget a session."""
        self._all.pop(session.id, None)

    def surplus(self) -> list[Session]:
        """Take out and return the sessions that are idle for too long, and the least used ones above the limit."""
        now_s = time.monotonic()
        idle = [s for s in self._all.values() if now_s - s.used_s > self._idle_s and not s.live and not s.listening]
        over = len(self._all) - len(idle) - self._max
        if over > 0:
            rest = sorted((s for s in self._all.values() if s not in idle), key=lambda s: s.used_s)
            idle += rest[:over]
        for session in idle:
            self.drop(session)
        return idle

    def stateless(self, key: tuple[str, ...]) -> str:
        """Return the session id of a client that has no session of its own: the same person and app within half an hour."""
        now_s = time.monotonic()
        known = self._stateless.get(key)
        id = known[0] if known is not None and now_s - known[1] < _STATELESS_IDLE_S else f"{self._prefix}s{secrets.token_hex(8)}"
        self._stateless[key] = (id, now_s)
        if len(self._stateless) > self._max:
            del self._stateless[next(iter(self._stateless))]
        return id
