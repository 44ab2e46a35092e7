"""Opening state, and its transactions."""

import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from gatebook.state.store import StateError, Store, bump


def test_the_file_is_for_its_owner_alone(store: Store, tmp_path: Path) -> None:
    """State names people and holds hashes of tokens."""
    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o600
    assert store.revision() == 0


def test_a_write_is_seen_by_other_connections_only_when_it_is_done(store: Store, tmp_path: Path) -> None:
    """The revision moves with the commit, and not before it."""
    other = Store.open(tmp_path / "state.db", create=False)
    with store.write() as connection:
        assert bump(connection) == 1
        assert other.revision() == 0
    assert other.revision() == 1
    other.close()


def test_an_exception_takes_the_write_back(store: Store) -> None:
    """A change whose record fails leaves no trace in state."""
    with pytest.raises(ValueError, match="no record"), store.write() as connection:
        bump(connection)
        raise ValueError("no record")
    assert store.revision() == 0


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """A missing file, a file that is no database, and one of a newer version are told apart."""
    with pytest.raises(StateError, match="gatebook init"):
        Store.open(tmp_path / "absent.db", create=False)
    (tmp_path / "text.db").write_text("not a database, but long enough to look at" * 20)
    with pytest.raises(StateError, match="not a database"):
        Store.open(tmp_path / "text.db")
    newer = Store.open(tmp_path / "newer.db")
    with newer.write() as connection:
        connection.execute(text("UPDATE meta SET schema_version = 999"))
    newer.close()
    with pytest.raises(StateError, match="newer version"):
        Store.open(tmp_path / "newer.db")


def test_a_lost_database_is_a_state_error(store: Store, tmp_path: Path) -> None:
    """Whatever the engine says becomes one kind of error with a text for people."""
    direct = sqlite3.connect(tmp_path / "state.db")
    direct.execute("DROP TABLE meta")
    direct.close()
    with pytest.raises(StateError, match="no such table: meta"):
        store.revision()


def test_a_spec_that_this_version_cannot_read_is_a_state_error(store: Store) -> None:
    """A worker that meets one keeps the snapshot that it has."""
    with store.write() as connection:
        connection.execute(text("INSERT INTO resources VALUES ('Connector','x',1,'{\"transport\":\"pigeon\"}','','a',NULL,0,0)"))
        bump(connection)
    with pytest.raises(StateError, match="cannot read"):
        store.snapshot()
