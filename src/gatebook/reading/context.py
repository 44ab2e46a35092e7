"""What happened around one call: the calls before and after it, of the same session."""

import asyncio
from typing import Literal

from msgspec import Struct

from gatebook.index.cursor import Place, encode
from gatebook.index.rows import CallRow
from gatebook.query.writing import term
from gatebook.reading.masking import hidden_of, seen_rows
from gatebook.reading.room import BUDGET_S, Question, ReadingRoom
from gatebook.reading.viewer import Viewer

CALLS = 20
CALLS_MAX = 200


class Context(Struct, frozen=True, kw_only=True):
    """Calls of the same `by`, newest first on both sides. `query` asks for all of them; `more_before` and `more_after` tell that there are further ones."""

    by: Literal["session", "person", "address"]
    query: str
    before: list[CallRow]
    after: list[CallRow]
    more_before: bool
    more_after: bool
    hidden: tuple[str, ...] = ()
    """Groups of fields that the reader would have to see for an answer."""


async def context(room: ReadingRoom, viewer: Viewer, row: CallRow, n: int = CALLS) -> Context:
    """The `n` calls before and after a call that the viewer has found; the same person and app where the call has no session.

    On the record before they are returned. Raises LogUnavailable, QueryTooHeavy, TooSlow, EngineError.
    """
    by, text = kin(row)
    if "identity" in hidden_of(row):
        # What belongs together is told by who asked.
        return Context(by=by, query="", before=[], after=[], more_before=False, more_after=False, hidden=("identity",))
    query = room.query(viewer, Question(text=text))
    here = encode(Place(row.time, row.call_id))
    limit = min(n, CALLS_MAX) + 1
    index = room.index
    snapshot = index.snapshot()
    older, newer = await asyncio.gather(
        room.ask(lambda: index.search(query, before=here, limit=limit, timeout_s=BUDGET_S, snapshot=snapshot)),
        room.ask(lambda: index.search(query, after=here, limit=limit, timeout_s=BUDGET_S, snapshot=snapshot)),
    )
    before, after = (seen_rows(rows, viewer.access) for rows in (older.rows[: limit - 1], newer.rows[-(limit - 1) :]))
    subjects = {one.subject for page in (older, newer) for one in page.rows}
    await room.note(viewer, "search", text, rows=len(before) + len(after), subjects=subjects)
    return Context(by=by, query=text, before=before, after=after, more_before=len(older.rows) == limit, more_after=len(newer.rows) == limit)


def kin(row: CallRow) -> tuple[Literal["session", "person", "address"], str]:
    """The query for the calls that belong together with one, and by what."""
    if row.session:
        return "session", term("session", row.session)
    client = term("client", row.client)
    if row.subject not in ("", "-"):
        return "person", f"{term('subject', row.subject)} {client}"
    return "address", f"{term('ip', row.ip)} {client}"
