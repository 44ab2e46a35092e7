"""Positions that were handed out."""

import pytest

from gatebook.index import FullRow, Snapshot
from gatebook.reading import snapshots as module
from gatebook.reading.snapshots import Snapshots


def snapshot(batch: int, characters: int = 0) -> Snapshot:
    """One with a waiting call of so many characters."""
    waiting = (FullRow(call_id="x", time=1, arguments="a" * characters),) if characters else ()
    return Snapshot(database="g1", batch=batch, waiting=waiting)


def test_a_snapshot_is_found_by_its_id() -> None:
    """The same one has one id."""
    kept, one, other = Snapshots(), snapshot(1), snapshot(2)
    assert kept.keep(one) == kept.keep(one) != kept.keep(other)
    assert kept.find(kept.keep(one)) is one and kept.find("0" * 16) is None


@pytest.mark.parametrize(("limit", "value"), [("KEPT_MAX", 2), ("WAITING_CHARACTERS_MAX", 25)])
def test_the_oldest_go_first(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    """By number and by the texts that they hold."""
    monkeypatch.setattr(module, limit, value)
    kept = Snapshots()
    ids = [kept.keep(snapshot(batch, 10)) for batch in range(4)]
    assert [kept.find(id) is not None for id in ids] == [False, False, True, True]


def test_one_larger_than_all_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest is always there."""
    monkeypatch.setattr(module, "WAITING_CHARACTERS_MAX", 5)
    kept = Snapshots()
    assert kept.find(kept.keep(snapshot(1, 10))) is not None


def test_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while an id is unknown."""
    kept = Snapshots()
    id = kept.keep(snapshot(1))
    monkeypatch.setattr(module, "LIFE_S", 0.0)
    assert kept.find(id) is None


def test_one_that_is_handed_out_again_lasts_as_long_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet index has one snapshot for hours."""
    now_s = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now_s[0])
    kept, one = Snapshots(), snapshot(1)
    kept.keep(one)
    now_s[0] = 2 * module.LIFE_S
    assert kept.find(kept.keep(one)) is one


def test_the_parts_of_one_view_are_one_reading() -> None:
    """The first question of a person to a snapshot is a reading, the same one again is not."""
    kept = Snapshots()
    id = kept.keep(snapshot(1))
    kept.add_reading(id, "ann", "a")
    assert [kept.is_first(id, *one) for one in (("ann", "a"), ("bob", "a"), ("ann", "b"))] == [False, True, True]
    assert kept.is_first("gone", "ann", "a")
