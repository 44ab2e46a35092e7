"""Opening state, and its transactions."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from gatebook.settings import Settings, StateSettings
from gatebook.state.feed import note_people, read_noted
from gatebook.state.opening import open_state
from gatebook.state.revision import read_revision
from gatebook.state.store import StateError, Store, bump


def test_a_write_is_seen_by_other_connections_only_when_it_is_done(store: Store, another: Callable[[], Store]) -> None:
    """The revision moves with the commit, and not before it."""
    other = another()
    with store.write() as connection:
        assert bump(connection) == 1
        assert other.revision() == 0
    assert other.revision() == 1


def test_a_reading_sees_one_state(store: Store) -> None:
    """What is committed between two looks of one transaction is seen by the next transaction."""
    with store.read() as reading:
        before = read_revision(reading)
        with store.write() as connection:
            bump(connection)
        assert read_revision(reading) == before
    assert store.revision() == before + 1


def test_changes_are_counted_one_after_the_other(another: Callable[[], Store]) -> None:
    """Four writers who change and note at the same time: no revision is counted twice, and the feed tells all that each of them changed."""
    stores = [another() for _ in range(4)]
    counted: list[int] = []

    def change(number: int, store: Store) -> None:
        for turn in range(10):
            with store.write() as connection:
                note_people(connection, [f"p{number}.{turn}"])
                counted.append(bump(connection))

    threads = [threading.Thread(target=change, args=each) for each in enumerate(stores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counted) == list(range(1, 41))
    with stores[0].read() as connection:
        noted = read_noted(connection, 0, 40)
    assert noted is not None and len(noted.people) == 40 and not noted.rest


def test_an_exception_takes_the_write_back(store: Store) -> None:
    """A change whose record fails leaves no trace in state."""
    with pytest.raises(ValueError, match="no record"), store.write() as connection:
        bump(connection)
        raise ValueError("no record")
    assert store.revision() == 0


def test_state_of_a_newer_version_is_refused(store: Store, another: Callable[[], Store]) -> None:
    """An older version would misread it, and says which versions they are."""
    with store.write() as connection:
        connection.execute(text("UPDATE meta SET schema_version = 999"))
    with pytest.raises(StateError, match="newer version of Gatebook .schema 999"):
        another()


def test_two_who_start_at_once_migrate_once(tmp_path: Path, request: pytest.FixtureRequest, state_url: str) -> None:
    """Both find no tables; one makes them and the other finds them made."""
    url = state_url and request.getfixturevalue("blank_url")
    settings = Settings(data_dir=tmp_path / "new", state=StateSettings(url=url))
    start, opened = threading.Barrier(2), []

    def open_it() -> None:
        start.wait()
        opened.append(open_state(settings))

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [store.revision() for store in opened] == [0, 0]
    for store in opened:
        store.close()


def test_a_spec_that_this_version_cannot_read_is_a_state_error(store: Store) -> None:
    """A worker that meets one keeps the snapshot that it has."""
    with store.write() as connection:
        connection.execute(text("INSERT INTO resources VALUES ('Connector','x',1,'{\"transport\":\"pigeon\"}','','a',NULL,0,0)"))
        bump(connection)
    with pytest.raises(StateError, match="cannot read"):
        store.snapshot()
