"""State in a SQLite file, in WAL mode: one writer, many readers."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from gatebook.state.database import StateError

_BUSY_TIMEOUT_MS = 5000


class SqliteFile:
    """The file at `path`; see database.py. Raises StateError."""

    shared = False

    def __init__(self, path: Path, *, create: bool) -> None:
        self.place = str(path)
        if not create and not path.exists():
            raise StateError(f"there is no state at {path}; run `gatebook init` first")
        if create:
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise StateError(f"cannot open {path}: {error}") from error
        self.reading: Engine = create_engine(f"sqlite:///{path}", pool_size=4, hide_parameters=True)
        event.listen(self.reading, "connect", _on_connect)
        event.listen(self.reading, "begin", _on_begin)
        self.writing: Engine = self.reading.execution_options(immediate=True)

    def begin_write(self, connection: Connection) -> None:
        """`BEGIN IMMEDIATE` has taken the lock of the file."""

    def begin_note(self, connection: Connection) -> None:
        """As all that write."""

    def begin_migration(self, connection: Connection) -> None:
        """As all that write."""

    def explain(self, error: Exception) -> str:
        """What the engine says; it never quotes values."""
        return str(getattr(error, "orig", None) or error)

    def close(self) -> None:
        """Close all connections."""
        self.reading.dispose()


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver would otherwise begin transactions by itself, and later than we want them.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {_BUSY_TIMEOUT_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # A transaction that reads first and writes later can fail in the middle; one that will write takes the lock at once.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("immediate") else "BEGIN")
