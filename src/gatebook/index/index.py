"""The index as everybody else sees it: insert rows, find them again."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from gatebook.index import cursor, schema
from gatebook.index.arrivals import Arrivals
from gatebook.index.build import without_payloads
from gatebook.index.cursor import Place
from gatebook.index.engine import Engine, Value
from gatebook.index.generation import Generation, read_generation, write_generation
from gatebook.index.progress import remove_progress
from gatebook.index.rows import CALL_COLUMNS, PAYLOAD_COLUMNS, RECORD_COLUMNS, CallRow, FullRow, RecordRow
from gatebook.index.sql import Compiler, Condition, moment_sql
from gatebook.index.windows import Extent, Window, bounds_of, windows
from gatebook.query import Query, matches, parse, resolve
from gatebook.record.ids import time_us_of

LIMIT_MAX: Final = 1000
TIMEOUT_S: Final = 10.0
_RETIRED_GRACE_S: Final = 15.0
Row = TypeVar("Row")
_TIMES: Final = ("time", "finished")
_TIME_US_MAX: Final = 4_102_444_800_000_000
_ID_SLACK_US: Final = 60_000_000
# Lazy materialization: the many columns of a row are read for the rows of the page only, not for every row that is sorted.
_SETTINGS: Final = (
    "SETTINGS max_execution_time = {timeout}, max_memory_usage = {memory}, max_threads = 2, prefer_column_name_to_alias = 1, "
    "query_plan_max_limit_for_lazy_materialization = 2000"
)
_MEMORY_BYTES_MAX: Final = 600 << 20

_encode = msgspec.json.Encoder().encode
_decode_calls = msgspec.json.Decoder(CallRow).decode_lines
_decode_records = msgspec.json.Decoder(RecordRow).decode_lines
_decode_any = msgspec.json.Decoder().decode_lines


class Page(Struct, Generic[Row], frozen=True, kw_only=True):
    """One page, newest first. `next` is the cursor of the page after it; `snapshot` names the last record of each stream that was indexed."""

    rows: list[Row]
    next: str | None = None
    total: int | None = None
    snapshot: dict[str, int] = {}


class Index:
    """The search index of one node. Every method may be called from any thread; one process at a time may have it open."""

    @classmethod
    def open(cls, path: Path, *, memory_bytes_max: int = 1 << 30) -> "Index":
        """Open or create the index in a directory. One of another schema version is set aside and built anew by the follower. Raises EngineError."""
        engine = Engine(path / "engine", memory_bytes_max=memory_bytes_max)
        try:
            generation = read_generation(path)
            if (
                generation is None
                or not generation.fits(schema.SCHEMA_VERSION, engine.version)
                or not _complete(engine, generation.database)
            ):
                generation = _next(generation, engine)
                create(engine, generation.database)
                write_generation(path, generation)
            elif generation.engine != engine.version:
                write_generation(path, msgspec.structs.replace(generation, engine=engine.version))
            index = cls(path, engine, generation)
            index.drop_others()
        except BaseException:
            engine.close()
            raise
        return index

    def __init__(self, path: Path, engine: Engine, generation: Generation) -> None:
        self.path = path
        self.engine = engine
        self.generation = generation
        self.arrivals = Arrivals()
        self.positions: dict[str, int] = {}
        self._retired: list[tuple[str, float]] = []
        self._waiting: dict[str, FullRow] = {}
        self._lock = threading.Lock()
        self._extent = self._read_extent()

    @property
    def database(self) -> str:
        """Name of the database that holds the rows."""
        return self.generation.database

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()

    def insert(self, calls: Sequence[FullRow], records: Sequence[RecordRow] = (), *, with_payloads: bool = True) -> None:
        """Add rows of calls that have their outcome, and of other records. Payloads first: a call that is found can be searched. Raises EngineError."""
        if with_payloads:
            self.insert_payloads(calls)
        self.insert_calls(calls)
        self.insert_records(records)

    def insert_payloads(self, calls: Sequence[FullRow]) -> None:
        """Add the searched texts of calls."""
        lines = [
            _encode([row.call_id, _moment(row.time), row.stream, row.outcome_seq, row.arguments, row.response, row.args])
            for row in calls
            if row.arguments or row.response
        ]
        if lines:
            self.engine.insert(f"{self.database}.payloads", PAYLOAD_COLUMNS, b"\n".join(lines))

    def insert_calls(self, calls: Sequence[FullRow]) -> None:
        """Add the metadata of calls."""
        if calls:
            times = [row.time for row in calls]
            with self._lock:
                # Before the rows can be seen: a search never looks beyond the extent.
                self._extent = self._extent.with_rows(min(times), max(times), len(times))
            self.engine.insert(f"{self.database}.calls", CALL_COLUMNS, b"\n".join(_line(row, CALL_COLUMNS) for row in calls))
            self.arrivals.add(calls)

    def insert_records(self, records: Sequence[RecordRow]) -> None:
        """Add other records."""
        if records:
            self.engine.insert(f"{self.database}.records", RECORD_COLUMNS, b"\n".join(_line(row, RECORD_COLUMNS) for row in records))

    def set_waiting(self, rows: dict[str, FullRow], positions: dict[str, int]) -> None:
        """Publish the calls that are not in the tables: without an outcome yet, or about to be inserted. With the last record of each stream that is in."""
        with self._lock:
            self._waiting = rows
            self.positions = positions

    def search(
        self, query: Query | str, *, before: str | None = None, limit: int = 50, count: bool = False, timeout_s: float = TIMEOUT_S
    ) -> Page[CallRow]:
        """Return the newest calls that match, or those older than the cursor `before`.

        `count` adds how many match in all. Raises QueryError, CursorError, QueryTooHeavy, EngineError.
        """
        asked = resolved(query)
        limit = max(1, min(limit, LIMIT_MAX))
        place = cursor.decode(before) if before else None
        snapshot, waiting = self._running(asked, place)
        stored = self._newest(asked, place, limit + 1, timeout_s)
        known = {row.call_id for row in stored}
        merged = sorted([*stored, *(row for row in waiting if row.call_id not in known)], key=_order, reverse=True)
        rows = merged[:limit]
        more = cursor.encode(Place(rows[-1].time, rows[-1].call_id)) if len(merged) > limit else None
        total = self._count(Compiler(self.database).compile(asked.tree), timeout_s) + len(self._running(asked, None)[1]) if count else None
        return Page(rows=rows, next=more, total=total, snapshot=snapshot)

    def count(self, query: Query | str, *, timeout_s: float = TIMEOUT_S) -> int:
        """Return how many calls match, open ones included. Raises as `search` does."""
        asked = resolved(query)
        _, waiting = self._running(asked, None)
        return self._count(Compiler(self.database).compile(asked.tree), timeout_s) + len(waiting)

    def waiting(self, query: Query) -> list[CallRow]:
        """Return the calls that match a resolved query and are not in the tables yet: open, or about to be inserted."""
        return self._running(query, None)[1]

    def call(self, call_id: str) -> CallRow | None:
        """Return one call, None when there is none of this id."""
        with self._lock:
            row = self._waiting.get(call_id)
        if len(call_id) != 36:
            return None
        found = self._by_id(call_id, near=True) or self._by_id(call_id, near=False)
        return found or (without_payloads(row) if row else None)

    def messages(self, call_id: str, limit: int = 200) -> list[RecordRow]:
        """Return the messages that were relayed within a call, in the order of the log."""
        sql = (
            f"SELECT {_columns(RECORD_COLUMNS)} FROM {self.database}.records WHERE call = {{call:String}} AND type = 'message.relayed' "
            f"ORDER BY stream, seq LIMIT {int(limit)} {_budget(TIMEOUT_S)}"
        )
        return _decode_records(self.engine.rows(sql, {"call": call_id}))

    def ask(self, sql: str, params: dict[str, Value], timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]]:
        """Run a SELECT over `calls` within the budget; for the other modules of this package."""
        rows: list[dict[str, Any]] = _decode_any(self.engine.rows(f"{sql} {_budget(timeout_s)}", params))
        return rows

    def seqs_after(self, table: str, column: str, stream: str, seq: int) -> set[int]:
        """Return the sequence numbers behind `seq` that a table holds of a stream: what an earlier run inserted before it could note so."""
        sql = f"SELECT DISTINCT {column} AS seq FROM {self.database}.{table} WHERE stream = {{stream:String}} AND {column} > {{seq:UInt64}}"
        return {row["seq"] for row in _decode_any(self.engine.rows(sql, {"stream": stream, "seq": seq}))}

    def successor(self) -> "Index":
        """Return the empty index of the next generation, for a rebuild beside this one."""
        generation = _next(self.generation, self.engine)
        create(self.engine, generation.database)
        remove_progress(self.path, generation.database)
        return Index(self.path, self.engine, generation)

    def switch(self, generation: Generation) -> None:
        """Put another generation in force. The old one stays for a while, for questions that are being answered."""
        write_generation(self.path, generation)
        self._retired.append((self.database, time.monotonic()))
        self.generation = generation
        self._extent = self._read_extent()

    def drop_retired(self, grace_s: float = _RETIRED_GRACE_S) -> None:
        """Drop generations that were replaced longer ago than any question may take."""
        while self._retired and time.monotonic() - self._retired[0][1] >= grace_s:
            database, _ = self._retired.pop(0)
            _drop(self.engine, database)
            remove_progress(self.path, database)

    def drop_others(self) -> None:
        """Drop the databases of other generations, left from a run that ended meanwhile."""
        for row in _decode_any(self.engine.rows("SELECT name FROM system.databases WHERE name LIKE 'g%'")):
            if row["name"] != self.database:
                _drop(self.engine, row["name"])
                remove_progress(self.path, row["name"])

    def _running(self, query: Query, place: Place | None) -> tuple[dict[str, int], list[CallRow]]:
        with self._lock:
            snapshot, rows = dict(self.positions), list(self._waiting.values())
        older = [row for row in rows if place is None or _order(row) < cursor.order(place)]
        return snapshot, [without_payloads(row) for row in older if matches(query, row)]

    def _newest(self, query: Query, place: Place | None, limit: int, timeout_s: float) -> list[CallRow]:
        """Ask window by window, newest first, until there are enough rows."""
        ends_s = time.monotonic() + timeout_s
        bounds = bounds_of(query.tree)
        if place is not None:
            bounds = Window(bounds.low, min(bounds.high, place.time_us + 1))
        rows: list[CallRow] = []
        for window in windows(self._extent, bounds):
            rows += self._newest_within(query, place, window, limit - len(rows), max(0.001, ends_s - time.monotonic()))
            if len(rows) >= limit:
                break
        return rows

    def _newest_within(self, query: Query, place: Place | None, window: Window, limit: int, timeout_s: float) -> list[CallRow]:
        within = f"time >= {moment_sql('{low:Int64}')} AND time < {moment_sql('{high:Int64}')}"
        condition = Compiler(self.database, within).compile(query.tree)
        params = {**condition.params, "low": window.low, "high": window.high}
        tests = [within, condition.sql]
        if place is not None:
            tests.append(_older(place, "call_id", params))
        sql = (
            f"SELECT {_columns(CALL_COLUMNS)} FROM {self.database}.calls WHERE {' AND '.join(tests)} "
            f"ORDER BY time DESC, call_id DESC LIMIT {limit} {_budget(timeout_s)}"
        )
        return _decode_calls(self.engine.rows(sql, params))

    def _read_extent(self) -> Extent:
        select = "SELECT toUnixTimestamp64Micro(min(time)) AS first, toUnixTimestamp64Micro(max(time)) AS last, count() AS rows"
        return msgspec.convert(self.ask(f"{select} FROM {self.database}.calls", {})[0], Extent)

    def _count(self, condition: Condition, timeout_s: float) -> int:
        sql = f"SELECT count() AS n FROM {self.database}.calls WHERE {condition.sql} {_budget(timeout_s)}"
        return int(_decode_any(self.engine.rows(sql, condition.params))[0]["n"])

    def _by_id(self, call_id: str, *, near: bool) -> CallRow | None:
        """Find a call; `near` looks only about the time that a UUIDv7 holds, which is right unless the clock stepped between id and record."""
        try:
            time_us = time_us_of(call_id)
        except ValueError:
            return None
        params: dict[str, Value] = {"id": call_id}
        test = "call_id = toUUIDOrZero({id:String})"
        if near:
            params |= {"low": time_us - _ID_SLACK_US, "high": time_us + _ID_SLACK_US}
            test += f" AND time >= {moment_sql('{low:Int64}')} AND time <= {moment_sql('{high:Int64}')}"
        sql = f"SELECT {_columns(CALL_COLUMNS)} FROM {self.database}.calls WHERE {test} LIMIT 1 {_budget(TIMEOUT_S)}"
        rows = _decode_calls(self.engine.rows(sql, params))
        return rows[0] if rows else None


def _drop(engine: Engine, database: str) -> None:
    if engine.rows("SELECT name FROM system.databases WHERE name = {name:String}", {"name": database}):
        for statement in schema.removal(database):
            engine.run(statement)


def _next(generation: Generation | None, engine: Engine) -> Generation:
    return Generation(schema=schema.SCHEMA_VERSION, number=(generation.number if generation else 0) + 1, engine=engine.version)


def _complete(engine: Engine, database: str) -> bool:
    rows = _decode_any(engine.rows("SELECT name FROM system.tables WHERE database = {database:String}", {"database": database}))
    return {row["name"] for row in rows} >= set(schema.TABLES)


def create(engine: Engine, database: str) -> None:
    """Create an empty database with all tables; one that is left from an unfinished build is dropped first."""
    _drop(engine, database)
    for statement in schema.statements(database):
        engine.run(statement)


def resolved(query: Query | str) -> Query:
    """Return a query, parsed if it is text, with relative times counted from now. Raises QueryError."""
    return resolve(parse(query) if isinstance(query, str) else query, time.time_ns() // 1000)


def _budget(timeout_s: float) -> str:
    return _SETTINGS.format(timeout=timeout_s, memory=_MEMORY_BYTES_MAX)


def _older(place: Place, id_column: str, params: dict[str, Value]) -> str:
    params["before_time"], params["before_id"] = place.time_us, place.call_id
    bound = moment_sql("{before_time:Int64}")
    return f"time <= {bound} AND (time < {bound} OR {id_column} < {{before_id:UUID}})"


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f"toUnixTimestamp64Micro({name}) AS {name}" if name in _TIMES else name for name in names)


def _order(row: CallRow) -> tuple[int, int, int]:
    return cursor.order(Place(row.time, row.call_id))


def _moment(time_us: int) -> str:
    seconds, rest_us = divmod(max(0, min(time_us, _TIME_US_MAX)), 1_000_000)
    # Fewer than ten digits would be read as a calendar date.
    whole = str(seconds) if seconds >= 1_000_000_000 else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
    return f"{whole}.{rest_us:06d}"


def _line(row: Struct, columns: Sequence[str]) -> bytes:
    return _encode([_moment(getattr(row, name)) if name in _TIMES else getattr(row, name) for name in columns])
