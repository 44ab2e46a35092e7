"""Pages before and after a place, stored and waiting calls in one order."""

import random

import pytest
from msgspec.structs import replace

from gatebook.index import FullRow, Index, windows
from gatebook.index.counts import top
from gatebook.index.cursor import Place, encode, order
from gatebook.query import matches, parse
from tests.index.conftest import full_row


def _rows() -> list[FullRow]:
    """Several calls in each microsecond."""
    dice = random.Random(6)
    ids = [f"{dice.getrandbits(32):08x}-0000-7000-8000-{dice.getrandbits(48):012x}" for _ in range(50)]
    return [full_row(at, time=1_793_000_000_000_000 + at // 4, call_id=id, arguments="word") for at, id in enumerate(ids)]


@pytest.mark.parametrize("text", ["", "word"])
@pytest.mark.parametrize("limit", [1, 4, 7])
def test_pages_upwards_are_those_downwards(index: Index, text: str, limit: int) -> None:
    """From the oldest call on, with calls that wait between those that are stored; each page newest first."""
    rows = _rows()
    index.insert(rows[::3] + rows[1::3])
    index.set_waiting({row.call_id: row for row in rows[2::3]}, {})
    downwards = [row.call_id for row in index.search(text, limit=100).rows]
    assert len(downwards) == 50
    upwards: list[str] = []
    cursor: str | None = encode(Place(0, "00000000-0000-0000-0000-000000000000"))
    while cursor is not None:
        page = index.search(text, after=cursor, limit=limit)
        upwards = [row.call_id for row in page.rows] + upwards
        cursor = page.previous
    assert upwards == downwards


@pytest.mark.parametrize("text", ["person:ann", "session:one", "person:a*", "person:ann -connector:git", "alpha", "connector:crm"])
def test_calls_of_one_microsecond_are_kept_apart(index: Index, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Rows that are fetched by their times, after several questions, are those that were found and no others of the same time."""
    monkeypatch.setattr(windows, "FIRST_ROWS", 2)
    rows = [
        replace(
            row,
            person=("ann", "bob")[at % 2],
            session=("one", "two")[at % 3 == 0],
            connector=("crm", "git")[at % 5 == 0],
            arguments=("alpha", "beta")[at % 4 == 0],
        )
        for at, row in enumerate(_rows())
    ]
    index.insert(rows)
    query = parse(text)
    expected = sorted((row for row in rows if matches(query, row)), key=lambda row: order(Place(row.time, row.call_id)), reverse=True)
    assert 0 < len(expected) < len(rows)
    assert [row.call_id for row in index.search(query, limit=100).rows] == [row.call_id for row in expected]


def test_a_page_leads_both_ways(index: Index) -> None:
    """What was newer than a page is found from it again."""
    rows = _rows()
    index.insert(rows)
    first = index.search("", limit=10)
    second = index.search("", before=first.next, limit=10)
    assert first.previous is None
    assert index.search("", after=second.previous, limit=10).rows == first.rows
    assert index.search("", before=index.search("", after=second.previous, limit=10).next, limit=10).rows == second.rows
    assert index.search("", after=first.rows[0].call_id and encode(Place(first.rows[0].time, first.rows[0].call_id))).rows == []


def test_calls_around_a_place(index: Index) -> None:
    """The nearest on each side, without the call itself."""
    rows = _rows()
    index.insert(rows)
    every = [row.call_id for row in index.search("", limit=100).rows]
    at = encode(Place(*next((row.time, row.call_id) for row in rows if row.call_id == every[20])))
    assert [row.call_id for row in index.search("", after=at, limit=5).rows] == every[15:20]
    assert [row.call_id for row in index.search("", before=at, limit=5).rows] == every[21:26]


def test_a_call_that_is_named_is_found_at_its_time_alone(index: Index) -> None:
    """Also when its id is of another time than its row, when it waits, and beside conditions that it does not meet."""
    rows = _rows()
    index.insert(rows[:-1])
    index.set_waiting({rows[-1].call_id: rows[-1]}, {})
    for row in (rows[7], rows[-1]):
        for text, count in ((f"call:{row.call_id}", 1), (f"(-tool:zz call:{row.call_id}) word", 1), (f"call:{row.call_id} -call:*", 0)):
            assert [found.call_id for found in index.search(text).rows] == [row.call_id] * count, text
            assert index.count(text) == count
            assert sum(one.count for one in top(index, parse(text), "connector", 5)) == count
    assert index.count(f"call:{rows[7].call_id} OR call:{rows[8].call_id}") == 2
    assert index.count(f"call:{rows[7].call_id} time:>2030-01-01") == index.count(f"call:{rows[7].call_id} tool:zz") == 0
    assert index.search("call:00000000-0000-7000-8000-000000000000").rows == []
