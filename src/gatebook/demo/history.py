"""Weeks that the demo invents, so that there is something to look back on: the same people and connectors as in the live part.

They are written through the real book with a clock of their own, into the stream `demo-past`, before the product starts. There is a story in them: ten days
ago somebody in sales began to export customers in the evenings; one connector gets slower; one is down since the day before yesterday.
"""

import json
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from gatebook.demo.cast import PLAYERS, Player
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.record.body import CallFinished, CallRefused, CallStarted
from gatebook.record.parts import (
    Actor,
    Client,
    Credential,
    Decision,
    ErrorClass,
    Outcome,
    PartName,
    Source,
    Status,
    Timing,
    Trace,
    Transport,
)
from gatebook.settings import Settings

STREAM: Final = "demo-past"
_DAY_US: Final = 86_400_000_000
_HOURS: Final = (0, 0, 0, 0, 0, 0, 1, 3, 8, 12, 13, 11, 7, 10, 13, 12, 10, 7, 3, 2, 1, 1, 0, 0)
"""Calls by hour of the day, as weights."""
_CALLS_PER_DAY: Final = 320
_LEFT_US: Final = 60_000_000
"""The past ends before the live part begins, also for the calls that take longest."""
_BUNDLE: Final = "3d0c5e1b7a92f648"
_Arguments = dict[str, Any]


class Deed(Struct, frozen=True):
    """A tool, what it is asked, what it answers, and how long that takes; `weight` is how often it is chosen."""

    tool: str
    arguments: tuple[_Arguments, ...]
    answers: tuple[Any, ...]
    usual_ms: float
    weight: float = 1.0


def _customers(count: int) -> dict[str, Any]:
    names = ("Ada Hansen", "Ben Okoye", "Carla Marsh", "Femi Dahl", "Greta Novak", "Jun Park", "Lena Brandt", "Omar Gupta")
    return {"result": [{"id": 100 + at, "name": names[at % len(names)], "city": "Northfield"} for at in range(count)]}


_DEEDS: Final[dict[str, tuple[Deed, ...]]] = {
    "crm": (
        Deed(
            "search_customers", ({"query": "Larkspur", "limit": 5}, {"query": "Optics", "limit": 10}), (_customers(3), _customers(5)), 34, 5
        ),
        Deed("get_customer", ({"id": 17}, {"id": 204}), ({"id": 17, "name": "Ada Hansen", "deals": []},), 12, 5),
        Deed("list_deals", ({"stage": "proposal"}, {"stage": "won"}), (_customers(12),), 25, 2),
        Deed("add_note", ({"id": 17, "note": "called, will decide in March"},), ("noted on customer 17",), 18, 2),
        Deed("export_customers", ({"city": "Northfield"},), (_customers(18),), 240, 0.4),
        Deed("delete_customer", ({"id": 31},), ("",), 0, 0.35),
    ),
    "time": (Deed("get_current_time", ({"timezone": "Europe/London"},), ({"datetime": "2026-11-09T10:15:00+00:00"},), 4),),
    "git": (
        Deed("git_log", ({"repo_path": "/srv/stock-service", "max_count": 3},), ("commit 8c1f2a9\nFix the count",), 48, 3),
        Deed("git_show", ({"repo_path": "/srv/stock-service", "revision": "HEAD"},), ("diff --git a/stock.py b/stock.py",), 61, 2),
    ),
    "fetch": (Deed("fetch", ({"url": "https://status.harbourpine.example/"},), ("All systems are up",), 310),),
    "files": (
        Deed("list_directory", ({"path": "/srv/shared-files"},), ("[FILE] minutes.txt\n[FILE] todo.md",), 7, 2),
        Deed("read_text_file", ({"path": "/srv/shared-files/minutes.txt"},), ("Monday: the new warehouse opens in March.",), 9, 3),
    ),
    "memory": (Deed("search_nodes", ({"query": "Larkspur"},), ({"entities": [{"name": "Larkspur"}]},), 6),),
    "everything": (Deed("echo", ({"message": "is this thing on?"},), ("Echo: is this thing on?",), 3),),
    "tickets": (Deed("my_tickets", ({"state": "open"}, {}), ([{"id": 4711, "title": "Label printer prints blank pages"}],), 44),),
    "billing": (Deed("list_invoices", ({"month": "2026-10"},), ({"invoices": [{"id": 1}, {"id": 2}, {"id": 3}]},), 130),),
}
_SERVERS: Final = {"crm": "127.0.0.1:8091", "billing": "127.0.0.1:9"}
_FAILURES: Final[tuple[tuple[Status, Transport, ErrorClass, str], ...]] = (
    ("tool_error", "ok", "not_found", "customer 259 not found"),
    ("tool_error", "ok", "invalid_input", "invalid stage 'stuck': must be one of lead, qualified, proposal, won, lost"),
    ("protocol_error", "ok", "invalid_input", "Unknown tool: drop_everything"),
    ("timeout", "timeout", "timeout", "The connector did not answer within 4 s."),
)


class PastClock:
    """Both clocks, set to a moment in the past and moved together, so that weeks pass in a second without a step."""

    def __init__(self) -> None:
        self.now_us = 0

    def wall_us(self) -> int:
        """The moment that is being played."""
        return self.now_us

    def monotonic_us(self) -> int:
        """The same; it never goes back, because calls are played in the order of time."""
        return self.now_us


class _Play(Struct, frozen=True, kw_only=True):
    """A call that is to be recorded."""

    at_us: int
    player: Player
    connector: str
    deed: Deed
    failing: bool = False
    slower: float = 1.0


def write(settings: Settings, master_key: bytes, days: int, now_us: int) -> int:
    """Write `days` days that end at `now_us`; return how many calls that were. Raises LogUnavailable, StreamBusy."""
    chance = random.Random(20261123)
    clock = PastClock()
    ends_us = now_us - _LEFT_US
    plays = sorted((play for play in _plays(chance, days, now_us) if play.at_us < ends_us), key=lambda play: play.at_us)
    if not plays:
        return 0
    clock.now_us = plays[0].at_us - 1_000_000
    vault = Vault(settings.keys_dir, master_key)
    book = Book.open(settings.log_dir, STREAM, vault, settings.log, clock)
    try:
        for play in plays:
            clock.now_us = max(clock.now_us, play.at_us)
            _record(book, vault.subject(play.player.email), play, clock, chance)
    finally:
        book.close()
    return len(plays)


def _plays(chance: random.Random, days: int, now_us: int) -> Iterator[_Play]:
    today_us = now_us - now_us % _DAY_US
    for back in range(days, -1, -1):
        day_us = today_us - back * _DAY_US
        busy = 0.12 if datetime.fromtimestamp(day_us / 1e6, UTC).weekday() >= 5 else chance.uniform(0.85, 1.15)
        for _ in range(round(_CALLS_PER_DAY * busy)):
            hour = chance.choices(range(24), _HOURS)[0]
            at_us = day_us + hour * 3_600_000_000 + chance.randrange(3_600_000_000)
            player = chance.choices(PLAYERS, [8, 6, 9, 5, 3, 4, 2])[0]
            connector = chance.choice(player.connectors)
            yield _Play(
                at_us=at_us,
                player=player,
                connector=connector,
                deed=chance.choices(_DEEDS[connector], [deed.weight for deed in _DEEDS[connector]])[0],
                failing=connector == "billing" and back <= 2,
                slower=1 + max(0, 12 - back) * 0.25 if connector == "fetch" else 1.0,
            )
        if 1 <= back <= 10:
            yield from _evening(chance, day_us, back)


def _evening(chance: random.Random, day_us: int, back: int) -> Iterator[_Play]:
    """Somebody in sales exports customers after hours, more each evening, and tries to delete some."""
    (player,) = (player for player in PLAYERS if player.name == "Tomas Lind")
    export, delete = _DEEDS["crm"][4], _DEEDS["crm"][5]
    for number in range(4 + (10 - back) * 2):
        at_us = day_us + 21 * 3_600_000_000 + chance.randrange(5_400_000_000)
        yield _Play(at_us=at_us, player=player, connector="crm", deed=delete if number % 6 == 5 else export)


def _record(book: Book, subject: str, play: _Play, clock: PastClock, chance: random.Random) -> None:
    player, deed = play.player, play.deed
    params = json.dumps({"name": deed.tool, "arguments": chance.choice(deed.arguments)}).encode()
    identity = json.dumps({"id": player.email, "email": player.email, "name": player.name, "groups": list(player.groups)}).encode()
    parts: Sequence[tuple[PartName, bytes]] = [("identity", identity), ("arguments", params)]
    common = _common(subject, play, chance)
    if deed.tool.startswith("delete_"):
        book.append(CallRefused(**common, **_refusal(play)), parts=parts, subject=subject)
        return
    rule = f"connector/{play.connector}:allow.groups[{player.groups[0]}]"
    opening = CallStarted(
        **common,
        decision=Decision(effect="allowed", rule=rule, bundle=_BUNDLE, matched=(rule, f"connector/{play.connector}:tools.allow[*]")),
        credential=Credential(id=f"{play.connector}/none", kind="none", owner="connector"),
        server=_SERVERS.get(play.connector, f"stdio:{play.connector}"),
    )
    receipt = book.append(opening, parts=parts, subject=subject)
    outcome, response = _outcome(play, chance)
    upstream_us = 4_000_000 if outcome.status == "timeout" else round(deed.usual_ms * 1000 * play.slower * chance.lognormvariate(0, 0.45))
    clock.now_us += upstream_us + 800
    timing = Timing(total_us=upstream_us + 800, gateway_us=280, policy_us=30, log_us=490, upstream_us=upstream_us)
    finish = CallFinished(call=receipt.id, started_seq=receipt.seq, outcome=outcome, timing=timing)
    book.append(finish, parts=[] if response is None else [("response", response)], subject=subject)


def _common(subject: str, play: _Play, chance: random.Random) -> dict[str, Any]:
    player = play.player
    day = play.at_us // _DAY_US
    return {
        "method": "tools/call",
        "endpoint": "/mcp",
        "actor": Actor(subject=subject, kind="person", auth="token", token=f"demo{PLAYERS.index(player):04x}"),
        "client": Client(name=player.client, version=player.version),
        "source": Source(ip=f"10.20.{PLAYERS.index(player)}.{20 + day % 5}", port=chance.randrange(20_000, 60_000)),
        "trace": Trace(id=f"{chance.getrandbits(128):032x}", parent=f"{chance.getrandbits(64):016x}", made=True),
        "connector": play.connector,
        "tool": play.deed.tool,
        "protocol": "2026-07-28" if player.mode == "auto" else "2025-11-25",
        "request_id": str(chance.randrange(1, 400)),
        "session": f"past-{PLAYERS.index(player)}-{day:x}-{play.at_us % _DAY_US // 14_400_000_000}",
    }


def _refusal(play: _Play) -> dict[str, Any]:
    rule = f"connector/{play.connector}:tools.deny[delete_*]"
    reason = f"The tool {play.deed.tool} of the connector {play.connector} is denied."
    return {
        "decision": Decision(effect="blocked", rule=rule, bundle=_BUNDLE, matched=(rule,), reason=reason),
        "outcome": Outcome(status="blocked", transport="not_sent", rpc_code=-32052, error_class="policy", detail=reason),
        "timing": Timing(total_us=610, gateway_us=560, policy_us=50),
    }


def _outcome(play: _Play, chance: random.Random) -> tuple[Outcome, bytes | None]:
    if play.failing:
        return Outcome(
            status="upstream_error", transport="refused", error_class="upstream_down", detail="The connector refused the connection."
        ), None
    if chance.random() < 0.045:
        status, transport, error_class, text = chance.choice(_FAILURES)
        if status == "timeout":
            return Outcome(status=status, transport=transport, error_class=error_class, detail=text), None
        body = (
            {"error": {"code": -32602, "message": text}} if status == "protocol_error" else {"result": _content(text) | {"isError": True}}
        )
        rpc_code = -32602 if status == "protocol_error" else None
        outcome = Outcome(
            status=status, transport=transport, http_status=200, rpc_code=rpc_code, is_error=status == "tool_error", error_class=error_class
        )
        return outcome, _message(body)
    answer = chance.choice(play.deed.answers)
    result = _content(answer) if isinstance(answer, str) else _content(json.dumps(answer)) | {"structuredContent": answer}
    return Outcome(status="ok", transport="ok", http_status=200), _message({"result": result})


def _content(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


def _message(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": 1} | body)
