"""What happened around one call, as its page shows it."""

from msgspec import Struct

from gatebook.console import address, times
from gatebook.console.looks import status_of
from gatebook.console.times import Range
from gatebook.index.rows import CallRow
from gatebook.reading.context import Context

_BY = {"session": "the same session", "person": "the same person and app", "address": "the same address and app"}


class ContextLine(Struct, frozen=True, kw_only=True):
    """A call of the context; `here` is the one whose page this is."""

    id: str
    clock: str
    offset: str
    status: str
    connector: str
    tool: str
    returned: int
    duration_us: int | None
    here: bool


class ContextView(Struct, frozen=True, kw_only=True):
    """The calls before and after, oldest first, so that they read as a story."""

    words: str
    lines: list[ContextLine]
    all: str
    query: str
    more_before: bool
    more_after: bool
    hidden: bool = False


def view(row: CallRow, found: Context) -> ContextView:
    """Make the view of the context of a call."""
    story = [*reversed(found.before), row, *reversed(found.after)]
    count = len(found.before) + len(found.after)
    words = f"{count} other {'call' if count == 1 else 'calls'} of {_BY[found.by]}" if count else f"No other call of {_BY[found.by]}"
    return ContextView(
        words=words,
        lines=[_line(item, row) for item in story],
        all=address.explorer(found.query, Range(preset="all")),
        query=found.query,
        more_before=found.more_before,
        more_after=found.more_after,
        hidden=bool(found.hidden),
    )


def _line(item: CallRow, here: CallRow) -> ContextLine:
    return ContextLine(
        id=item.call_id,
        clock=times.clock(item.time),
        offset=_offset(item.time - here.time),
        status=status_of(item),
        connector=item.connector,
        tool=item.tool or item.method,
        returned=item.returned,
        duration_us=None if item.status == "open" else item.duration_us,
        here=item.call_id == here.call_id,
    )


def _offset(us: int) -> str:
    if not us:
        return "this call"
    sign, seconds = ("+" if us > 0 else "−"), abs(us) / times.SECOND_US
    if seconds < 100:
        return f"{sign}{seconds:.1f} s"
    return (
        f"{sign}{seconds / 60:.0f} min"
        if seconds < 6000
        else f"{sign}{seconds / 3600:.1f} h"
        if seconds < 172_800
        else f"{sign}{seconds / 86_400:.0f} d"
    )
