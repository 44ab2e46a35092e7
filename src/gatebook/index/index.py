"""The index as everybody else sees it: insert rows, find them again."""

import threading
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from gatebook.index import cursor, newest, schema
from gatebook.index.arrivals import Arrivals
from gatebook.index.build import without_payloads
from gatebook.index.engine import Engine, EngineError, Value
from gatebook.index.generation import Generation, read_generation, write_generation
from gatebook.index.newest import Page, Wanted
from gatebook.index.progress import remove_progress
from gatebook.index.rows import CallRow, FullRow, RecordRow
from gatebook.index.snapshot import Snapshot
from gatebook.index.store import TIMEOUT_S, Store
from gatebook.query import Query, parse, resolve

LIMIT_MAX: Final = newest.LIMIT_MAX
_RETIRED_GRACE_S: Final = 15.0
_decode_any = msgspec.json.Decoder().decode_lines


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
                remove_progress(path, generation.database)
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
        self._retired: list[tuple[Store, float]] = []
        self._ahead: set[str] = set()
        self._payload_seqs: dict[str, set[int]] = {}
        self._successor: Index | None = None
        self._lock = threading.Lock()
        self._store = Store(engine, generation.database)
        self._snapshot = Snapshot(database=generation.database, batch=self._store.batch)

    @property
    def database(self) -> str:
        """Name of the database that holds the rows."""
        return self.generation.database

    @property
    def positions(self) -> dict[str, int]:
        """Last record of each stream that is in."""
        return self._snapshot.positions

    def close(self) -> None:
        """Close the engine."""
        self.engine.close()

    def warm(self) -> None:
        """Read what the first questions would have to wait for: a second or two over many calls. Raises EngineError."""
        self._store.vocabulary.load()

    def insert(self, calls: Sequence[FullRow], records: Sequence[RecordRow] = (), *, with_payloads: bool = True) -> None:
        """Add rows of calls that have their outcome, and of other records, and publish them. Raises EngineError."""
        if with_payloads:
            self.insert_payloads(calls)
        self.insert_calls(calls)
        self.insert_records(records)
        known = {row.call_id for row in calls}
        with self._lock:
            waiting = tuple(row for row in self._snapshot.waiting if row.call_id not in known)
            self._snapshot = msgspec.structs.replace(self._snapshot, batch=self._store.batch, waiting=waiting)

    def insert_payloads(self, calls: Sequence[FullRow]) -> None:
        """Add the searched texts of calls; before their metadata, so that a call that is found can be searched. Raises EngineError."""
        self._store.insert_payloads(calls)

    def insert_calls(self, calls: Sequence[FullRow], *, arrived: bool = True) -> None:
        """Add the metadata of calls. They are found once `set_waiting` or `insert` publishes them. Raises EngineError.

        `arrived` False: of calls of long ago, which are no news.
        """
        self._store.insert_calls(calls)
        if arrived:
            self.arrivals.add(calls)

    def insert_records(self, records: Sequence[RecordRow]) -> None:
        """Add other records. Raises EngineError."""
        self._store.insert_records(records)

    def set_waiting(self, rows: dict[str, FullRow], positions: dict[str, int]) -> None:
        """Publish at once all calls that have been inserted, and those that are not in the tables: without an outcome yet, or about to be inserted.

        `positions`: the last record of each stream that is in.
        """
        with self._lock:
            waiting = tuple(row for id, row in rows.items() if id not in self._ahead)
            self._snapshot = Snapshot(database=self.database, batch=self._store.batch, positions=dict(positions), waiting=waiting)

    def snapshot(self) -> Snapshot:
        """Return what is published now. Questions that are given the same snapshot answer from exactly the same calls."""
        return self._snapshot

    def store(self, snapshot: Snapshot) -> Store:
        """Return the tables that a snapshot speaks of; for the other modules of this package. They are kept for a while after a rebuild."""
        with self._lock:
            stores = [self._store, *(store for store, _ in self._retired)]
        found = next((store for store in stores if store.database == snapshot.database), None)
        if found is None:
            raise EngineError("the index was built anew since this snapshot")
        return found

    def search(  # noqa: PLR0913 -- one place for all of them is what callers know
        self,
        query: Query | str,
        *,
        before: str | None = None,
        after: str | None = None,
        limit: int = 50,
        count: bool = False,
        timeout_s: float = TIMEOUT_S,
        snapshot: Snapshot | None = None,
    ) -> Page[CallRow]:
        """Return the newest calls that match, or those older than the cursor `before`, or the nearest that are newer than `after`; always newest first.

        `count` adds how many match in all. Raises QueryError, CursorError, QueryTooHeavy, EngineError.
        """
        asked, at = resolved(query), snapshot or self.snapshot()
        wanted = Wanted(
            query=asked, before=cursor.decode(before) if before else None, after=cursor.decode(after) if after else None, limit=limit
        )
        page = newest.page(self.store(at), wanted, at, timeout_s)
        return msgspec.structs.replace(page, total=self.count(asked, timeout_s=timeout_s, snapshot=at)) if count else page

    def count(self, query: Query | str, *, timeout_s: float = TIMEOUT_S, snapshot: Snapshot | None = None) -> int:
        """Return how many calls match, open ones included. Raises as `search` does."""
        asked, at = resolved(query), snapshot or self.snapshot()
        store = self.store(at)
        found = store.lookup(asked.tree, at)
        sql = f"SELECT count() AS n FROM {found.source} WHERE {found.condition.sql}"
        return int(store.ask(sql, found.condition.params, timeout_s, found.order)[0]["n"]) + len(at.matching(asked))

    def waiting(self, query: Query) -> list[CallRow]:
        """Return the calls that match a resolved query and are not in the tables yet: open, or about to be inserted."""
        return [without_payloads(row) for row in self.snapshot().matching(query)]

    def call(self, call_id: str, subjects: Collection[str] | None = None) -> CallRow | None:
        """Return one call, None when there is none of this id, or none of these subjects: which of the two cannot be told from what is read."""
        if len(call_id) != 36:
            return None
        waiting = self.snapshot().waiting_call(call_id)
        found = self._store.call(call_id, subjects) or waiting
        return found if found is None or subjects is None or found.subject in subjects else None

    def labels(self, field: str, values: Iterable[str], snapshot: Snapshot) -> dict[str, str]:
        """Return what people read for values of a field, where that is something else: the names of persons."""
        if field != "person":
            return {}
        label = self.store(snapshot).vocabulary.label
        return {value: name for value in values if (name := label(value))}

    def messages(self, call_id: str, limit: int = 200) -> list[RecordRow]:
        """Return the messages that were relayed within a call, in the order of the log."""
        tests = ("call = {call:String}", "type = 'message.relayed'")
        return self._store.records(tests, f"ORDER BY stream, seq LIMIT {int(limit)}", {"call": call_id})

    def ask(self, sql: str, params: dict[str, Value], timeout_s: float = TIMEOUT_S) -> list[dict[str, Any]]:
        """Run a SELECT within the budget; for the other modules of this package."""
        return self._store.ask(sql, params, timeout_s)

    def seqs_after(self, table: str, column: str, stream: str, seq: int, until: int | None = None) -> set[int]:
        """Return the sequence numbers behind `seq`, before `until`, that a table holds of a stream: what a run inserted before it could note so.

        Calls that are found here are not published as waiting again while the log is read up to them.
        """
        seqs, ids = self._store.seqs_after(table, column, stream, seq, until)
        if table == "payloads":
            self._payload_seqs[stream] = seqs
        elif table == "calls":
            with self._lock:
                self._ahead |= ids
            if not self._payload_seqs.pop(stream, set()) <= seqs:
                self._store.mark_uneven()
        return seqs

    def row_counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return self._store.rows()

    def successor(self) -> "Index":
        """Return the empty index of the next generation, for a rebuild beside this one."""
        generation = _next(self.generation, self.engine)
        create(self.engine, generation.database)
        remove_progress(self.path, generation.database)
        self._successor = Index(self.path, self.engine, generation)
        return self._successor

    def switch(self, generation: Generation) -> None:
        """Put another generation in force. The old one stays for a while, for questions that are being answered."""
        write_generation(self.path, generation)
        successor, self._successor = self._successor, None
        if successor is None or successor.database != generation.database:
            successor = Index(self.path, self.engine, generation)
        with self._lock:
            self._retired.append((self._store, time.monotonic()))
            self.generation, self._store, self._ahead = generation, successor._store, successor._ahead
            self._snapshot = successor._snapshot

    def drop_retired(self, grace_s: float = _RETIRED_GRACE_S) -> None:
        """Drop generations that were replaced longer ago than any question may take."""
        while self._retired and time.monotonic() - self._retired[0][1] >= grace_s:
            with self._lock:
                store, _ = self._retired.pop(0)
            _drop(self.engine, store.database)
            remove_progress(self.path, store.database)

    def drop_others(self) -> None:
        """Drop the databases of other generations, left from a run that ended meanwhile."""
        for row in _decode_any(self.engine.rows("SELECT name FROM system.databases WHERE name LIKE 'g%'")):
            if row["name"] != self.database:
                _drop(self.engine, row["name"])
                remove_progress(self.path, row["name"])


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
