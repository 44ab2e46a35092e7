"""The rows that were indexed last, in order of arrival: what a live tail reads instead of asking the engine again and again."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from gatebook.index.build import without_payloads
from gatebook.index.rows import CallRow, FullRow
from gatebook.query import Query, predicate

_ROWS_MAX: Final = 5000
_TEXT_CHARS_MAX: Final = 16 << 20


class News(Struct, frozen=True, kw_only=True):
    """Calls that arrived after a mark. `missed`: some between were forgotten already, so the tail has a gap that a search can fill."""

    rows: list[CallRow]
    mark: int
    missed: bool = False


class Arrivals:
    """A bounded memory of new rows. Thread-safe."""

    def __init__(self) -> None:
        self._rows: deque[tuple[int, FullRow]] = deque()
        self._chars = 0
        self._mark = 0
        self._lock = threading.Lock()

    @property
    def mark(self) -> int:
        """Number of the newest arrival."""
        return self._mark

    def add(self, rows: Sequence[FullRow]) -> None:
        """Remember rows; the oldest are forgotten for them."""
        with self._lock:
            for row in rows:
                self._mark += 1
                self._rows.append((self._mark, row))
                self._chars += len(row.arguments) + len(row.response)
            while self._rows and (len(self._rows) > _ROWS_MAX or self._chars > _TEXT_CHARS_MAX):
                _, old = self._rows.popleft()
                self._chars -= len(old.arguments) + len(old.response)

    def after(self, mark: int, query: Query) -> News:
        """Return what arrived after `mark` and matches a resolved query."""
        with self._lock:
            rows = [row for number, row in self._rows if number > mark]
            oldest = self._rows[0][0] if self._rows else self._mark + 1
            newest = self._mark
        return News(
            rows=[without_payloads(row) for row in filter(predicate(query), rows)], mark=newest, missed=mark + 1 < oldest and mark < newest
        )
