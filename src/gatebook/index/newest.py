"""Pages of calls: the newest that match, or those beside a place, stored and waiting ones in one order."""

import time
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

from gatebook.index import cursor
from gatebook.index.build import without_payloads
from gatebook.index.cursor import Place
from gatebook.index.engine import Value
from gatebook.index.rows import CallRow
from gatebook.index.snapshot import Snapshot
from gatebook.index.sql import has_order, moment_sql, needs_payload
from gatebook.index.store import Store
from gatebook.index.windows import ALL_GROWTH, GROWTH, Window, windows
from gatebook.query import Query

LIMIT_MAX: Final = 1000
Row = TypeVar("Row")


class Page(Struct, Generic[Row], frozen=True, kw_only=True):
    """One page, newest first.

    `next` is the cursor of the page of older rows, `previous` of newer ones (to be given as `after`); None where there are none. `snapshot` names the
    last record of each stream that was indexed.
    """

    rows: list[Row]
    next: str | None = None
    previous: str | None = None
    total: int | None = None
    snapshot: dict[str, int] = {}


class Wanted(Struct, frozen=True, kw_only=True):
    """Which rows: those older than `before` or newer than `after` (the nearest to it), so many at most."""

    query: Query
    before: Place | None = None
    after: Place | None = None
    limit: int = 50

    @property
    def upwards(self) -> bool:
        """Whether the rows follow the place in time, and are looked for from there on."""
        return self.after is not None and self.before is None

    def admits(self, row: CallRow) -> bool:
        """Say whether a row is on the right side of the places."""
        order = _order(row)
        return (self.before is None or order < cursor.order(self.before)) and (self.after is None or order > cursor.order(self.after))


def page(store: Store, wanted: Wanted, snapshot: Snapshot, timeout_s: float) -> Page[CallRow]:
    """Return one page of what a snapshot holds. Raises QueryTooHeavy, EngineError."""
    limit = max(1, min(wanted.limit, LIMIT_MAX))
    waiting = [without_payloads(row) for row in snapshot.matching(wanted.query) if wanted.admits(row)]
    stored = _stored(store, wanted, snapshot, limit + 1, timeout_s)
    known = {row.call_id for row in stored}
    merged = sorted([*stored, *(row for row in waiting if row.call_id not in known)], key=_order, reverse=not wanted.upwards)
    rows, more = merged[:limit], len(merged) > limit
    if wanted.upwards:
        rows.reverse()
    older = more if not wanted.upwards else True
    newer = more if wanted.upwards else wanted.before is not None
    return Page(
        rows=rows,
        next=cursor.encode(_place(rows[-1])) if rows and older else None,
        previous=cursor.encode(_place(rows[0])) if rows and newer else None,
        snapshot=snapshot.positions,
    )


def _stored(store: Store, wanted: Wanted, snapshot: Snapshot, limit: int, timeout_s: float) -> list[CallRow]:
    """Ask window by window, from the place on, until there are enough rows."""
    ends_s = time.monotonic() + timeout_s
    bounds = store.bounds(wanted.query.tree)
    if wanted.before is not None:
        bounds = Window(bounds.low, min(bounds.high, wanted.before.time_us + 1))
    if wanted.after is not None:
        bounds = Window(max(bounds.low, wanted.after.time_us), bounds.high)
    rows: list[CallRow] = []
    tree = wanted.query.tree
    # Two questions at most where one costs as much for a part of the time as for all of it.
    growth = ALL_GROWTH if needs_payload(tree) or has_order(tree) else GROWTH
    for window in windows(store.extent, bounds, upwards=wanted.upwards, growth=growth):
        rows += _within(store, wanted, snapshot, window, (limit - len(rows), max(0.001, ends_s - time.monotonic())))
        if len(rows) >= limit:
            break
    return rows


def _within(store: Store, wanted: Wanted, snapshot: Snapshot, window: Window, bounds: tuple[int, float]) -> list[CallRow]:
    limit, timeout_s = bounds
    within = f"time >= {moment_sql('{low:Int64}')} AND time < {moment_sql('{high:Int64}')}"
    found = store.lookup(wanted.query.tree, snapshot, within)
    params: dict[str, Value] = {**found.condition.params, "low": window.low, "high": window.high}
    tests = [within, found.condition.sql]
    if wanted.before is not None:
        tests.append(beside("before", "<", wanted.before, params))
    if wanted.after is not None:
        tests.append(beside("after", ">", wanted.after, params))
    way = "ASC" if wanted.upwards else "DESC"
    if found.table == "calls" and not has_order(wanted.query.tree):
        return store.calls(tests, f"ORDER BY time {way}, call_id {way} LIMIT {limit}", params, timeout_s)
    return store.page(found.table, tests, f"ORDER BY time {way}, call_id {way} LIMIT {limit}", params, timeout_s)


def beside(name: str, sign: str, place: Place, params: dict[str, Value], columns: Sequence[str] = ("time", "call_id")) -> str:
    """Return the condition for rows on one side of a place, and put its values into `params`."""
    time_column, id_column = columns
    params[f"{name}_time"], params[f"{name}_id"] = place.time_us, place.call_id
    bound = moment_sql(f"{{{name}_time:Int64}}")
    return f"{time_column} {sign}= {bound} AND ({time_column} {sign} {bound} OR {id_column} {sign} {{{name}_id:UUID}})"


def _place(row: CallRow) -> Place:
    return Place(row.time, row.call_id)


def _order(row: CallRow) -> tuple[int, int, int]:
    return cursor.order(_place(row))
