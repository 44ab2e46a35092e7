"""Questions to one snapshot have one answer, whatever is inserted meanwhile."""

from pathlib import Path

import pytest

from gatebook.index import EngineError, Index
from gatebook.index.counts import facets, over_time
from gatebook.index.tallies import table
from gatebook.query import parse
from tests.index.conftest import full_row


def answers(index: Index, text: str) -> list[object]:
    """All kinds of questions to a snapshot."""
    query, at = parse(text), index.snapshot()
    return [
        index.search(query, limit=500, count=True, snapshot=at),
        index.count(query, snapshot=at),
        facets(index, query, ("tool", "status"), 9, snapshot=at),
        {bucket: dict(found) for bucket, found in over_time(index, query, 0, 10**9, snapshot=at).items()},
        table(index, query, ("tool",), ("count", "sessions"), snapshot=at),
    ]


@pytest.mark.parametrize("text", ["", "needle", "tool:t1 OR needle"])
def test_rows_that_are_not_published_are_not_seen(index: Index, text: str) -> None:
    """Between an insert and its publication the answers are those of before; the step from waiting to stored changes nothing."""
    rows = [full_row(at, tool=f"t{at % 3}", session=f"s{at}", response="needle" if at % 2 else "hay") for at in range(40)]
    index.insert(rows[:20])
    index.set_waiting({row.call_id: row for row in rows[20:30]}, {"n-w0": 1})
    before = answers(index, text)
    index.insert_payloads(rows[20:])
    assert answers(index, text) == before
    index.insert_calls(rows[20:])
    assert answers(index, text) == before
    old = index.snapshot()
    index.set_waiting({}, {"n-w0": 2})
    assert index.count("") == 40
    assert index.count(text, snapshot=old) == before[1]
    assert [row.call_id for row in index.search("", limit=500, snapshot=old).rows] == [row.call_id for row in reversed(rows[:30])]


def test_batches_go_on_after_a_restart(tmp_path: Path) -> None:
    """What is inserted then is not in the snapshots of before the next publication."""
    index = Index.open(tmp_path / "index")
    index.insert([full_row(1)])
    index.insert([full_row(2)])
    index.close()
    index = Index.open(tmp_path / "index")
    try:
        assert (index.snapshot().batch, index.count("")) == (2, 2)
        index.insert_calls([full_row(3)])
        assert index.count("") == 2
        index.set_waiting({}, {})
        assert (index.snapshot().batch, index.count("")) == (3, 3)
    finally:
        index.close()


def test_calls_that_an_earlier_run_stored_do_not_wait_again(index: Index) -> None:
    """The follower reads them once more from the log, up to where the tables are."""
    index.insert([full_row(at) for at in range(3)])
    assert index.seqs_after("calls", "outcome_seq", "n-w0", 2) == {4, 6}
    index.set_waiting({row.call_id: row for row in (full_row(1, status="open"), full_row(2), full_row(5))}, {})
    assert index.count("") == 4
    assert index.count("status:open") == 0


def test_a_snapshot_outlives_a_rebuild_for_a_while(index: Index) -> None:
    """Then it says that it is gone."""
    index.insert([full_row(1)])
    old = index.snapshot()
    successor = index.successor()
    successor.insert([full_row(1), full_row(2)])
    successor.set_waiting({full_row(3).call_id: full_row(3)}, {"n-w0": 9})
    index.switch(successor.generation)
    assert (index.count("", snapshot=old), index.count(""), index.positions) == (1, 3, {"n-w0": 9})
    index.drop_retired(grace_s=0.0)
    with pytest.raises(EngineError, match="anew"):
        index.count("", snapshot=old)


def test_payloads_alone_are_not_counted_after_a_failed_insert(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be payloads then whose calls come later."""
    index.insert([full_row(1, arguments="needle")])
    with monkeypatch.context() as patch:
        patch.setattr(index.engine, "insert", _fail)
        with pytest.raises(EngineError):
            index.insert_calls([full_row(2, arguments="needle")])
    at = index.snapshot()
    assert index.store(at).lookup(parse("needle").tree, at).table == "calls"
    assert index.count("needle") == 1


def test_payloads_whose_calls_an_earlier_run_did_not_store_are_not_counted(index: Index) -> None:
    """The follower finds out which they are."""
    index.insert([full_row(1, arguments="needle")])
    index.insert_payloads([full_row(2, arguments="needle")])
    for name in ("payloads", "calls"):
        index.seqs_after(name, "outcome_seq", "n-w0", 0)
    index.insert([full_row(3)])
    assert index.count("needle") == 1


def _fail(*_: object) -> None:
    raise EngineError("the disk is full")
