"""Records that are not part of a call: sign-ins, refused tokens, changes, reads of the book, starts and stops."""

import msgspec
from msgspec import Struct

from gatebook.index import Index, RecordRow
from gatebook.index.cursor import Place, decode, encode
from gatebook.index.engine import Value
from gatebook.index.rows import RECORD_COLUMNS
from gatebook.reading.room import moment
from gatebook.reading.viewer import Viewer

KINDS: dict[str, tuple[str, ...]] = {
    "sign-ins": ("auth.signed_in", "auth.failed"),
    "changes": ("config.changed", "token.changed"),
    "reads": ("log.read",),
    "processes": ("process.started", "process.stopped", "connector.process"),
    "log": ("log.segment_opened", "log.tail_cut", "log.unavailable", "clock.stepped"),
}
_TIME = "toUnixTimestamp64Micro(records.time)"


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
    """One page; who does not read everything sees their own records only. Blocking. Raises CursorError, EngineError, KeyError for another kind."""
    types = KINDS[question.kind] if question.kind else tuple(name for names in KINDS.values() for name in names)
    tests = [f"type IN ({', '.join(f'{{type{number}:String}}' for number in range(len(types)))})"]
    params: dict[str, Value] = {f"type{number}": name for number, name in enumerate(types)}
    if not viewer.reads_all:
        tests.append("subject = {subject:String}")
        params["subject"] = viewer.subject
    for name, sign, at in (("since", ">=", question.since_us), ("until", "<", question.until_us)):
        if at is not None:
            tests.append(f"records.time {sign} fromUnixTimestamp64Micro({{{name}:Int64}}, 'UTC')")
            params[name] = at
    if question.before is not None:
        place = decode(question.before)
        moment = "fromUnixTimestamp64Micro({before_time:Int64}, 'UTC')"
        tests.append(f"records.time <= {moment} AND (records.time < {moment} OR id < {{before_id:UUID}})")
        params |= {"before_time": place.time_us, "before_id": place.call_id}
    columns = ", ".join(f"{_TIME} AS time" if name == "time" else name for name in RECORD_COLUMNS)
    sql = f"SELECT {columns} FROM {index.database}.records WHERE {' AND '.join(tests)} ORDER BY records.time DESC, id DESC"
    rows = msgspec.convert(index.ask(f"{sql} LIMIT {question.limit + 1}", params), list[RecordRow])
    shown = rows[: question.limit]
    more = encode(Place(shown[-1].time, shown[-1].id)) if len(rows) > question.limit else None
    return RecordPage(rows=shown, next=more)
