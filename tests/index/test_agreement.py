"""Counts, pages and facets of generated queries are those of the same rows in Python: at one snapshot, of stored and waiting calls together."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.index import FullRow, Index
from gatebook.index.counts import facets, top
from gatebook.index.snapshot import Snapshot
from gatebook.index.tallies import values_of
from gatebook.query import Query, QueryError, matches, parse, resolve
from tests.index.conftest import full_row
from tests.index.generated import QUERIES, ROWS

STORED, WAITING = ROWS[:80], ROWS[80:]
NOW_US = ROWS[90].time
FIELDS = ["connector", "tool", "group", "finding", "severity", "api_status", "status", "http_status", "is_error", "person"]


class Book:
    """An index with rows in two batches and in memory, seen at a snapshot; further rows came in afterwards."""

    def __init__(self, path: Path) -> None:
        self.index = Index.open(path / "index")
        self.index.insert(STORED[:50])
        self.index.insert(STORED[50:])
        self.index.set_waiting({row.call_id: row for row in WAITING}, {"n-w0": 2 * len(ROWS)})
        self.snapshot: Snapshot = self.index.snapshot()
        self.index.insert([full_row(number, status="ok", tool="later") for number in range(200, 220)])

    def expected(self, query: Query) -> list[FullRow]:
        return sorted((row for row in ROWS if matches(query, row)), key=lambda row: row.time, reverse=True)

    def paged(self, query: Query) -> list[str]:
        found: list[str] = []
        before = None
        while True:
            page = self.index.search(query, before=before, limit=30, snapshot=self.snapshot)
            found += [row.call_id for row in page.rows]
            before = page.next
            if before is None:
                return found


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    made = Book(tmp_path_factory.mktemp("agreement"))
    yield made
    made.index.close()


@pytest.mark.timeout(600)
@settings(max_examples=50)
@given(st.lists(QUERIES, min_size=5, max_size=5), st.sampled_from(FIELDS))
def test_every_part_of_an_answer_is_of_the_same_rows(book: Book, texts: list[str], field: str) -> None:
    """The count, the pages one after the other, and the values of a field with their counts."""
    for text in texts:
        try:
            query = resolve(parse(text), NOW_US)
        except QueryError:
            continue
        rows = book.expected(query)
        assert book.index.count(query, snapshot=book.snapshot) == len(rows), text
        assert book.paged(query) == [row.call_id for row in rows], text
        counts = Counter(value for row in rows for value in values_of(row, field))
        found = top(book.index, query, field, 200, snapshot=book.snapshot)
        assert [(count.value, count.count) for count in found] == sorted(counts.items(), key=lambda item: (-item[1], item[0])), text


@pytest.mark.parametrize("text", ["", "args.limit:>50", "finding:email -severity:low", "tool:later", "NOT alph*"])
def test_facets_of_one_question_are_counted_as_each_alone(book: Book, text: str) -> None:
    """Ten fields in one scan."""
    query = resolve(parse(text), NOW_US)
    rows = book.expected(query)
    found = facets(book.index, query, FIELDS, 200, snapshot=book.snapshot)
    for field in FIELDS:
        counts = Counter(value for row in rows for value in values_of(row, field))
        assert {count.value: count.count for count in found[field]} == counts, field
