"""The one place that speaks to chDB: sessions, bound values, settings, errors.

Traps that this module keeps away from everybody else: a `config.xml` in the working directory is loaded silently when the engine starts; queries on a
shared session wait for each other; values of parameters are unescaped like TSV; one process can have one path open at a time.
"""

import contextlib
import logging
import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape

import msgspec
from msgspec import Struct

from gatebook.index.asking import Ask, AskCancelled, current_ask
from gatebook.index.presence import Presence
from gatebook.index.symptoms import shows_damage

_logger = logging.getLogger(__name__)
Value: TypeAlias = str | int | float | list[str]

_CODE: Final = re.compile(r"Code: (\d+)\. DB::\w*Exception: (.*)", re.DOTALL)
_OVER_BUDGET: Final = frozenset({158, 159, 160, 241, 307, 394, 396})
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"})
_ABORTED: Final = 236
_STARTING = threading.Lock()
_ERRORS_S: Final = 10.0
_CLOSE_S: Final = 30.0
_ALWAYS: Final = "max_threads_min_free_memory_per_thread = 0, query_profiler_real_time_period_ns = 0, query_profiler_cpu_time_period_ns = 0"
"""Else the engine takes one thread where less than 1 GiB for each is free, and interrupts each query once a second to look at its stack."""
_MANNERS: Final = {
    False: "SET priority = 1, max_threads = 2, os_threads_nice_value_query = 0",
    True: "SET priority = 9, max_threads = 1, os_threads_nice_value_query = 19",
}
"""Of light and heavy questions. The engine lets those of a lower priority number go first, and inserts, which have none, never wait. The nice value needs
CAP_SYS_NICE and is nothing without it."""

_CONFIG: Final = """<clickhouse>
 <path>{path}/</path>
 <max_server_memory_usage>{memory}</max_server_memory_usage>
 <mark_cache_size>134217728</mark_cache_size>
 <index_mark_cache_size>67108864</index_mark_cache_size>
 <uncompressed_cache_size>0</uncompressed_cache_size>
 <index_uncompressed_cache_size>33554432</index_uncompressed_cache_size>
 <query_cache><max_size_in_bytes>0</max_size_in_bytes></query_cache>
 <background_pool_size>2</background_pool_size>
 <background_schedule_pool_size>2</background_schedule_pool_size>
 <os_threads_nice_value_merge_mutate>10</os_threads_nice_value_merge_mutate>
 <mlock_executable>false</mlock_executable>
</clickhouse>
"""


class EngineError(Exception):
    """The engine refused or failed. `code` is its own number, 0 when it gave none."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class QueryTooHeavy(EngineError):
    """The query went over its budget of time or memory, or nobody waits for it any more; a narrower one would do."""


class EngineGone(EngineError):
    """Files were so broken that the engine stopped for good; only another process can open a directory."""


class IndexDamaged(EngineError):
    """Files of the index are damaged or gone. It has to be set aside and built anew from the log."""


class _Error(Struct):
    code: int
    text: str


_decode_errors = msgspec.json.Decoder(_Error).decode_lines


class _Seat:
    """The session of one thread, and the name by which the engine knows its queries."""

    def __init__(self, session: Any, name: str) -> None:
        self.session = session
        self.name = name
        self.heavy = False


class Engine:
    """One open data directory of the engine; every thread that asks gets a session of its own.

    `damage`: the first error that shows that files are damaged or gone; the directory is then to be set aside. `asked_s`: when the last question began
    that somebody waits for, of the monotonic clock.
    """

    def __init__(self, path: Path, *, memory_bytes_max: int = 1 << 30) -> None:
        """Open or create the directory. Raises EngineError when the engine is not installed or the directory is in use or damaged."""
        self.path = path.resolve()
        self.damage: str | None = None
        self.asked_s = -math.inf
        self._local = threading.local()
        self._lock = threading.Lock()
        self._seats: list[_Seat] = []
        self._own = Ask()
        self._closed = False
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = self.path / "engine.conf.xml"
        config.write_text(_CONFIG.format(path=escape(str(self.path)), memory=memory_bytes_max))
        self._connection = f"{self.path}?config-file={config}"
        with _STARTING, contextlib.chdir(self.path):
            self._make = _load()
            self._seat()
            self._killer = self._session()
            self._killing = threading.Lock()
        self._presence = Presence(self.path)
        self._opened_s = math.ceil(time.time())
        self._looked_s = time.monotonic()
        self.version = self._run("SELECT version()", "TSVRaw", None).bytes().decode().strip()

    def rows(self, sql: str, params: Mapping[str, Value] | None = None) -> bytes:
        """Run a query and return its rows as JSON, one per line. Raises EngineError, QueryTooHeavy."""
        return bytes(self._run(sql, "JSONEachRow", params).bytes())

    def run(self, sql: str, params: Mapping[str, Value] | None = None) -> None:
        """Run a statement that returns nothing. Raises EngineError."""
        self._run(sql, "Null", params)

    def insert(self, table: str, columns: tuple[str, ...], lines: bytes) -> None:
        """Insert rows, JSON arrays one per line. They are on disk when this returns. Raises EngineError."""
        self._run(f"INSERT INTO {table} ({', '.join(columns)}) FORMAT JSONCompactEachRow\n{lines.decode()}", "Null", None)

    def check(self) -> None:
        """Raise IndexDamaged when a query has met damage, or the directory was deleted or replaced."""
        if self.damage is None and (missing := self._presence.missing()):
            self.damage = f"{missing} was deleted or replaced"
        if self.damage is None and time.monotonic() - self._looked_s >= _ERRORS_S:
            self._looked_s = time.monotonic()
            self.damage = self._met_by_merges()
        if self.damage is not None:
            raise IndexDamaged(self.damage)

    def _met_by_merges(self) -> str | None:
        """Merges run in the background and tell nobody of their errors; the engine counts them."""
        sql = "SELECT code, last_error_message AS text FROM system.errors WHERE last_error_time >= fromUnixTimestamp({since:Int64})"
        rows = _decode_errors(self.rows(sql, {"since": self._opened_s}))
        return next((row.text for row in rows if shows_damage(row.code, row.text, str(self.path))), None)

    def close(self) -> None:
        """Stop what runs and close all sessions; the process may open another directory afterwards."""
        with self._lock:
            self._closed = True
        self._own.cancel()
        # A session that is closed under its query waits for it and lets no other Python thread run, not even the one that would stop the query.
        if not self._own.wait_idle(_CLOSE_S):
            _logger.error("a query of the index did not end within %g s; its session stays open until the process ends", _CLOSE_S)
            return
        for seat in self._seats:
            seat.session.close()
        with self._killing:
            self._killer.close()
        self._seats.clear()
        self._local = threading.local()

    def _run(self, sql: str, form: str, params: Mapping[str, Value] | None) -> Any:
        bound = {name: _written(value) for name, value in (params or {}).items()}
        seat = self._seat()
        ask = current_ask()
        try:
            with self._running(seat, ask):
                if ask is not None and ask.heavy != seat.heavy:
                    seat.session.query(_MANNERS[ask.heavy], "Null")
                    seat.heavy = ask.heavy
                return seat.session.query(sql, form, params=bound)
        except AskCancelled as error:
            raise (EngineError("the index is closed") if self._closed else QueryTooHeavy(str(error))) from None
        except EngineError:
            raise
        except Exception as error:
            self._clear(seat)
            raise self._typed(error) from None

    @contextmanager
    def _running(self, seat: _Seat, ask: Ask | None) -> Iterator[None]:
        """A query of this seat runs inside: it is stopped when the question is cancelled or the engine closes."""

        def stop() -> None:
            self._kill(seat)

        with self._own.running(stop):
            if ask is None:
                yield
            else:
                self.asked_s = time.monotonic()
                with ask.running(stop):
                    yield

    def _kill(self, seat: _Seat) -> None:
        with self._killing, contextlib.suppress(Exception):
            self._killer.query(f"KILL QUERY WHERE Settings['log_comment'] = '{seat.name}' ASYNC", "Null")

    def _clear(self, seat: _Seat) -> None:
        """Until the next query of its session, the engine counts a failed one as running, with its memory, and others wait for its priority."""
        with contextlib.suppress(Exception), self._own.running(lambda: self._kill(seat)):
            seat.session.query("SELECT 1", "Null")

    def _seat(self) -> _Seat:
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is None:
            with self._lock:
                if self._closed:
                    raise EngineError("the index is closed")
                seat = _Seat(self._session(), f"seat{len(self._seats)}")
                self._seats.append(seat)
            try:
                with self._own.running(lambda: None):
                    seat.session.query(f"SET log_comment = '{seat.name}', max_threads = 2, {_ALWAYS}", "Null")
            except AskCancelled:
                raise EngineError("the index is closed") from None
            except Exception as error:
                raise self._typed(error) from None
            self._local.seat = seat
        return seat

    def _session(self) -> Any:
        try:
            return self._make(self._connection)
        except Exception as error:
            raise self._typed(error) from None

    def _typed(self, error: Exception) -> EngineError:
        typed = _typed(error)
        if self.damage is None and shows_damage(typed.code, str(typed), str(self.path)):
            self.damage = str(typed)
        return typed


def _written(value: Value) -> str | int | float:
    """A value as the engine reads parameters: texts are unescaped like TSV, the texts within lists are quoted."""
    if isinstance(value, list):
        return "[" + ",".join("'" + item.replace("\\", "\\\\").replace("'", "\\'") + "'" for item in value) + "]"
    return value.translate(_ESCAPES) if isinstance(value, str) else value


def _load() -> Any:
    try:
        from chdb.session import Session
    except ImportError as error:
        raise EngineError(f"the search engine is not installed: {error}") from error
    return Session


def _typed(error: Exception) -> EngineError:
    match = _CODE.search(str(error))
    if match is None:
        return EngineError(str(error))
    code = int(match[1])
    if code == _ABORTED and "fatal error" in match[2]:
        return EngineGone(match[2].strip()[:1000], code)
    return (QueryTooHeavy if code in _OVER_BUDGET else EngineError)(match[2].strip()[:1000], code)
