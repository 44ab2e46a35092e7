"""State in a file."""

import sqlite3
import stat
from pathlib import Path

import pytest

from gatebook.state.store import StateError, Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A new, empty state."""
    path = tmp_path / "state.db"
    Store.open(path).close()
    return path


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    """State names people and holds hashes of tokens."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    """A missing file, an empty one and one that is no database are told apart."""
    with pytest.raises(StateError, match="gatebook init"):
        Store.open(tmp_path / "absent.db", create=False)
    (tmp_path / "empty.db").touch()
    with pytest.raises(StateError, match="gatebook init"):
        Store.open(tmp_path / "empty.db", create=False)
    (tmp_path / "text.db").write_text("not a database, but long enough to look at" * 20)
    with pytest.raises(StateError, match="not a database"):
        Store.open(tmp_path / "text.db")
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot open"):
        Store.open(tmp_path / "file" / "state.db")


def test_a_lost_database_is_a_state_error(path: Path) -> None:
    """Whatever the engine says becomes one kind of error with a text for people."""
    store = Store.open(path)
    direct = sqlite3.connect(path)
    direct.execute("DROP TABLE meta")
    direct.close()
    with pytest.raises(StateError, match="no such table: meta"):
        store.revision()
    store.close()
