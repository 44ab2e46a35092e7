"""The corpus in SQLite with FTS5: a table of calls with the indexes that its questions need, payloads beside it, and a full-text index over those."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.search_questions import BUCKETS, FACET_VALUES, FACETS, Values
from gatebook.index.rows import CALL_COLUMNS, FullRow

_COLUMNS = ", ".join(f'"{name}"' for name in CALL_COLUMNS)
_NEWEST = "ORDER BY time DESC, call_id DESC LIMIT 50"
_INDEXES = ("time, call_id", "person, time", "connector, status, time", "call_id")
_encode = msgspec.json.Encoder().encode
_Statements = list[tuple[str, tuple[object, ...]]]


class Sqlite:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.name = f"SQLite {sqlite3.sqlite_version} FTS5"
        self._connection = sqlite3.connect(path)
        self._number = 0
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = NORMAL",
            "PRAGMA cache_size = -262144",
            f"CREATE TABLE IF NOT EXISTS calls (number INTEGER PRIMARY KEY, {_COLUMNS})",
            "CREATE TABLE IF NOT EXISTS payloads (number INTEGER PRIMARY KEY, arguments, response)",
            "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(arguments, response, content = 'payloads', content_rowid = 'number')",
        ):
            self._connection.execute(statement)

    def insert(self, rows: list[FullRow]) -> None:
        """Add rows."""
        numbered = list(enumerate(rows, self._number))
        self._number += len(rows)
        places = ", ".join("?" * (len(CALL_COLUMNS) + 1))
        texts = [(number, row.arguments, row.response) for number, row in numbered]
        calls = ((number, *(_plain(getattr(row, name)) for name in CALL_COLUMNS)) for number, row in numbered)
        with self._connection:
            self._connection.executemany(f"INSERT INTO calls VALUES ({places})", calls)
            self._connection.executemany("INSERT INTO payloads VALUES (?, ?, ?)", texts)
            self._connection.executemany("INSERT INTO words (rowid, arguments, response) VALUES (?, ?, ?)", texts)

    def finish(self) -> None:
        """Make the indexes."""
        for number, columns in enumerate(_INDEXES):
            self._connection.execute(f"CREATE INDEX calls_{number} ON calls ({columns})")
        self._connection.execute("ANALYZE")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def keys(self) -> tuple[str, ...]:
        """All that can be asked."""
        return tuple(_QUERIES)

    def ask(self, key: str, values: Values, turn: int) -> None:
        """Answer one question and fetch the rows."""
        for sql, params in _QUERIES[key](values, turn):
            self._connection.execute(sql, params).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def _plain(value: object) -> object:
    return _encode(value).decode() if isinstance(value, tuple) else value


def _rows(condition: str, *params: object) -> _Statements:
    where = f"WHERE {condition}" if condition else ""
    return [(f"SELECT {_COLUMNS} FROM calls {where} {_NEWEST}", params)]


def _matching(word: str, more: str = "", *params: object) -> _Statements:
    """Numbers of calls are in the order of time, so the newest come first without sorting."""
    columns = ", ".join(f'calls."{name}"' for name in CALL_COLUMNS)
    sql = f"SELECT {columns} FROM words JOIN calls ON calls.number = words.rowid WHERE words MATCH ? {more} ORDER BY words.rowid DESC LIMIT 50"
    return [(sql, (f'"{word}"', *params))]


def _overview(values: Values, turn: int) -> _Statements:
    since_us, until_us = values.month(turn)
    step_us = (until_us - since_us) // BUCKETS
    histogram = "SELECT (time - ?) / ? AS bucket, status, count(*) FROM calls WHERE time >= ? AND time < ? GROUP BY bucket, status"
    facets: _Statements = [
        (
            f"SELECT {field}, count(*) AS n FROM calls WHERE time >= ? AND time < ? GROUP BY {field} ORDER BY n DESC LIMIT {FACET_VALUES}",
            (since_us, until_us),
        )
        for field in FACETS
    ]
    return [(histogram, (since_us, step_us, since_us, until_us)), *facets]


_QUERIES: dict[str, Callable[[Values, int], _Statements]] = {
    "newest": lambda values, turn: _rows(""),
    "person frequent": lambda values, turn: _rows("person = ?", values.person(turn, 0, 1)),
    "person": lambda values, turn: _rows("person = ?", values.person(turn)),
    "person rare": lambda values, turn: _rows("person = ?", values.person(turn, 4000, 29)),
    "person unknown": lambda values, turn: _rows("person = ?", f"nobody{turn}"),
    "no hit": lambda values, turn: _rows(
        "person = ? AND tool = ? AND effect = 'blocked' AND status = 'ok'", values.person(turn), values.tool(turn)
    ),
    "three filters": lambda values, turn: _rows(
        "connector = ? AND status = 'tool_error' AND client = ?", values.connector(turn), values.client(turn)
    ),
    "group": lambda values, turn: _rows("groups LIKE ?", f'%"team-{turn}"%'),
    "overview": _overview,
    "count": lambda values, turn: [("SELECT count(*) FROM calls WHERE status = 'ok' AND time >= ? AND time < ?", values.month(turn))],
    "rare word": lambda values, turn: _matching(values.word(turn)),
    "substring": lambda values, turn: [
        (
            f"SELECT {_COLUMNS} FROM calls WHERE number IN (SELECT number FROM payloads WHERE instr(arguments, ?) > 0) {_NEWEST}",
            (values.part(turn),),
        )
    ],
    "word and person": lambda values, turn: _matching(values.middling(turn), "AND calls.person = ?", values.person(turn)),
    "common word": lambda values, turn: _matching(values.common(turn)),
    "by id": lambda values, turn: _rows("call_id = ?", values.call_id(turn)),
}
