"""Calls in groups: by values of fields, by time or both, each group with the measures that were asked for."""

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, Final

from msgspec import Struct

from gatebook.index import schema
from gatebook.index.engine import Value
from gatebook.index.index import Index, resolved
from gatebook.index.rows import CallRow
from gatebook.index.snapshot import Snapshot
from gatebook.index.store import TIMEOUT_S
from gatebook.query import FIELDS, Query

FAILED: Final = ("tool_error", "protocol_error", "upstream_error", "timeout", "unknown")
"""Statuses that count as errors: neither ok, nor ended by governance or by the caller."""
_TIME: Final = "toUnixTimestamp64Micro(calls.time)"


class Buckets(Struct, frozen=True, kw_only=True):
    """Spans of time of one length, counted from `since_us`, microseconds since 1970."""

    since_us: int
    step_us: int


class Group(Struct, frozen=True, kw_only=True):
    """One group: its values in the order of the fields, the number of its bucket, and its measures."""

    keys: tuple[str, ...]
    bucket: int | None
    values: dict[str, float]


class _Measure(Struct, frozen=True):
    """`sql` for what is stored; `of` for one waiting call; `distinct` names the column of which different values are counted.

    `first_of` names the one many-valued field by which groups must be made: counted are calls of which the group's value is the first.
    """

    sql: str
    of: Callable[[CallRow], float] = lambda _: 0
    merge: Callable[[float, float], float] = lambda one, other: one + other
    distinct: str = ""
    first_of: str = ""


def _sum(column: str) -> _Measure:
    return _Measure(f"sum({column})", lambda row: float(getattr(row, column)))


def _first(one: float, other: float) -> float:
    return min(one, other) if one else other


MEASURES: Final[dict[str, _Measure]] = {
    "count": _Measure("count()", lambda _: 1),
    "errors": _Measure(f"countIf(status IN {FAILED})", lambda row: row.status in FAILED),
    "blocked": _Measure("countIf(status = 'blocked')", lambda row: row.status == "blocked"),
    "redacted": _Measure("countIf(effect = 'redacted')", lambda row: row.effect == "redacted"),
    # Of calls that have ended, by a sample of 8,192 of each group; waiting ones are left out.
    "p50_us": _Measure("quantileIf(0.5)(duration_us, duration_us > 0)"),
    "p95_us": _Measure("quantileIf(0.95)(duration_us, duration_us > 0)"),
    "bytes_in": _sum("bytes_in"),
    "bytes_out": _sum("bytes_out"),
    "returned": _sum("returned"),
    "people": _Measure("uniqExactIf(subject, subject != '')", distinct="subject"),
    "sessions": _Measure("uniqExactIf(session, session != '')", distinct="session"),
    "first_us": _Measure(f"min({_TIME})", lambda row: row.time, _first),
    "last_us": _Measure(f"max({_TIME})", lambda row: row.time, max),
    # Of groups by `rule`: calls that the rule itself decided.
    "decided": _Measure("countIf(calls.rules[1] = arrayJoin(calls.rules))", first_of="rule"),
    "findings": _Measure("sum(length(findings))", lambda row: len(row.findings)),
}


def table(  # noqa: PLR0913
    index: Index,
    query: Query,
    by: tuple[str, ...],
    measures: tuple[str, ...],
    *,
    buckets: Buckets | None = None,
    limit: int = 1000,
    snapshot: Snapshot | None = None,
    timeout_s: float = TIMEOUT_S,
) -> list[Group]:
    """Return groups with the largest first measure first; a call stands in one group for each value of a many-valued field, in none when it has none.

    `by`: names of fields. Waiting calls are within all measures but percentiles. Raises KeyError for a field or measure that does not exist,
    ValueError for a field of payloads, and for a measure that groups by other fields cannot have.
    """
    for name in measures:
        if (field := MEASURES[name].first_of) and by != (field,):
            raise ValueError(f"{name} is a measure of groups by {field} alone")
    at = snapshot or index.snapshot()
    store, asked = index.store(at), resolved(query)
    lookup = store.lookup(asked.tree, at)
    waiting = list(at.matching(asked))
    params: dict[str, Value] = dict(lookup.condition.params)
    keys = [f"{value_sql(field)} AS key{number}" for number, field in enumerate(by)]
    keys += [f"{bucket_sql(buckets, params)} AS bucket"] if buckets else []
    chosen = {name: MEASURES[name] for name in measures}
    columns = [f"{measure.sql} AS m_{name}" for name, measure in chosen.items()]
    for name, measure in chosen.items():
        if measure.distinct and waiting:
            params[f"known_{name}"] = sorted({getattr(row, measure.distinct) for row in waiting})
            test = f"has({{known_{name}:Array(String)}}, toString({measure.distinct}))"
            columns.append(f"groupUniqArrayIf(toString({measure.distinct}), {test}) AS known_{name}")
    grouped = ", ".join([*(f"key{number}" for number in range(len(by))), *(["bucket"] if buckets else [])])
    found = _grouped(waiting, by, buckets)
    sql = f"SELECT {', '.join([*keys, *columns])} FROM {lookup.source} WHERE {lookup.condition.sql}"
    if grouped:
        sql += f" GROUP BY {grouped} ORDER BY m_{measures[0]} DESC, {grouped} LIMIT {int(limit) + len(found)}"
    rows = store.ask(sql, params, timeout_s, lookup.order)
    groups = [_group(row, len(by), buckets, chosen, found) for row in rows]
    groups += [_group({}, len(by), buckets, chosen, found, key) for key in list(found)]
    groups.sort(key=lambda group: (-group.values[measures[0]], group.keys, group.bucket or 0))
    return groups[:limit]


_Key = tuple[tuple[str, ...], int | None]


def _grouped(waiting: Iterable[CallRow], by: Sequence[str], buckets: Buckets | None) -> dict[_Key, list[CallRow]]:
    found: dict[_Key, list[CallRow]] = {}
    for row in waiting:
        bucket = (row.time - buckets.since_us) // buckets.step_us if buckets else None
        for keys in product(*(values_of(row, field) for field in by)):
            found.setdefault((keys, bucket), []).append(row)
    return found


def _group(
    row: dict[str, Any],
    width: int,
    buckets: Buckets | None,
    chosen: dict[str, _Measure],
    found: dict[_Key, list[CallRow]],
    key: _Key | None = None,
) -> Group:
    """Add what waits of a group to what is stored of it, and take it out of `found`."""
    key = key or (tuple(row[f"key{number}"] for number in range(width)), row["bucket"] if buckets else None)
    waiting = found.pop(key, [])
    values = {}
    for name, measure in chosen.items():
        value = float(row.get(f"m_{name}") or 0)
        if measure.distinct and waiting:
            value += len({getattr(call, measure.distinct) for call in waiting} - {"", *row.get(f"known_{name}", ())})
        elif measure.first_of:
            value += sum(values_of(call, measure.first_of)[:1] == list(key[0]) for call in waiting)
        elif waiting:
            for call in waiting:
                value = measure.merge(value, float(measure.of(call)))
        values[name] = value
    return Group(keys=key[0], bucket=key[1], values=values)


def column_of(field: str) -> str:
    """Return the column in which the values of a field are counted. Raises KeyError, ValueError."""
    found = FIELDS[field]
    if found.kind == "text":
        raise ValueError(f"{field} has no values that can be counted")
    return found.columns[0]


def value_sql(field: str) -> str:
    """Return the expression for the values of a field as text. Raises as `column_of` does."""
    column, found = f"calls.{column_of(field)}", FIELDS[field]
    if found.many:
        return f"toString(arrayJoin({column}))"
    return f"toString(toUnixTimestamp64Micro({column}))" if found.kind == "time" else f"toString({column})"


def key_sql(field: str) -> str:
    """Return the expression for the value of a field that is not many-valued, as it is grouped fastest: words as they are stored."""
    column = column_of(field)
    return f"calls.{column}" if schema.CALLS[column].startswith("LowCardinality") else value_sql(field)


def values_of(row: CallRow, field: str) -> list[str]:
    """Return the values that a call holds of a field, as `value_sql` writes them."""
    held = getattr(row, column_of(field))
    items = held if FIELDS[field].many else (held,)
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in items]


def bucket_sql(buckets: Buckets, params: dict[str, Value]) -> str:
    """Return the expression for the number of a call's bucket, and put its values into `params`."""
    params |= {"since": buckets.since_us, "step": max(1, buckets.step_us)}
    past = f"({_TIME} - {{since:Int64}})"
    # intDiv goes towards zero; buckets before the first have negative numbers.
    return f"intDiv({past} - if({past} < 0, {{step:Int64}} - 1, 0), {{step:Int64}})"
