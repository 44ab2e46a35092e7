"""Finding records that are not part of a call: sign-ins, refused tokens, changes, readings of the book, starts and stops."""

from collections.abc import Sequence

from msgspec import Struct

from gatebook.index import cursor
from gatebook.index.cursor import Place
from gatebook.index.engine import Value
from gatebook.index.index import Index
from gatebook.index.newest import Page, beside
from gatebook.index.rows import RecordRow
from gatebook.index.sql import moment_sql
from gatebook.index.store import TIMEOUT_S


class RecordFilter(Struct, frozen=True, kw_only=True):
    """Which records: of `types`, and of `limited` types those of some subjects; in a half-open time range, older than the cursor."""

    types: Sequence[str] = ()
    limited: Sequence[tuple[Sequence[str], Sequence[str]]] = ()
    mentions: str = ""
    """A text that stands in the record as it is stored."""
    since_us: int | None = None
    until_us: int | None = None
    before: str | None = None
    limit: int = 100


def find_records(index: Index, wanted: RecordFilter, *, timeout_s: float = TIMEOUT_S) -> Page[RecordRow]:
    """Return one page, newest first. Raises CursorError, QueryTooHeavy, EngineError."""
    at = index.snapshot()
    params: dict[str, Value] = {}
    tests = [_kinds(wanted, params)]
    if wanted.mentions:
        tests.append("position(summary, {mentions:String}) > 0")
        params["mentions"] = wanted.mentions
    for name, sign, bound in (("since", ">=", wanted.since_us), ("until", "<", wanted.until_us)):
        if bound is not None:
            tests.append(f"time {sign} {moment_sql(f'{{{name}:Int64}}')}")
            params[name] = bound
    if wanted.before is not None:
        tests.append(beside("before", "<", cursor.decode(wanted.before), params, ("time", "id")))
    rows = index.store(at).records(tests, f"ORDER BY time DESC, id DESC LIMIT {int(wanted.limit) + 1}", params, timeout_s)
    shown = rows[: wanted.limit]
    more = cursor.encode(Place(shown[-1].time, shown[-1].id)) if len(rows) > wanted.limit else None
    return Page(rows=shown, next=more, snapshot=at.positions)


def _kinds(wanted: RecordFilter, params: dict[str, Value]) -> str:
    """The condition on types and subjects."""
    params["types"] = list(wanted.types)
    tests = ["type IN {types:Array(String)}"]
    for number, (types, subjects) in enumerate(wanted.limited):
        params |= {f"types{number}": list(types), f"subjects{number}": list(subjects)}
        tests.append(f"(type IN {{types{number}:Array(String)}} AND subject IN {{subjects{number}:Array(String)}})")
    return f"({' OR '.join(tests)})"
