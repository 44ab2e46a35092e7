"""What changed at which revision, as followers read it."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, func, select

from gatebook.state import feed
from gatebook.state.directory_schema import state_feed
from gatebook.state.feed import Noted, note_people, note_rest, note_tokens, prune_feed, read_noted
from gatebook.state.store import Store, bump


def change(store: Store, *notes: Callable[[Connection], object]) -> None:
    """One change with these notes."""
    with store.write() as connection:
        for note in notes:
            note(connection)
        bump(connection)


def people(*ids: str) -> Callable[[Connection], object]:
    """Note people."""
    return lambda connection: note_people(connection, ids)


def noted(store: Store, since: int) -> Noted | None:
    """Read what changed."""
    with store.read() as connection:
        return read_noted(connection, since, store.revision())


def rows(store: Store) -> int:
    """How many rows the feed has."""
    with store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(state_feed)).scalar_one())


def test_each_revision_tells_who_changed_since(store: Store) -> None:
    """People and tokens once each, however often they changed; what was before is not told again."""
    change(store, people("ana"), lambda connection: note_tokens(connection, ["t1"]))
    change(store, people("bob", "ana", "bob"), people("ana"))
    assert noted(store, 0) == Noted(people=("ana", "bob"), tokens=("t1",), rest=False)
    later = noted(store, 1)
    assert later is not None and (set(later.people), later.tokens) == ({"ana", "bob"}, ())
    assert noted(store, 2) == Noted(people=(), tokens=(), rest=False)


def test_a_revision_without_a_note_has_changed_the_rest(store: Store) -> None:
    """Resources change without notes; a change of both says so."""
    change(store, people("ana"))
    change(store)
    told = noted(store, 0)
    assert told is not None and told.rest and told.people == ("ana",)
    change(store, people("bob"), note_rest)
    told = noted(store, 2)
    assert told is not None and told.rest and told.people == ("bob",)


def test_nothing_noted_makes_no_row(store: Store) -> None:
    """An empty list is no change of people: the revision counts as one of the rest."""
    change(store, people())
    assert rows(store) == 0
    told = noted(store, 0)
    assert told is not None and told.rest


def test_a_note_of_a_change_that_failed_is_gone_with_it(store: Store) -> None:
    """Its revision belongs to the next change."""
    with pytest.raises(ValueError, match="no record"), store.write() as connection:
        note_people(connection, ["mallory"])
        raise ValueError("no record")
    change(store, people("ana"))
    assert noted(store, 0) == Noted(people=("ana",), tokens=(), rest=False)


def test_who_is_behind_what_was_dropped_reads_everything(store: Store) -> None:
    """Who is not behind reads on; dropping again is no work, and leaves one mark."""
    for number in range(6):
        change(store, people(f"p{number}"))
    with store.write() as connection:
        assert prune_feed(connection, kept=2) == 4
        assert prune_feed(connection, kept=2) == 0
    assert [noted(store, since) is None for since in range(7)] == [True] * 4 + [False] * 3
    assert noted(store, 4) == Noted(people=("p4", "p5"), tokens=(), rest=False)
    assert rows(store) == 3


def test_who_is_behind_by_very_much_reads_everything(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit the answer is not a list."""
    monkeypatch.setattr(feed, "_ROWS_MAX", 3)
    change(store, people("a", "b", "c"))
    assert noted(store, 0) is not None
    change(store, people("d"))
    assert noted(store, 0) is None and noted(store, 1) is not None


def test_state_that_went_back_is_read_anew(store: Store) -> None:
    """State that was restored from a copy is at an earlier revision than whoever follows it."""
    change(store, people("ana"))
    assert noted(store, 5) is None
