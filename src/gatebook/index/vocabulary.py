"""Every value that stands in a column of words, in memory: a condition on folded text becomes a comparison with the values as they are stored.

The engine compares a column as it is through its indexes; folding it first would read all of it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gatebook.index import people
from gatebook.index.rows import FullRow
from gatebook.index.schema import CALLS
from gatebook.query.fields import FIELDS
from gatebook.query.text import ascii_lower
from gatebook.query.wildcards import like

VALUES_MAX: Final = 50_000
"""A column with more values is not kept."""
LISTED_MAX: Final = 2_000
"""A condition that fits more values is better read from the column itself."""
_FOUND_MAX: Final = 1_000

WHO: Final = "who"
_COLUMNS: Final = {column for field in FIELDS.values() if field.kind == "word" and not field.choices for column in field.columns}
COLUMNS: Final = frozenset({WHO, *(name for name, kind in CALLS.items() if "LowCardinality" in kind and name in _COLUMNS)})


class _Column:
    """The values of one column. `folded`: what each compares as, several for a person; `by_folded`: the way back."""

    def __init__(self) -> None:
        self.folded: dict[str, tuple[str, ...]] = {}
        self.by_folded: dict[str, list[str]] = {}
        self.found: dict[tuple[str, bool], list[str] | None] = {}
        self.overflown = False

    def add(self, value: str, name: str) -> None:
        if value in self.folded or self.overflown:
            return
        if len(self.folded) >= VALUES_MAX:
            self.overflown = True
            self.folded, self.by_folded = {}, {}
        else:
            person = people.person_of(value) if name == WHO else None
            texts = (person.id, person.email, person.name) if person else (value,)
            self.folded[value] = folded = tuple({ascii_lower(text): None for text in texts})
            for text in folded:
                self.by_folded.setdefault(text, []).append(value)
        self.found = {}


class Vocabulary:
    """The values of all columns of words in one database. A column is read when it is first asked for; rows are added before they are inserted. Thread-safe."""

    def __init__(self, read: Callable[[str], Iterable[str]]) -> None:
        """`read` returns the distinct values of a column that are stored."""
        self._read = read
        # All from the beginning: rows that are being inserted while a column is read are in neither, unless they are added here before.
        self._columns = {name: _Column() for name in sorted(COLUMNS)}
        self._loaded: set[str] = set()
        self._lock = threading.Lock()
        self._loading = threading.Lock()

    def add(self, rows: Sequence[FullRow]) -> None:
        """Take in the values of rows that are about to be inserted."""
        with self._lock:
            for name, column in self._columns.items():
                for value in _values(rows, name):
                    column.add(value, name)

    def load(self) -> None:
        """Read the columns that nobody has asked for yet, so that no question has to wait for them. Raises what `read` raises."""
        for name in self._columns:
            self._column(name)

    def equal(self, name: str, text: str) -> list[str] | None:
        """Return the stored values of a column that compare equal to a folded text; None when they are not known or too many."""
        return self._find(name, text, False)

    def like(self, name: str, pattern: str) -> list[str] | None:
        """Return the stored values that fit a folded pattern; None when they are not known or too many."""
        return self._find(name, pattern, True)

    def containing(self, name: str, part: str) -> list[str] | None:
        """Return the stored values that contain a text, without regard to ASCII case."""
        return self.like(name, f"*{ascii_lower(part)}*") if "*" not in part else None

    def label(self, person: str) -> str | None:
        """Return what people read for the id of a person; None when the id is not known."""
        column = self._column(WHO)
        with self._lock:
            keys = column.by_folded.get(ascii_lower(person), ())
            found = (people.person_of(key) for key in reversed(keys))
            return next((one.label for one in found if one.id == person), None)

    def _find(self, name: str, text: str, wild: bool) -> list[str] | None:
        if name not in COLUMNS:
            return None
        column = self._column(name)
        with self._lock:
            if column.overflown:
                return None
            if not wild:
                values = list(column.by_folded.get(text, ()))
                return values if len(values) <= LISTED_MAX else None
            if (text, wild) not in column.found:
                if len(column.found) >= _FOUND_MAX:
                    column.found = {}
                fitting = (folded for folded in column.by_folded if like(folded, text))
                listed = list(dict.fromkeys(value for folded in fitting for value in column.by_folded[folded]))
                column.found[(text, wild)] = listed if len(listed) <= LISTED_MAX else None
            return column.found[(text, wild)]

    def _column(self, name: str) -> _Column:
        column = self._columns[name]
        if name in self._loaded:
            return column
        with self._loading:
            if name not in self._loaded:
                for value in self._read(name):
                    with self._lock:
                        column.add(value, name)
                self._loaded.add(name)
        return column


def _values(rows: Sequence[FullRow], name: str) -> list[str]:
    """Each once, in the order of the rows: of several names of a person the last counts."""
    if name == WHO:
        return [people.key(*person) for person in dict.fromkeys((row.person, row.email, row.name) for row in rows)]
    if CALLS[name].startswith("Array"):
        return list(dict.fromkeys(value for row in rows for value in getattr(row, name)))
    return list(dict.fromkeys(getattr(row, name) for row in rows))
