"""One position of the book: questions that are given the same snapshot answer from exactly the same calls, whatever arrives meanwhile."""

from msgspec import Struct

from gatebook.index.build import without_payloads
from gatebook.index.rows import CallRow, FullRow
from gatebook.index.windows import bounds_of
from gatebook.query import Query, predicate


class Snapshot(Struct, frozen=True, kw_only=True):
    """What is in the tables up to `batch`, and what waits in memory; no call is in both.

    `positions`: last record of each stream that is in.
    """

    database: str
    batch: int
    positions: dict[str, int] = {}
    waiting: tuple[FullRow, ...] = ()

    def matching(self, query: Query) -> list[FullRow]:
        """Return the waiting calls that match a resolved query."""
        low, high = bounds_of(query.tree)
        test = predicate(query)
        return [row for row in self.waiting if low <= row.time < high and test(row)]

    def waiting_call(self, call_id: str) -> CallRow | None:
        """Return one of the waiting calls."""
        return next((without_payloads(row) for row in self.waiting if row.call_id == call_id), None)
