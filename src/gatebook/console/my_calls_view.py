"""What the page "My calls" shows of single calls, in words to the person who made them. Pure."""

from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.looks import EFFECTS, LOOKS, Look, status_of
from gatebook.console.times import ago, duration
from gatebook.console.zones import Zone
from gatebook.definitions.telling import one_line
from gatebook.index import CallRow
from gatebook.reading.sentence import own_sentence

_SENTENCE_CHARACTERS_MAX = 400


class Line(Struct, frozen=True, kw_only=True):
    """A call. `repeats`: how often the like happened before; `next_href` is what one can do about it, empty where there is nothing."""

    id: str
    look: Look
    what: str
    connector: str
    text: str
    when: str
    stamp: str
    took: str = ""
    repeats: int = 0
    next_href: str = ""
    next_text: str = ""


def stopped_line(row: CallRow, askable: Collection[str], zone: Zone, now_us: int) -> Line:
    """A call that governance stopped or changed: what happened and why, and what to do."""
    does = ("", "")
    if row.effect == "pending" and row.status == "pending":
        does = (f"/approvals/{row.call_id}", "See who approves")
    elif row.call_id in askable:
        does = (f"/access/{row.call_id}", "Ask for access")
    return Line(
        id=row.call_id,
        look=EFFECTS.get(row.effect, LOOKS["unknown"]),
        what=_what(row),
        connector=one_line(row.connector, NAME_CHARACTERS_MAX),
        text=one_line(own_sentence(row), _SENTENCE_CHARACTERS_MAX),
        when=ago(now_us - row.time),
        stamp=f"{zone.stamp(row.time)} {zone.word(row.time)}",
        next_href=does[0],
        next_text=does[1],
    )


def stopped_lines(rows: Sequence[CallRow], askable: Collection[str], zone: Zone, now_us: int) -> list[Line]:
    """Calls that governance stopped or changed, newest first; the like of one that is there already is counted with it."""
    found: dict[tuple[str, ...], Line] = {}
    for row in rows:
        alike = (row.connector, row.tool, row.effect, *row.rules, row.reason)
        if alike in found:
            found[alike] = replace(found[alike], repeats=found[alike].repeats + 1)
        else:
            found[alike] = stopped_line(row, askable, zone, now_us)
    return list(found.values())


def latest_line(row: CallRow, zone: Zone, now_us: int) -> Line:
    """A call in the list of the newest ones."""
    return Line(
        id=row.call_id,
        look=LOOKS[status_of(row)],
        what=_what(row),
        connector=one_line(row.connector, NAME_CHARACTERS_MAX),
        text=one_line(row.client, NAME_CHARACTERS_MAX) or "–",
        when=ago(now_us - row.time),
        stamp=f"{zone.stamp(row.time)} {zone.word(row.time)}",
        took="–" if row.status in ("open", "unknown") else duration(row.duration_us),
    )


def _what(row: CallRow) -> str:
    return one_line(row.tool or row.method, NAME_CHARACTERS_MAX) or "unreadable"
