"""The tables of one generation: rows go in as numbered batches, questions are asked of what a snapshot holds."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import astuple, replace

from gatebook.index import packed, people, schema
from gatebook.index.cursor import Place
from gatebook.index.engine import Engine, Value
from gatebook.index.rows import CALL_COLUMNS, PAYLOAD_COLUMNS, RECORD_COLUMNS, CallRow, FullRow, RecordRow
from gatebook.index.snapshot import Snapshot
from gatebook.index.sql import Compiler, Condition, moment_sql, needs_payload, order_of, scans_words
from gatebook.index.vocabulary import Vocabulary
from gatebook.index.windows import Extent, Window, bounds_of, call_of, subjects_of
from gatebook.query.tree import Node
from gatebook.record.ids import time_us_of

TIMEOUT_S: Final = 10.0
_TIMES: Final = ("time", "finished")
_TIME_US_MAX: Final = 4_102_444_800_000_000
_ID_SLACK_US: Final = 60_000_000
_MEMORY_BYTES_MAX: Final = 600 << 20
# Lazy materialization: the many columns of a row are read for the rows of the page only, not for every row that is sorted.
_SETTINGS: Final = (
    "SETTINGS max_execution_time = {timeout}, max_memory_usage = {memory}, prefer_column_name_to_alias = 1, "
    # The engine mixes up the columns of the order there ("Expected: DateTime64. Got: UUID").
    "query_plan_max_limit_for_lazy_materialization = 2000, use_top_k_dynamic_filtering = 0, "
    # Rows come in the order of time, and reading ends with the last that the page has room for; a buffer would be filled first.
    "read_in_order_use_buffering = 0, use_text_index_like_evaluation_by_dictionary_scan = {parts}"
)

_MICROS: Final = "toUnixTimestamp64Micro(time)"

_encode = msgspec.json.Encoder().encode
_decode_records = msgspec.json.Decoder(RecordRow).decode_lines
_decode_any = msgspec.json.Decoder().decode_lines


class Lookup(Struct, frozen=True):
    """`table` holds the calls that are looked for, `source` names it in SQL (as `calls`), `condition` tells which they are, `order` is their projection."""

    table: str
    source: str
    condition: Condition
    order: str = ""


class Store:
    """One database of the engine. Inserts come from one thread; questions from any."""

    def __init__(self, engine: Engine, database: str) -> None:
        self.engine = engine
        self.database = database
        self.vocabulary = Vocabulary(self._distinct)
        self._lock = threading.Lock()
        select = "SELECT toUnixTimestamp64Micro(min(time)) AS first, toUnixTimestamp64Micro(max(time)) AS last, count() AS rows"
        self._extent = msgspec.convert(self.ask(f"{select} FROM {database}.calls", {})[0], Extent)
        last = f"SELECT max(batch) AS n FROM {database}"
        self._batch = int(self.ask(f"{last}.calls", {})[0]["n"])
        self._uneven = int(self.ask(f"{last}.payloads", {})[0]["n"]) > self._batch

    @property
    def batch(self) -> int:
        """Number of the last batch whose calls are stored whole."""
        return self._batch

    @property
    def extent(self) -> Extent:
        """Times of all calls, those included that are about to be inserted."""
        return self._extent

    def mark_uneven(self) -> None:
        """Note that there are payloads of calls that are not stored yet: from now on calls are never counted by their payloads alone."""
        self._uneven = True

    @contextmanager
    def _uneven_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._uneven = True
            raise

    def insert_payloads(self, calls: Sequence[FullRow]) -> None:
        """Add the searched texts of calls, to the batch that the next `insert_calls` completes."""
        number = self._batch + 1
        lines = [
            _encode([*_values(row, CALL_COLUMNS), *_asked(row), number, *(getattr(row, name) for name in PAYLOAD_COLUMNS)])
            for row in calls
            if row.arguments or row.response or row.args
        ]
        if lines:
            with self._uneven_on_failure():
                self.engine.insert(f"{self.database}.payloads", tuple(schema.PAYLOADS), b"\n".join(lines))

    def insert_calls(self, calls: Sequence[FullRow]) -> None:
        """Add the metadata of calls; the batch is complete when this returns."""
        if not calls:
            return
        number = self._batch + 1
        times = [row.time for row in calls]
        with self._lock:
            # Before the rows can be seen: a search never looks beyond the extent.
            self._extent = self._extent.with_rows(min(times), max(times), len(times))
        self.vocabulary.add(calls)
        lines = b"\n".join(_encode([*_values(row, CALL_COLUMNS), *_asked(row), number, packed.pack(row)]) for row in calls)
        with self._uneven_on_failure():
            self.engine.insert(f"{self.database}.calls", tuple(schema.COLUMNS["calls"]), lines)
        self._batch = number

    def insert_records(self, records: Sequence[RecordRow]) -> None:
        """Add other records."""
        if records:
            lines = b"\n".join(_encode(_values(row, RECORD_COLUMNS)) for row in records)
            self.engine.insert(f"{self.database}.records", RECORD_COLUMNS, lines)

    def where(self, tree: Node, snapshot: Snapshot, window: str = "") -> Condition:
        """Return the condition for the stored calls of a snapshot that match a resolved tree."""
        condition = Compiler(self.database, window, self.vocabulary).compile(tree)
        return _at(condition, snapshot)

    def bounds(self, tree: Node) -> Window:
        """Return the times outside of which no stored call matches a resolved tree. One that names a call is looked up: its time is all that is left."""
        bounds = bounds_of(tree)
        id = call_of(tree)
        if id is None:
            return bounds
        row = self.call(id, subjects_of(tree))
        return Window(max(bounds.low, row.time), min(bounds.high, row.time + 1)) if row else Window(0, 0)

    def lookup(self, tree: Node, snapshot: Snapshot, window: str = "") -> Lookup:
        """Return where and by which condition the stored calls of a snapshot are found.

        A call that matches only with a payload is looked for beside the payloads, where its fields stand too; all others among the calls.
        """
        if not window and call_of(tree) is not None:
            low, high = self.bounds(tree)
            window = f"time >= {moment_sql(str(low))} AND time < {moment_sql(str(high))}"
            found = self.lookup(tree, snapshot, window)
            return replace(found, condition=replace(found.condition, sql=f"{window} AND {found.condition.sql}"))
        if self._uneven or not needs_payload(tree):
            return Lookup("calls", f"{self.database}.calls AS calls", self.where(tree, snapshot, window), order_of(tree))
        condition = Compiler(self.database, window, self.vocabulary).compile_beside_payloads(tree)
        return Lookup("payloads", f"{self.database}.payloads AS calls", _at(condition, snapshot))

    def ask(self, sql: str, params: dict[str, Value], timeout_s: float = TIMEOUT_S, order: str = "any") -> list[dict[str, Any]]:
        """Run a SELECT within the budget; `order` as of a Lookup. Raises EngineError, QueryTooHeavy."""
        rows: list[dict[str, Any]] = _decode_any(self.engine.rows(_within(sql, timeout_s, order), params))
        return rows

    def calls(self, tests: Sequence[str], rest: str, params: dict[str, Value], timeout_s: float = TIMEOUT_S) -> list[CallRow]:
        """Return the calls that pass all tests; `rest` orders and limits them."""
        sql = f"SELECT call_id, {_MICROS} AS time, row FROM {self.database}.calls WHERE {' AND '.join(tests)} {rest}"
        return packed.unpack(self.engine.rows(_within(sql, timeout_s), params))

    def places(self, lookup: Lookup, tests: Sequence[str], rest: str, params: dict[str, Value], timeout_s: float) -> list[Place]:
        """Return the places of calls, found beside their payloads or in the order by person or session; `at` has their rows."""
        sql = f"SELECT {_MICROS} AS at, call_id FROM {self.database}.{lookup.table} WHERE {' AND '.join(tests)} {rest}"
        return [Place(row["at"], row["call_id"]) for row in self.ask(sql, params, timeout_s, lookup.order)]

    def at(self, places: Sequence[Place], timeout_s: float) -> list[CallRow]:
        """Return the calls at these places, in no order."""
        if not places:
            return []
        # By their times alone: the engine takes twice as long for pairs, and few calls share a microsecond.
        times = ", ".join(sorted({moment_sql(str(place.time_us)) for place in places}))
        rows = self.calls((f"time IN ({times})",), "", {}, timeout_s)
        wanted = set(places)
        return [row for row in rows if Place(row.time, row.call_id) in wanted]

    def records(self, tests: Sequence[str], rest: str, params: dict[str, Value], timeout_s: float = TIMEOUT_S) -> list[RecordRow]:
        """Return the other records that pass all tests; `rest` orders and limits them."""
        sql = f"SELECT {_columns(RECORD_COLUMNS)} FROM {self.database}.records WHERE {' AND '.join(tests)} {rest}"
        return _decode_records(self.engine.rows(_within(sql, timeout_s), params))

    def call(self, call_id: str, subjects: Collection[str] | None = None) -> CallRow | None:
        """Return one stored call, None when there is none of this id. With `subjects`, one of others is looked for as long as one that is not there."""
        near = self.near(call_id)
        if near is None:
            return None
        params: dict[str, Value] = {"id": call_id}
        test = "call_id = toUUIDOrZero({id:String})"
        if subjects is not None:
            params["subjects"] = sorted(subjects)
            test = f"if(subject IN {{subjects:Array(String)}}, {test}, 0)"
        within = f"time >= {moment_sql('{low:Int64}')} AND time < {moment_sql('{high:Int64}')}"
        about: dict[str, Value] = {"low": near.low, "high": near.high}
        rows = self.calls((test, within), "LIMIT 1", params | about) or self.calls((test,), "LIMIT 1", params)
        return rows[0] if rows else None

    @staticmethod
    def near(call_id: str) -> Window | None:
        """Return when a call of this id most likely began: the time within a UUIDv7 is that of the row, unless the clock stepped between the two.

        None for what is no id.
        """
        try:
            time_us = time_us_of(call_id)
        except ValueError:
            return None
        return Window(time_us - _ID_SLACK_US, time_us + _ID_SLACK_US)

    def rows(self) -> dict[str, int]:
        """Return how many rows each table holds, as its parts say, without reading them."""
        sql = "SELECT table, sum(rows) AS n FROM system.parts WHERE database = {database:String} AND active GROUP BY table"
        return {row["table"]: int(row["n"]) for row in _decode_any(self.engine.rows(sql, {"database": self.database}))}

    def seqs_after(self, table: str, column: str, stream: str, seq: int, until: int | None = None) -> tuple[set[int], set[str]]:
        """Return the sequence numbers behind `seq`, before `until`, that a table holds of a stream, and the ids of the calls that they belong to."""
        ids = "toString(call_id)" if "call_id" in schema.COLUMNS[table] else "''"
        sql = f"SELECT {column} AS seq, {ids} AS id FROM {self.database}.{table} WHERE stream = {{stream:String}} AND {column} > {{seq:UInt64}}"
        if until is not None:
            sql += f" AND {column} < {int(until)}"
        rows = _decode_any(self.engine.rows(sql, {"stream": stream, "seq": seq}))
        return {row["seq"] for row in rows}, {row["id"] for row in rows}

    def _distinct(self, column: str) -> Iterator[str]:
        value = f"arrayJoin({column})" if schema.CALLS[column].startswith("Array") else f"toString({column})"
        return (row["value"] for row in self.ask(f"SELECT DISTINCT {value} AS value FROM {self.database}.calls", {}, 600))


def _within(sql: str, timeout_s: float, order: str = "") -> str:
    settings = _SETTINGS.format(timeout=timeout_s, memory=_MEMORY_BYTES_MAX, parts=int(scans_words(sql)))
    if order == "any":
        return f"{sql} {settings}"
    # Looking for a projection that fits takes 4 ms where there is none, and 15 ms where the best one is known.
    return f"{sql} {settings}, " + (f"preferred_optimize_projection_name = '{order}'" if order else "optimize_use_projections = 0")


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f"toUnixTimestamp64Micro({name}) AS {name}" if name in _TIMES else name for name in names)


def _moment(time_us: int) -> str:
    seconds, rest_us = divmod(max(0, min(time_us, _TIME_US_MAX)), 1_000_000)
    # Fewer than ten digits would be read as a calendar date.
    whole = str(seconds) if seconds >= 1_000_000_000 else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    return f"{whole}.{rest_us:06d}"


def _at(condition: Condition, snapshot: Snapshot) -> Condition:
    return replace(condition, sql=f"{condition.sql} AND batch <= {{batch:UInt32}}", params={**condition.params, "batch": snapshot.batch})


def _asked(row: CallRow) -> tuple[str, str]:
    return people.key(row.person, row.email, row.name), schema.outcome_of(row.status, row.effect)


def _values(row: Struct, columns: Sequence[str]) -> list[Any]:
    """The values of the first columns of a row, in order. One call for all of them: a row has sixty, and there are thousands a second."""
    values = list(astuple(row)[: len(columns)])
    for name in _TIMES:
        if name in columns:
            at = columns.index(name)
            values[at] = _moment(values[at])
    return values
