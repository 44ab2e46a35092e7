"""Counts beside the rows: how calls spread over time and over the values of fields. Stored and waiting calls of one snapshot, each once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct

from gatebook.index.engine import Value
from gatebook.index.index import Index, resolved
from gatebook.index.rows import CallRow
from gatebook.index.schema import outcome_of
from gatebook.index.snapshot import Snapshot
from gatebook.index.sql import is_confined
from gatebook.index.store import TIMEOUT_S
from gatebook.index.tallies import Buckets, Group, bucket_sql, column_of, key_sql, table, value_sql, values_of
from gatebook.query import FIELDS, Query
from gatebook.query.text import ascii_lower

__all__ = ["Buckets", "Count", "Group", "extent", "facets", "over_time", "table", "top"]

VALUES_MAX: Final = 200
BUCKETS_MAX: Final = 2_000
SERIES_MAX: Final = 6
_TIME: Final = "toUnixTimestamp64Micro(calls.time)"


class Count(Struct, frozen=True, kw_only=True):
    """A value of a field and how many calls have it. `label` is what people read."""

    value: str
    label: str
    count: int


def extent(index: Index, query: Query, snapshot: Snapshot | None = None, *, timeout_s: float = TIMEOUT_S) -> tuple[int, int] | None:
    """Times of the first and last call that match, microseconds since 1970; None when there is none."""
    question = _Question(index, query, snapshot, timeout_s)
    times = [row.time for row in question.waiting]
    stored = question.ask(f"min({_TIME}) AS first, max({_TIME}) AS last, count() AS n")[0]
    if stored["n"]:
        times += [stored["first"], stored["last"]]
    return (min(times), max(times)) if times else None


def over_time(  # noqa: PLR0913
    index: Index,
    query: Query,
    since_us: int,
    step_us: int,
    *,
    by: str = "outcome",
    snapshot: Snapshot | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[int, dict[str, int]]:
    """Calls in each bucket that has any: bucket number from `since_us`, then value and count.

    `by`: "outcome" is the status with `redacted` apart, "ended" the status alone; a field gives its SERIES_MAX most frequent values, and "" for all others. A call that holds
    several values of a field counts for each. Raises KeyError for a field that does not exist.
    """
    question = _Question(index, query, snapshot, timeout_s)
    params: dict[str, Value] = {}
    names: frozenset[str] = frozenset()
    if by in ("outcome", "ended"):
        state = "outcome" if by == "outcome" else "toString(calls.status)"
    else:
        names = frozenset(count.value for count in top(index, query, by, SERIES_MAX, snapshot=question.snapshot, timeout_s=timeout_s))
        params["names"] = sorted(names)
        state = f"if(has({{names:Array(String)}}, {value_sql(by)} AS held), held, '')"
    buckets: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    bucket = bucket_sql(Buckets(since_us=since_us, step_us=step_us), params)
    rest = f"GROUP BY bucket, state ORDER BY bucket LIMIT {BUCKETS_MAX * 12}"
    for row in question.ask(f"{bucket} AS bucket, {state} AS state, count() AS n", rest, params):
        buckets[row["bucket"]][row["state"]] += row["n"]
    for call in question.waiting:
        for value in _told_apart(call, by, names):
            buckets[(call.time - since_us) // step_us][value] += 1
    return buckets


def _told_apart(call: CallRow, by: str, names: frozenset[str]) -> list[str]:
    if by in ("outcome", "ended"):
        return [outcome_of(call.status, call.effect if by == "outcome" else "")]
    return [held if held in names else "" for held in values_of(call, by)]


def top(  # noqa: PLR0913
    index: Index,
    query: Query,
    field: str,
    limit: int,
    *,
    contains: str = "",
    snapshot: Snapshot | None = None,
    timeout_s: float = TIMEOUT_S,
) -> list[Count]:
    """The most frequent values of a field, most frequent first; `contains` keeps those that hold a text (of a person: id, e-mail address or name).

    Raises KeyError for a field that does not exist, ValueError for one of payloads.
    """
    question = _Question(index, query, snapshot, timeout_s)
    params: dict[str, Value] = {}
    column = column_of(field)
    having = ""
    if contains:
        params["part"] = ascii_lower(contains)
        texts = ("calls.person", "email", "name") if field == "person" else ("value",)
        test = "(" + " OR ".join(f"position(lower({text}), {{part:String}}) > 0" for text in texts) + ")"
        keys = None if question.confined else question.store.vocabulary.containing("who" if field == "person" else column, contains)
        if keys is not None:
            params["keys"] = keys
            test = f"{'who' if field == 'person' else 'value'} IN {{keys:Array(String)}}"
        having = f"{'AND' if field == 'person' else 'HAVING'} {test}"
    held = [(call, value) for call in question.waiting for value in values_of(call, field) if _contains(call, value, field, contains)]
    select, rest = _counting(field, limit, held, params)
    before, after = (having, "") if field == "person" else ("", having)
    rows = question.ask(select, f"{before} GROUP BY value {after} {rest}", params)
    return _best(question, field, {row["value"]: row["n"] for row in rows}, held, limit)


def facets(
    index: Index,
    query: Query,
    fields: Sequence[str],
    limit: int,
    *,
    snapshot: Snapshot | None = None,
    timeout_s: float = TIMEOUT_S,
) -> dict[str, list[Count]]:
    """The most frequent values of several fields, in one question. Raises as `top` does."""
    question = _Question(index, query, snapshot, timeout_s)
    params: dict[str, Value] = {}
    held = {field: [(call, value) for call in question.waiting for value in values_of(call, field)] for field in fields}
    plain = [field for field in fields if not FIELDS[field].many]
    parts = [_sets(question, plain, limit, held, params)] if plain else []
    for at, field in enumerate(fields):
        if FIELDS[field].many:
            select, rest = _counting(field, limit, held[field], params, f"held{at}")
            parts.append(f"SELECT '{field}' AS field, value, n FROM (SELECT {select} FROM {question.table} GROUP BY value {rest})")
    counts: dict[str, dict[str, int]] = {field: {} for field in fields}
    if parts:
        for row in question.store.ask(" UNION ALL ".join(parts), {**question.params, **params}, timeout_s, question.order):
            counts[row["field"]][row["value"]] = row["n"]
    return {field: _best(question, field, counts[field], held[field], limit) for field in fields}


def _sets(
    question: "_Question", fields: Sequence[str], limit: int, held: dict[str, list[tuple[CallRow, str]]], params: dict[str, Value]
) -> str:
    """Count the values of several fields in one pass: a group has the value of one of them, the others are empty."""
    keys = [f"{key_sql(field)} AS k{number}" for number, field in enumerate(fields)]
    names = [f"k{number}" for number in range(len(fields))]
    # Of the bits, the first field's highest, that of the field by which a group is made is 0.
    sets = [2 ** len(fields) - 1 - 2 ** (len(fields) - 1 - number) for number in range(len(fields))]
    waiting = {field: sorted({value for _, value in held[field]}) for field in fields}
    first = []
    for number, field in enumerate(fields):
        if waiting[field]:
            params[f"sets{number}"] = waiting[field]
            first.append(f"grouped = {sets[number]} AND has({{sets{number}:Array(String)}}, value)")
    most = min(limit, VALUES_MAX) + max(len(values) for values in waiting.values())
    field_sql = "".join(f"grouped = {bits}, '{field}', " for bits, field in zip(sets, fields, strict=True))
    # Not all keys in a row: those that a group does not have are empty for texts only.
    chosen_sql = "".join(f"grouped = {bits}, toString({name}), " for bits, name in zip(sets, names, strict=True))
    order = f"({' OR '.join(first)}) DESC, n DESC" if first else "n DESC"
    return (
        f"SELECT multiIf({field_sql}'') AS field, value, n FROM (SELECT grouping({', '.join(names)}) AS grouped, {', '.join(keys)}, "
        f"multiIf({chosen_sql}'') AS value, count() AS n FROM {question.table} "
        f"GROUP BY GROUPING SETS ({', '.join(f'({name})' for name in names)}) ORDER BY {order}, value LIMIT {most} BY grouped)"
    )


class _Question:
    """One question to a snapshot: the condition for what is stored, and what waits and matches."""

    def __init__(self, index: Index, query: Query, snapshot: Snapshot | None, timeout_s: float) -> None:
        self.snapshot = snapshot or index.snapshot()
        self.store = index.store(self.snapshot)
        asked = resolved(query)
        self.waiting: list[CallRow] = list(self.snapshot.matching(asked))
        found = self.store.lookup(asked.tree, self.snapshot)
        self.params = found.condition.params
        self.order = found.order
        self.confined = is_confined(asked.tree)
        self.table = f"{found.source} WHERE {found.condition.sql}"
        self._timeout_s = timeout_s

    def ask(self, select: str, rest: str = "", params: dict[str, Value] | None = None) -> list[dict[str, Any]]:
        return self.store.ask(f"SELECT {select} FROM {self.table} {rest}", {**self.params, **(params or {})}, self._timeout_s, self.order)


_Held = Iterable[tuple[CallRow, str]]


def _counting(field: str, limit: int, held: _Held, params: dict[str, Value], name: str = "held") -> tuple[str, str]:
    """What to select and in which order: the most frequent values, and all that waiting calls hold, so that both can be added up."""
    values = sorted({value for _, value in held})
    first = ""
    if values:
        params[name] = values
        first = f"has({{{name}:Array(String)}}, value) DESC, "
    return f"{value_sql(field)} AS value, count() AS n", f"ORDER BY {first}n DESC, value LIMIT {min(limit, VALUES_MAX) + len(values)}"


def _best(question: _Question, field: str, counts: dict[str, int], held: _Held, limit: int) -> list[Count]:
    labels: dict[str, str] = {}
    for call, value in held:
        counts[value] = counts.get(value, 0) + 1
        labels[value] = (call.name or call.email) if field == "person" else ""
    best = sorted(counts, key=lambda item: (-counts[item], item))[: min(limit, VALUES_MAX)]
    if field == "person":
        labels |= {value: question.store.vocabulary.label(value) or labels.get(value, "") for value in best}
    return [Count(value=item, label=labels.get(item) or item, count=counts[item]) for item in best]


def _contains(call: CallRow, value: str, field: str, part: str) -> bool:
    texts = (call.person, call.email, call.name) if field == "person" else (value,)
    return any(ascii_lower(part) in ascii_lower(text) for text in texts)
