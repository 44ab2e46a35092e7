"""The arguments of single calls, by path: what completion looks at to know which there are."""

from collections.abc import Sequence
from typing import Any

from gatebook.index.engine import Value
from gatebook.index.index import Index
from gatebook.index.rows import CallRow
from gatebook.index.snapshot import Snapshot
from gatebook.index.sql import moment_sql
from gatebook.index.store import TIMEOUT_S
from gatebook.query.paths import SEPARATOR


def arguments_of(
    index: Index, rows: Sequence[CallRow], *, snapshot: Snapshot | None = None, timeout_s: float = TIMEOUT_S
) -> list[list[tuple[str, str]]]:
    """Return path and value of each argument of these calls, folded as `query.paths` does; calls without any are left out. Order is not kept."""
    at = snapshot or index.snapshot()
    wanted = {row.call_id for row in rows}
    found: list[Sequence[str]] = [row.args for row in at.waiting if row.call_id in wanted]
    if rows:
        store = index.store(at)
        params: dict[str, Value] = {"ids": sorted(wanted), "low": min(row.time for row in rows), "high": max(row.time for row in rows)}
        within = f"time >= {moment_sql('{low:Int64}')} AND time <= {moment_sql('{high:Int64}')}"
        sql = f"SELECT args FROM {store.database}.payloads WHERE {within} AND has({{ids:Array(UUID)}}, call_id)"
        stored: list[dict[str, Any]] = store.ask(sql, params, timeout_s)
        found += [row["args"] for row in stored]
    split = [[item.partition(SEPARATOR) for item in items] for items in found if items]
    return [[(path, value) for path, _, value in items] for items in split]
