"""Rows of the table of calls, ready for the template."""

from collections.abc import Mapping, Sequence

import msgspec
from markupsafe import Markup
from msgspec import Struct

from gatebook.console import charts, times
from gatebook.console.looks import status_of
from gatebook.index.rows import CallRow

_SNIPPET_CHARACTERS = 180
_SCALE_US_MIN = 100_000
_ERRORS_SHOWN = frozenset({"tool_error", "protocol_error", "upstream_error", "timeout", "blocked", "unknown"})


class _Params(Struct):
    arguments: msgspec.Raw = msgspec.Raw(b"")


_decode_params = msgspec.json.Decoder(_Params).decode


class RowView(Struct, frozen=True, kw_only=True):
    """One line of the table. `why` tells that the summary is a reason, not arguments."""

    id: str
    time_us: int
    clock: str
    status: str
    person: str
    email: str
    client: str
    connector: str
    tool: str
    method: str
    total_us: int | None
    bar: Markup
    summary: str
    why: bool


def views(rows: Sequence[CallRow], arguments: Mapping[str, bytes]) -> list[RowView]:
    """Lines for the rows of one page. Durations are drawn against the longest of them."""
    scale_us = max([_SCALE_US_MIN, *(row.duration_us for row in rows)])
    return [_view(row, arguments.get(row.call_id, b""), scale_us) for row in rows]


def _view(row: CallRow, arguments: bytes, scale_us: int) -> RowView:
    why = _why(row) if row.status in _ERRORS_SHOWN else ""
    took = row.duration_us if row.status != "open" else None
    return RowView(
        id=row.call_id,
        time_us=row.time,
        clock=times.clock(row.time),
        status=status_of(row),
        person=row.name or row.email or row.person or "not identified",
        email=row.email,
        client=row.client,
        connector=row.connector,
        tool=row.tool if row.method in ("tools/call", "resources/read", "prompts/get") else "",
        method=row.method,
        total_us=took,
        bar=charts.level(took, scale_us),
        summary=why or snippet(arguments),
        why=bool(why),
    )


def _why(row: CallRow) -> str:
    return row.reason or row.detail or row.error_class.replace("_", " ").capitalize()


def snippet(arguments: bytes) -> str:
    """The beginning of the arguments, as sent. The envelope of a tool call, whose name has a column of its own, is left out."""
    try:
        inner = bytes(_decode_params(arguments).arguments)
    except msgspec.MsgspecError:
        inner = b""
    text = " ".join((inner or arguments)[: 4 * _SNIPPET_CHARACTERS].decode("utf-8", "replace").split())
    return text[:_SNIPPET_CHARACTERS] + ("…" if len(text) > _SNIPPET_CHARACTERS else "")
