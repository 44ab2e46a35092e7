"""Rows of the table of calls, ready for the template."""

import time
from collections.abc import Mapping, Sequence

import msgspec
from markupsafe import Markup
from msgspec import Struct

from gatebook.console import charts
from gatebook.console.answers import texts_of
from gatebook.console.columns import DEFAULT, Chosen
from gatebook.console.looks import EFFECTS, Look, status_of
from gatebook.console.zones import UTC_ZONE, Zone
from gatebook.index.rows import CallRow
from gatebook.reading.masking import hidden_of

_SNIPPET_CHARACTERS = 180
_PARSED_BYTES_MAX = 64 * 1024
_ERRORS_SHOWN = frozenset({"tool_error", "protocol_error", "upstream_error", "timeout", "blocked", "unknown"})


class RowView(Struct, frozen=True, kw_only=True):
    """One line of the table. `why` tells that the summary is a reason, not arguments; `cells` holds the texts of further columns by name."""

    id: str
    time_us: int
    clock: str
    status: str
    person: str
    person_id: str
    email: str
    client: str
    connector: str
    tool: str
    method: str
    total_us: int | None
    bar: Markup
    summary: str
    why: bool
    day: str
    decision: Look | None
    cells: dict[str, str]


class Layout(Struct, frozen=True, kw_only=True):
    """How rows are written: in which columns and in which zone's time."""

    columns: Sequence[Chosen] = DEFAULT
    zone: Zone = UTC_ZONE


def views(rows: Sequence[CallRow], glimpses: Mapping[str, bytes], before_us: int | None, layout: Layout) -> list[RowView]:
    """Lines for the rows of one page. `before_us` is the time of the row above the first, None at the top; a line that begins another day says so."""
    zone = layout.zone
    above = [time.time_ns() // 1000 if before_us is None else before_us, *(row.time for row in rows)]
    lines = []
    for row, before in zip(rows, above, strict=False):
        another = zone.date(row.time) != zone.date(before)
        lines.append(_view(row, glimpses.get(row.call_id, b""), zone.day(row.time) if another else "", layout))
    return lines


def _view(row: CallRow, glimpse: bytes, day: str, layout: Layout) -> RowView:
    why = _why(row, glimpse) if row.status in _ERRORS_SHOWN else ""
    hidden = hidden_of(row)
    took = row.duration_us if row.status not in ("open", "unknown") and (row.duration_us or "metadata" not in hidden) else None
    some = "hidden" if "metadata" in hidden else ""
    return RowView(
        id=row.call_id,
        time_us=row.time,
        clock=layout.zone.clock(row.time),
        status=status_of(row),
        person=row.name or row.email or row.person or ("hidden" if "identity" in hidden else "not identified"),
        person_id=row.person or row.email,
        email=row.email,
        client=row.client or some,
        connector=row.connector,
        tool=row.tool if row.method in ("tools/call", "resources/read", "prompts/get") else "",
        method=row.method or some,
        total_us=took,
        bar=charts.level(took),
        summary=why or snippet(glimpse) or ("hidden from your role" if "arguments" in hidden else ""),
        day=day,
        why=bool(why),
        decision=EFFECTS.get(row.effect),
        cells={one.column.name: one.column.text(row) for one in layout.columns if one.column.text is not None},
    )


def _why(row: CallRow, glimpse: bytes) -> str:
    said = " ".join(" ".join(texts_of(glimpse)).split()) if row.status in ("tool_error", "protocol_error") else ""
    return row.reason or row.detail or said[:_SNIPPET_CHARACTERS] or row.error_class.replace("_", " ").capitalize()


def snippet(arguments: bytes) -> str:
    """The arguments in one line, name and value. The envelope of a tool call, whose name has a column of its own, is left out."""
    if len(arguments) > _PARSED_BYTES_MAX:
        return " ".join(arguments[: 4 * _SNIPPET_CHARACTERS].decode("utf-8", "replace").split())[:_SNIPPET_CHARACTERS] + "…"
    try:
        params = msgspec.json.decode(arguments) if arguments else {}
    except (msgspec.DecodeError, RecursionError):
        return " ".join(arguments.decode("utf-8", "replace").split())[:_SNIPPET_CHARACTERS]
    if not isinstance(params, dict):
        return _flat(params)[:_SNIPPET_CHARACTERS]
    inner = params.get("arguments", {name: value for name, value in params.items() if name not in ("_meta", "name")})
    text = _flat(inner) if not isinstance(inner, dict) else " · ".join(f"{name}: {_flat(value)}" for name, value in inner.items())
    return text[:_SNIPPET_CHARACTERS] + ("…" if len(text) > _SNIPPET_CHARACTERS else "")


def _flat(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return " ".join(text.split())
