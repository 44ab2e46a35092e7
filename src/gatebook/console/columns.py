"""Columns of the table of calls: which there are, which somebody chose and how wide, and the stylesheet that lays them out.

The layout is a stylesheet of its own because the CSP allows no inline styles; it is a pure function of its address.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook import __version__
from gatebook.console.numbers import size
from gatebook.index.rows import CallRow

GAP_PX = 12
WIDTHS_PX = (48, 900)
CHOSEN_MAX = 24
_MARGIN_PX = 24 + 24 + GAP_PX
_LEFT_MIN = 3
_CHOICE = re.compile(r"([a-z_]{1,24})(?::(\d{1,4}))?")


class Column(Struct, frozen=True, kw_only=True):
    """One column. `grow` is its share of the room that is left, `keep` how long it stays when the room gets narrow."""

    name: str
    title: str
    width_px: int
    grow: float = 0.0
    keep: int = 0
    field: str = ""
    number: bool = False
    mono: bool = False
    text: Callable[[CallRow], str] | None = None


class Chosen(Struct, frozen=True):
    """A column that is shown; `width_px` is None where nobody set it."""

    column: Column
    width_px: int | None = None


def _of(name: str, title: str, width_px: int, text: Callable[[CallRow], object] | None, **more: int | float | str | bool) -> Column:
    words = None if text is None else lambda row: _words(text(row))
    return Column(name=name, title=title, width_px=width_px, text=words, **more)  # type: ignore[arg-type]


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value) if value else ""


_ALL = (
    _of("time", "Time", 96, None, keep=99),
    _of("status", "Status", 126, None, keep=98, field="status"),
    _of("person", "Person", 102, None, keep=90, grow=1.05, field="person"),
    _of("client", "Client", 102, None, keep=40, grow=1, field="client"),
    _of("connector", "Connector", 76, None, keep=60, grow=0.65, field="connector"),
    _of("tool", "Tool", 118, None, keep=97, grow=1.15, field="tool"),
    _of("duration", "Duration", 104, None, keep=70, number=True, field="duration"),
    _of("summary", "Arguments or reason", 140, None, keep=30, grow=2.3),
    _of("decision", "Decision", 110, None, keep=20, field="decision"),
    _of("email", "E-mail", 160, lambda row: row.email, grow=1, field="email"),
    _of("group", "Groups", 120, lambda row: row.groups, grow=1, field="group"),
    _of("rule", "Rule", 170, lambda row: row.rules[0] if row.rules else "", grow=1.2, field="rule", mono=True),
    _of("reason", "Reason", 160, lambda row: row.reason, grow=1.4, field="reason"),
    _of("finding", "Findings", 120, lambda row: row.findings, grow=1, field="finding"),
    _of("severity", "Severity", 84, lambda row: tuple(dict.fromkeys(row.severities)), field="severity"),
    _of("error_class", "Error", 100, lambda row: row.error_class.replace("_", " "), field="error_class"),
    _of("http_status", "HTTP", 56, lambda row: row.http_status, field="http_status", number=True),
    _of("bytes_in", "Request", 76, lambda row: size(row.bytes_in) if row.bytes_in else "", field="bytes_in", number=True),
    _of("bytes_out", "Response", 76, lambda row: size(row.bytes_out) if row.bytes_out else "", field="bytes_out", number=True),
    _of("returned", "Records", 70, lambda row: f"{row.returned:,}" if row.returned else "", field="returned", number=True),
    _of("ip", "Source address", 108, lambda row: row.ip, field="ip", mono=True),
    _of("session", "Session", 130, lambda row: row.session, field="session", mono=True),
    _of("credential", "Credential", 150, lambda row: row.credential, grow=1, field="credential", mono=True),
    _of("server", "Server", 140, lambda row: row.server, grow=1, field="server", mono=True),
    _of("method", "Method", 120, lambda row: row.method, field="method", mono=True),
    _of("client_version", "Client version", 104, lambda row: row.client_version, field="client_version"),
    _of("protocol", "Protocol", 96, lambda row: row.protocol, field="protocol", mono=True),
    _of("trace", "Trace", 150, lambda row: row.trace, field="trace", mono=True),
    _of("place", "Place in the log", 130, lambda row: f"{row.stream} #{row.started_seq}" if row.started_seq else "", mono=True),
    _of("call", "Call", 280, lambda row: row.call_id, field="call", mono=True),
)
COLUMNS: dict[str, Column] = {column.name: column for column in _ALL}
DEFAULT: tuple[Chosen, ...] = tuple(
    Chosen(COLUMNS[name]) for name in ("time", "status", "person", "client", "connector", "tool", "duration", "summary")
)


def read(text: str) -> tuple[Chosen, ...]:
    """The columns that a text such as `time:96,tool` names; the default for an empty text. What is no column is left out, and time is always there."""
    found: dict[str, Chosen] = {}
    for item in text.split(",")[: 2 * CHOSEN_MAX]:
        match = _CHOICE.fullmatch(item.strip())
        if match and match[1] in COLUMNS:
            width = max(WIDTHS_PX[0], min(WIDTHS_PX[1], int(match[2]))) if match[2] else None
            found.setdefault(match[1], Chosen(COLUMNS[match[1]], width))
    if not found:
        return DEFAULT
    if "time" not in found:
        found = {"time": Chosen(COLUMNS["time"]), **found}
    return tuple(found.values())[:CHOSEN_MAX]


def written(chosen: Iterable[Chosen]) -> str:
    """The text that `read` reads."""
    return ",".join(f"{one.column.name}:{one.width_px}" if one.width_px else one.column.name for one in chosen)


def address(chosen: Sequence[Chosen]) -> str:
    """Where the stylesheet of these columns is."""
    return "/columns.css?" + urlencode({"c": written(chosen), "v": __version__})


def stylesheet(chosen: Sequence[Chosen]) -> str:
    """Tracks of the grid. Columns of the default give way as the table gets narrower, those with the least `keep` first; a choice of one's own scrolls."""
    shown = list(chosen)
    if {one.column.name for one in chosen} != {one.column.name for one in DEFAULT}:
        return f".calls {{ --columns: {_tracks(chosen)}; min-width: {_room_px(shown)}px; }}\n"
    lines = [f".calls {{ --columns: {_tracks(chosen)}; }}"]
    while len(shown) > _LEFT_MIN:
        room_px = _room_px(shown)
        # Among equals the one furthest to the right goes first.
        least = min(reversed(shown), key=lambda one: one.column.keep)
        shown.remove(least)
        lines.append(
            f"@container rows (max-width: {room_px - 1}px) {{ .calls {{ --columns: {_tracks(shown)}; }} "
            f".calls .c-{least.column.name} {{ display: none; }} }}"
        )
    return "\n".join(lines) + "\n"


def _room_px(chosen: Sequence[Chosen]) -> int:
    return sum(one.width_px or one.column.width_px for one in chosen) + GAP_PX * (len(chosen) - 1) + _MARGIN_PX


def _tracks(chosen: Sequence[Chosen]) -> str:
    return " ".join(["24px", *(_track(one) for one in chosen)])


def _track(one: Chosen) -> str:
    if one.width_px:
        return f"{one.width_px}px"
    return f"minmax({one.column.width_px}px, {one.column.grow:g}fr)" if one.column.grow else f"{one.column.width_px}px"


async def serve(request: Request) -> Response:
    """Answer for `/columns.css`. It tells nothing that the address does not."""
    text = stylesheet(read(request.query_params.get("c", "")[:1000]))
    return Response(text, media_type="text/css; charset=utf-8", headers={"cache-control": "private, max-age=86400"})
