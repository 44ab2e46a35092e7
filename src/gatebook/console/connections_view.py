"""What the page of connections shows, in words."""

from collections.abc import Sequence
from urllib.parse import quote

from msgspec import Struct

from gatebook.console.connectors_view import moment
from gatebook.console.looks import Look
from gatebook.console.times import ago
from gatebook.console.zones import Zone
from gatebook.definitions.telling import one_line
from gatebook.reading.connections_room import ConnectionFacts, ConnectorConnections, State

LOOKS: dict[State, Look] = {
    "not_connected": Look(outcome="other", shape="not", word="Not connected"),
    "connected": Look(outcome="ok", shape="ok", word="Connected"),
    "needs_permission": Look(outcome="failed", shape="clock", word="Needs more permission"),
    "needs_reconnect": Look(outcome="blocked", shape="failed", word="Connect anew"),
    "ending": Look(outcome="failed", shape="clock", word="Disconnected, not confirmed"),
}
_MEANINGS: dict[State, str] = {
    "not_connected": "Your AI apps cannot use it until you connect your account.",
    "connected": "",
    "needs_permission": "It works, but something you did needs a permission that you have not given yet.",
    "needs_reconnect": "Its sign-in has ended. Calls are refused until you connect it anew.",
    "ending": "Nobody uses it any more. Its own server could not be told yet; that is tried again.",
}
_KINDS = {"person": "Each person's own", "client_credentials": "Shared, OAuth", "secret": "Shared secret"}
_SCOPE_CHARACTERS_MAX = 60


class Row(Struct, frozen=True, kw_only=True):
    """One connection."""

    name: str
    title: str
    href: str
    look: Look
    meaning: str
    scopes: tuple[str, ...]
    wanted: tuple[str, ...]
    since: str
    used: str
    does: str
    usable: bool
    kept: bool


class Total(Struct, frozen=True, kw_only=True):
    """The connections of everybody at one connector."""

    name: str
    href: str
    title: str
    kind: str
    connected: int
    needs_reconnect: int
    ending: int
    used: str


def row(facts: ConnectionFacts, now_us: int, zone: Zone) -> Row:
    """One connection in words. What a connector's server wrote is shown with hidden characters written out, and never long."""
    does = {"connected": "", "not_connected": "Connect", "needs_permission": "Give permission"}.get(facts.state, "Connect anew")
    return Row(
        name=facts.connector,
        title=facts.title or facts.connector,
        href=f"/connect/{quote(facts.connector, safe='')}",
        look=LOOKS[facts.state],
        meaning=_MEANINGS[facts.state],
        scopes=written_out(facts.scopes),
        wanted=written_out(facts.wanted),
        since=moment(facts.since_us, zone) if facts.since_us else "",
        used=ago(now_us - facts.last_used_us) if facts.last_used_us else "",
        does=does,
        usable=facts.state in ("connected", "needs_permission"),
        kept=facts.state not in ("not_connected", "ending"),
    )


def written_out(scopes: Sequence[str]) -> tuple[str, ...]:
    """Scopes as they may be shown."""
    return tuple(one_line(scope, _SCOPE_CHARACTERS_MAX) for scope in scopes)


def totals(found: Sequence[ConnectorConnections], now_us: int) -> list[Total]:
    """The connections of everybody, by connector."""
    return [
        Total(
            name=one.connector,
            href=f"/connectors/{quote(one.connector, safe='')}",
            title=one.title,
            kind=_KINDS[one.kind],
            connected=one.connected,
            needs_reconnect=one.needs_reconnect,
            ending=one.ending,
            used=ago(now_us - one.last_used_us) if one.last_used_us else "never",
        )
        for one in found
    ]
