"""The corpus in a native table of DuckDB. Runs with the packages of requirements/bench-search.txt."""

import typing
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from bench.search_questions import BUCKETS, FACET_VALUES, FACETS, Values
from gatebook.index.rows import CALL_COLUMNS, FullRow

_TYPES: dict[Any, Any] = {
    int: pa.int64(),
    str: pa.string(),
    bool: pa.bool_(),
    tuple[str, ...]: pa.list_(pa.string()),
    tuple[int, ...]: pa.list_(pa.int64()),
}
_SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in typing.get_type_hints(FullRow).items() if not name.startswith("__")])
_COLUMNS = ", ".join(f'"{name}"' for name in CALL_COLUMNS)
_NEWEST = "ORDER BY time DESC, call_id DESC LIMIT 50"
_WORD = "(contains(arguments, ?) OR contains(response, ?))"


class DuckDb:
    """One file; no index, because its zone maps on time are what newest-first needs, and it has no full-text index of its own."""

    def __init__(self, path: Path) -> None:
        self.name = f"DuckDB {duckdb.__version__}"
        self._path = path
        self._connection = duckdb.connect(str(path))

    def insert(self, rows: list[FullRow]) -> None:
        """Add rows."""
        arrays = [pa.array([getattr(row, field.name) for row in rows], field.type) for field in _SCHEMA]
        batch = pa.Table.from_arrays(arrays, schema=_SCHEMA)
        self._connection.register("batch", batch)
        self._connection.execute("CREATE TABLE IF NOT EXISTS calls AS SELECT * FROM batch LIMIT 0")
        self._connection.execute("INSERT INTO calls SELECT * FROM batch")
        self._connection.unregister("batch")

    def finish(self) -> None:
        """Write everything into the file."""
        self._connection.execute("CHECKPOINT")

    def keys(self) -> tuple[str, ...]:
        """All questions of the others too."""
        return tuple(_QUERIES)

    def ask(self, key: str, values: Values, turn: int) -> None:
        """Answer one question and fetch the rows."""
        for sql, params in _QUERIES[key](values, turn):
            self._connection.execute(sql, params).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


_Statements = list[tuple[str, list[object]]]


def _rows(condition: str, *params: object) -> _Statements:
    where = f"WHERE {condition}" if condition else ""
    return [(f"SELECT {_COLUMNS} FROM calls {where} {_NEWEST}", list(params))]


def _overview(values: Values, turn: int) -> _Statements:
    since_us, until_us = values.month(turn)
    month: list[object] = [since_us, until_us]
    histogram = f"SELECT (time - ?) // {(until_us - since_us) // BUCKETS} AS bucket, status, count(*) FROM calls WHERE time >= ? AND time < ? GROUP BY ALL"
    facets = [
        (
            f"SELECT {field}, count(*) AS n FROM calls WHERE time >= ? AND time < ? GROUP BY {field} ORDER BY n DESC LIMIT {FACET_VALUES}",
            month,
        )
        for field in FACETS
    ]
    return [(histogram, [since_us, *month]), *facets]


_QUERIES: dict[str, typing.Callable[[Values, int], _Statements]] = {
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
    "group": lambda values, turn: _rows("list_contains(groups, ?)", f"team-{turn}"),
    "overview": _overview,
    "count": lambda values, turn: [("SELECT count(*) FROM calls WHERE status = 'ok' AND time >= ? AND time < ?", list(values.month(turn)))],
    "rare word": lambda values, turn: _rows(_WORD, values.word(turn), values.word(turn)),
    "substring": lambda values, turn: _rows("contains(arguments, ?)", values.part(turn)),
    "word and person": lambda values, turn: _rows(
        f"person = ? AND {_WORD}", values.person(turn), values.middling(turn), values.middling(turn)
    ),
    "common word": lambda values, turn: _rows(_WORD, values.common(turn), values.common(turn)),
    "by id": lambda values, turn: _rows("call_id = ?", values.call_id(turn)),
}
