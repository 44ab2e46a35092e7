"""Counts beside the rows: how calls spread over time and over the values of a field. Answered by the engine over the whole range."""

from collections import defaultdict
from typing import Any

from msgspec import Struct

from gatebook.index import Index
from gatebook.index.engine import Value
from gatebook.index.sql import Compiler
from gatebook.query import FIELDS, Query

VALUES_MAX = 50
_BUCKETS_MAX = 1000
_TIME = "toUnixTimestamp64Micro(calls.time)"


class Count(Struct, frozen=True, kw_only=True):
    """A value of a field and how many calls have it. `label` is what people read."""

    value: str
    label: str
    count: int


def extent(index: Index, query: Query) -> tuple[int, int] | None:
    """Times of the first and last call that match, microseconds since 1970; None when there is none."""
    times = [row.time for row in index.waiting(query)]
    stored = _ask(index, query, f"min({_TIME}) AS first, max({_TIME}) AS last, count() AS n")[0]
    if stored["n"]:
        times += [stored["first"], stored["last"]]
    return (min(times), max(times)) if times else None


def over_time(index: Index, query: Query, since_us: int, step_us: int) -> dict[int, dict[str, int]]:
    """Calls by status in each bucket that has any: bucket number from `since_us`, then status (`redacted` apart) and count."""
    status = "if(effect = 'redacted' AND status = 'ok', 'redacted', toString(status))"
    select = f"intDiv({_TIME} - {{since:Int64}}, {{step:Int64}}) AS bucket, {status} AS state, count() AS n"
    buckets: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = _ask(index, query, select, f"GROUP BY bucket, state LIMIT {_BUCKETS_MAX * 12}", {"since": since_us, "step": step_us})
    for row in rows:
        buckets[row["bucket"]][row["state"]] = row["n"]
    for call in index.waiting(query):
        name = "redacted" if call.effect == "redacted" and call.status == "ok" else call.status
        buckets[(call.time - since_us) // step_us][name] += 1
    return buckets


def top(index: Index, query: Query, field: str, limit: int) -> list[Count]:
    """The most frequent values of a field, most frequent first. Raises KeyError for a field that does not exist."""
    found = FIELDS[field]
    column = found.columns[0]
    value = f"arrayJoin({column})" if found.many else f"toString({column})"
    label = "any(if(name != '', toString(name), toString(email)))" if field == "person" else "''"
    select = f"{value} AS value, {label} AS label, count() AS n"
    rows = _ask(index, query, select, f"GROUP BY value ORDER BY n DESC, value LIMIT {min(limit, VALUES_MAX)}")
    counts = {row["value"]: row["n"] for row in rows}
    labels = {row["value"]: row["label"] for row in rows}
    for call in index.waiting(query):
        held = getattr(call, column)
        for item in held if found.many else (held,):
            counts[item] = counts.get(item, 0) + 1
            labels.setdefault(item, (call.name or call.email) if field == "person" else "")
    best = sorted(counts, key=lambda item: (-counts[item], item))[:limit]
    return [Count(value=item, label=labels[item] or item, count=counts[item]) for item in best]


def _ask(index: Index, query: Query, select: str, rest: str = "", params: dict[str, Value] | None = None) -> list[dict[str, Any]]:
    condition = Compiler(index.database).compile(query.tree)
    return index.ask(f"SELECT {select} FROM {index.database}.calls WHERE {condition.sql} {rest}", {**condition.params, **(params or {})})
