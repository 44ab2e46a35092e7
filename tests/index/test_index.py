"""Inserting and finding: pages, cursors, open calls, generations."""

import random
from pathlib import Path

import pytest

from gatebook.index import CursorError, Index, QueryTooHeavy
from gatebook.index.generation import Generation, write_generation
from gatebook.query import QueryError, parse
from tests.index.conftest import full_row


def ids(index: Index, query: str, limit: int) -> list[str]:
    """All answers, page by page."""
    found: list[str] = []
    cursor = None
    while True:
        page = index.search(query, before=cursor, limit=limit)
        found += [row.call_id for row in page.rows]
        if (cursor := page.next) is None:
            return found


def test_pages_are_newest_first_and_leave_nothing_out(index: Index) -> None:
    """Whatever the size of a page, also when many calls share a microsecond and the ids differ in either half."""
    dice = random.Random(3)
    rows = [
        full_row(at, time=1_793_000_000_000_000 + at // 7, call_id=f"{dice.getrandbits(32):08x}-0000-7000-8000-{dice.getrandbits(48):012x}")
        for at in range(60)
    ]
    index.insert(rows)
    all_at_once = ids(index, "", 1000)
    assert len(all_at_once) == len(set(all_at_once)) == 60
    assert [row.time for row in index.search("", limit=1000).rows] == sorted((row.time for row in rows), reverse=True)
    assert ids(index, "", 7) == all_at_once == ids(index, "", 1)


def test_open_calls_take_their_place_among_the_others(index: Index) -> None:
    """Calls without an outcome are merged by time and id exactly as the engine would sort them, page by page, and counted once."""
    dice = random.Random(4)
    rows = [
        full_row(at, time=1_793_000_000_000_000 + at // 5, call_id=f"{dice.getrandbits(32):08x}-0000-7000-8000-{dice.getrandbits(48):012x}")
        for at in range(40)
    ]
    index.insert(rows)
    expected = ids(index, "", 1000)
    index.engine.run(f"TRUNCATE TABLE {index.database}.calls")
    index.insert(rows[::2])
    index.set_waiting({row.call_id: row for row in rows[1::2] + rows[:4]}, {"n-w0": 80})
    assert ids(index, "", 6) == expected
    assert index.search("", limit=3).snapshot == {"n-w0": 80}


def test_an_open_call_is_found_by_its_words_and_status(index: Index) -> None:
    """What waits in memory is searched as what is stored."""
    index.set_waiting({full_row(1).call_id: full_row(1, status="open", arguments="needle here")}, {})
    assert [row.status for row in index.search("needle status:open").rows] == ["open"]
    assert index.search("haystack").rows == []
    assert (index.call(full_row(1).call_id) or full_row(9)).status == "open"


def test_a_count_is_of_all_answers(index: Index) -> None:
    """Not of the page."""
    index.insert([full_row(at, status="blocked" if at % 3 else "ok") for at in range(30)])
    page = index.search("status:blocked", limit=5, count=True)
    assert (len(page.rows), page.total, index.count("status:blocked")) == (5, 20, 20)


def test_one_call_is_found_by_its_id(index: Index) -> None:
    """Also when the clock stepped between id and record; never for what is no id."""
    near, far = full_row(1, call_id="019e8fee-94ac-731c-92f3-a1491b3c9c70"), full_row(2)
    near_time = full_row(3, call_id="019e8fee-94ac-731c-92f3-a1491b3c9c71", time=0x019E8FEE94AC * 1000 + 5)
    index.insert([near, far, near_time])
    assert [index.call(row.call_id) is not None for row in (near, far, near_time)] == [True] * 3
    for wrong in ("", "x", "' OR 1", "0" * 36, "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "\u00e9" * 36):
        assert index.call(wrong) is None


def test_a_row_comes_back_as_it_was_inserted(index: Index) -> None:
    """Every column survives the way through the engine."""
    row = full_row(
        5, finished=1_793_000_005_100_000, groups=("a", "b'c"), rules=("r\\1",), rpc_code=-32602, is_error=True, duration_us=2**40, name='A "B"\t\\N\0é',
        reason="line\nbreak", round_number=3, payload="kept", started_offset=2**33,
    )  # fmt: skip
    index.insert([row])
    found = index.call(row.call_id)
    assert found is not None
    assert {name: getattr(row, name) for name in found.__struct_fields__} == {
        name: getattr(found, name) for name in found.__struct_fields__
    }


@pytest.mark.parametrize("time_us", [0, 1, 999_999_999_999_999, 1_000_000_000_000_000, 4_102_444_800_000_000])
def test_times_far_from_now_are_kept(index: Index, time_us: int) -> None:
    """A clock that is wrong must not stop the index."""
    index.insert([full_row(1, time=time_us)])
    assert [row.time for row in index.search("").rows] == [time_us]


@pytest.mark.parametrize("cursor", ["x", "AQAGYOfHrB67AaIGFnGxfVOf4K2ghmiY8", "AgAGYOfHrB67AaIGFnGxfVOf4K2ghmiY8w", "%%%", "é"])
def test_a_cursor_from_elsewhere_is_refused(index: Index, cursor: str) -> None:
    """Not an engine error, and not somebody else's rows."""
    with pytest.raises(CursorError):
        index.search("", before=cursor)


def test_a_query_that_does_not_parse_is_refused(index: Index) -> None:
    """Before the engine hears of it."""
    with pytest.raises(QueryError):
        index.search("nofield:x")


def test_a_query_has_a_budget(index: Index) -> None:
    """One that takes longer is ended and says so."""
    index.insert([full_row(at, arguments=f"word{at} " * 200) for at in range(3000)])
    with pytest.raises(QueryTooHeavy):
        index.search(" ".join(f"*a{at}b*" for at in range(100)), timeout_s=0.001)


def test_rows_survive_a_restart_and_cursors_stay_valid(tmp_path: Path) -> None:
    """A page that was begun before goes on afterwards, in spite of newer rows."""
    index = Index.open(tmp_path / "index")
    index.insert([full_row(at) for at in range(10)])
    first = index.search("", limit=4)
    index.close()
    index = Index.open(tmp_path / "index")
    try:
        index.insert([full_row(at) for at in range(10, 15)])
        rest = index.search("", before=first.next, limit=100).rows
        assert [row.started_seq for row in rest] == [2 * at + 1 for at in range(5, -1, -1)]
    finally:
        index.close()


def test_an_index_of_another_schema_begins_anew(tmp_path: Path) -> None:
    """The follower fills it from the log; the old rows are dropped."""
    index = Index.open(tmp_path / "index")
    index.insert([full_row(1)])
    index.close()
    write_generation(tmp_path / "index", Generation(schema=0, number=1, engine="1.0"))
    index = Index.open(tmp_path / "index")
    try:
        assert (index.database, index.count("")) == ("g000002", 0)
        assert index.ask("SELECT count() AS n FROM system.databases WHERE name = 'g000001'", {}) == [{"n": 0}]
    finally:
        index.close()


def test_an_index_whose_tables_are_gone_begins_anew(tmp_path: Path) -> None:
    """A directory that somebody emptied is no reason to stop."""
    index = Index.open(tmp_path / "index")
    index.engine.run(f"DROP TABLE {index.database}.payloads")
    index.close()
    index = Index.open(tmp_path / "index")
    try:
        assert index.search("word").rows == []
    finally:
        index.close()


def test_waiting_rows_are_matched_with_the_query(index: Index) -> None:
    """The reading room adds them to its counts."""
    index.set_waiting({full_row(at).call_id: full_row(at, tool=f"t{at}") for at in range(3)}, {})
    assert [row.tool for row in index.waiting(parse("tool:t1"))] == ["t1"]
