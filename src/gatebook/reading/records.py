"""Records that are not part of a call: sign-ins, refused tokens, changes, reads of the book, starts and stops."""

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from gatebook.identity.access import Access
from gatebook.index import Index, RecordRow
from gatebook.index.records import RecordFilter, find_records
from gatebook.query.groups import FieldGroup
from gatebook.reading.room import ReadingRoom, moment
from gatebook.reading.viewer import Viewer

KINDS: dict[str, tuple[str, ...]] = {
    "sign-ins": ("auth.signed_in", "auth.signed_out", "auth.sign_in_failed", "auth.failed"),
    "changes": ("config.changed", "token.changed", "client.changed", "grant.changed", "access.self_granted"),
    "cut-offs": ("access.cut_off", "access.cut_off_done"),
    "reads": ("log.read",),
    "processes": ("process.started", "process.stopped", "connector.process"),
    "log": ("log.segment_opened", "log.tail_cut", "log.unavailable", "clock.stepped"),
}


SHOWN_TO: dict[str, FieldGroup] = {
    "sign-ins": "identity",
    "changes": "metadata",
    "cut-offs": "metadata",
    "reads": "evidence",
    "processes": "metadata",
    "log": "metadata",
}
"""The group of fields that a role must show for records of each kind; one that is not named asks for `evidence`. Own records everybody sees."""


class RecordPage(Struct, frozen=True, kw_only=True):
    """One page of records, newest first; `next` is the cursor of the page after it."""

    rows: list[RecordRow]
    next: str | None = None


class RecordQuestion(Struct, frozen=True, kw_only=True):
    """Which records: of one of KINDS or all, in a half-open time range, older than the cursor."""

    kind: str = ""
    since_us: int | None = None
    until_us: int | None = None
    before: str | None = None
    limit: int = 100

    def words(self) -> str:
        """As the record of the reading holds it."""
        bounds = [(">=", self.since_us), ("<", self.until_us)]
        return " ".join([f"records:{self.kind or 'all'}", *(f"time:{sign}{moment(at)}" for sign, at in bounds if at is not None)])


def find(index: Index, viewer: Viewer, question: RecordQuestion) -> RecordPage:
    """One page; of kinds that their roles do not show, somebody sees their own records. Blocking.

    Raises CursorError, EngineError, KeyError for another kind.
    """
    types: list[str] = []
    limited: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for kind in [question.kind] if question.kind else KINDS:
        rows = viewer.access.rows_of_group(SHOWN_TO.get(kind, "evidence"))
        if rows is None:
            types.extend(KINDS[kind])
        else:
            limited.append((KINDS[kind], tuple(sorted(rows | {viewer.subject}))))
    wanted = RecordFilter(
        types=types,
        limited=limited,
        since_us=question.since_us,
        until_us=question.until_us,
        before=question.before,
        limit=question.limit,
    )
    page = find_records(index, wanted)
    return RecordPage(rows=[seen_record(row, viewer.access) for row in page.rows], next=page.next)


def seen_record(row: RecordRow, access: Access) -> RecordRow:
    """A record as its reader may see it: a record of reading tells whose calls were shown, and each its number in the log."""
    if access.is_whole:
        return row
    core = msgspec.json.decode(row.summary)
    if row.type == "log.read" and "subjects" in core:
        core["subjects"] = [subject for subject in core["subjects"] if access.sees(subject, "identity")]
    if not access.shows_place(row.subject):
        for name in ("seq", "prev"):
            core.pop(name, None)
        row = replace(row, seq=0, segment=0, offset=0)
    return replace(row, summary=msgspec.json.encode(core).decode())


async def note_reading(room: ReadingRoom, viewer: Viewer, question: RecordQuestion, rows: int) -> None:
    """Put a page of records on the record; of readings once for each reader and hour, else reading them would go on for ever. Raises LogUnavailable."""
    if question.kind == "reads":
        await room.note_once(viewer, "search", "records:reads", rows=rows)
    else:
        await room.note(viewer, "search", question.words(), rows=rows)
