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
from gatebook.index.sql import moment_sql, needs_payload, order_of
from gatebook.index.store import Lookup, Store
from gatebook.index.windows import ALL_GROWTH, GROWTH, Window, call_of, windows
from gatebook.query import Query
from gatebook.query.tree import Node

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

    @property
    def order(self) -> str:
        """The order in which they are looked for, in SQL."""
        way = "ASC" if self.upwards else "DESC"
        return f"time {way}, call_id {way}"

    def admits(self, row: CallRow) -> bool:
        """Say whether a row is on the right side of the places."""
        if self.before is None and self.after is None:
            return True
        order = _order(row)
        return (self.before is None or order < cursor.order(self.before)) and (self.after is None or order > cursor.order(self.after))


def page(store: Store, wanted: Wanted, snapshot: Snapshot, timeout_s: float) -> Page[CallRow]:
    """Return one page of what a snapshot holds. Raises QueryTooHeavy, EngineError."""
    limit = max(1, min(wanted.limit, LIMIT_MAX))
    waiting = _waiting(wanted, snapshot, limit + 1)
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


def _waiting(wanted: Wanted, snapshot: Snapshot, limit: int) -> list[CallRow]:
    """Return what waits and matches: no more than can be on the page, but for those of one time, as there may be thousands."""
    rows = [row for row in snapshot.matching(wanted.query) if wanted.admits(row)]
    if len(rows) > limit:
        edge = sorted((row.time for row in rows), reverse=not wanted.upwards)[limit - 1]
        rows = [row for row in rows if (row.time <= edge if wanted.upwards else row.time >= edge)]
    return [without_payloads(row) for row in rows]


def _stored(store: Store, wanted: Wanted, snapshot: Snapshot, limit: int, timeout_s: float) -> list[CallRow]:
    """Ask window by window, from the place on, until there are enough rows; where places are found, the rows are fetched once in the end."""
    ends_s = time.monotonic() + timeout_s
    tree = wanted.query.tree
    if (id := call_of(tree)) is not None and (near := store.near(id)) is not None:
        found, tests, params = _within(store, wanted, snapshot, near)
        if found.table == "calls" and (rows := store.calls(tests, "LIMIT 1", params, timeout_s)):
            return rows
    bounds = store.bounds(tree)
    if wanted.before is not None:
        bounds = Window(bounds.low, min(bounds.high, wanted.before.time_us + 1))
    if wanted.after is not None:
        bounds = Window(max(bounds.low, wanted.after.time_us), bounds.high)
    rows = []
    places: list[Place] = []
    for number, window in enumerate(windows(store.extent, bounds, upwards=wanted.upwards, growth=_growth(tree))):
        found, tests, params = _within(store, wanted, snapshot, window)
        left_s = max(0.001, ends_s - time.monotonic())
        rest = f"ORDER BY {wanted.order} LIMIT {limit - len(rows) - len(places)}"
        if found.table == "calls" and (number == 0 or not found.order):
            rows += store.calls(tests, rest, params, left_s)
        else:
            places += store.places(found, tests, rest, params, left_s)
        if len(rows) + len(places) >= limit:
            break
    return rows + store.at(places, max(0.001, ends_s - time.monotonic()))


def _growth(tree: Node) -> int:
    """Two questions at most where one costs as much for a part of the time as for all of it."""
    return ALL_GROWTH if needs_payload(tree) or order_of(tree) else GROWTH


def _within(store: Store, wanted: Wanted, snapshot: Snapshot, window: Window) -> tuple[Lookup, list[str], dict[str, Value]]:
    """Where, and by which conditions and values, the rows of one window are found."""
    within = f"time >= {moment_sql('{low:Int64}')} AND time < {moment_sql('{high:Int64}')}"
    found = store.lookup(wanted.query.tree, snapshot, within)
    params: dict[str, Value] = {**found.condition.params, "low": window.low, "high": window.high}
    tests = [within, found.condition.sql]
    if wanted.before is not None:
        tests.append(beside("before", "<", wanted.before, params))
    if wanted.after is not None:
        tests.append(beside("after", ">", wanted.after, params))
    return found, tests, params


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
