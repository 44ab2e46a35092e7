"""The state database: opening, migrating, reading and writing in transactions. SQLite in WAL mode; one writer, many readers.

Every write bumps the revision in its own transaction, so a reader that has seen a revision has seen all of it.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, create_engine, event, text, update
from sqlalchemy.exc import SQLAlchemyError

from gatebook.state.revision import read_revision
from gatebook.state.schema import STEPS, meta, migrate
from gatebook.state.snapshot import Snapshot, read_newer, read_snapshot

_BUSY_TIMEOUT_MS = 5000


class StateError(Exception):
    """State cannot be read or written. The text is for people.

    - `StateError`: the database is missing, locked, damaged or of a newer version
    - `DocumentError` (documents.py): what somebody wants to apply is wrong
    """


class Store:
    """An open state database. Thread-safe: each transaction has a connection of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(immediate=True)
        self.shared = engine.dialect.name != "sqlite"
        """Whether other nodes may use it too."""

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> "Store":
        """Open the file, and bring it to the newest schema; `create` also makes it. Raises StateError."""
        if not create and not path.exists():
            raise StateError(f"there is no state at {path}; run `gatebook init` first")
        engine = create_engine(f"sqlite:///{path}", pool_size=4)
        event.listen(engine, "connect", _on_connect)
        event.listen(engine, "begin", _on_begin)
        store = cls(engine)
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                found = 0
            else:
                with engine.connect() as connection:
                    found = int(connection.execute(text("SELECT schema_version FROM meta")).scalar_one())
            # After an upgrade whoever comes first migrates, be it a worker or the command line; a file that is up to date is not written.
            if found < len(STEPS):
                with store._writing.begin() as connection:
                    found = migrate(connection)
        except (SQLAlchemyError, OSError) as error:
            engine.dispose()
            raise StateError(f"cannot open {path}: {_cause(error)}") from error
        if found > len(STEPS):
            engine.dispose()
            raise StateError(f"{path} was written by a newer version of Gatebook (schema {found}, this one knows {len(STEPS)})")
        return store

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state. Raises StateError."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StateError(f"state cannot be read: {_cause(error)}") from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; commits at the end of the block, rolls back on an exception. Raises StateError.

        Call `bump` in it before the first record about it is made.
        """
        try:
            with self._writing.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StateError(f"state cannot be written: {_cause(error)}") from error

    @contextmanager
    def note(self) -> Iterator[Connection]:
        """A transaction that writes what nobody follows, such as when a token was last used. It need not wait for who makes a long change."""
        with self.write() as connection:
            yield connection

    def revision(self) -> int:
        """The current revision. Raises StateError."""
        with self.read() as connection:
            return read_revision(connection)

    def snapshot(self, present: Callable[[Connection], None] | None = None) -> Snapshot:
        """Everything at the current revision. `present` is asked in the same transaction, and may raise. Raises StateError."""
        try:
            with self.read() as connection:
                if present is not None:
                    present(connection)
                return read_snapshot(connection, time.time_ns() // 1000)
        except msgspec.MsgspecError as error:
            raise StateError(f"state holds a resource that this version cannot read: {error}") from error

    def newer(self, before: Snapshot, present: Callable[[Connection], None] | None = None, *, anew: bool = False) -> "Newer | None":
        """What has changed since a snapshot; None when nothing has. Raises StateError.

        `present` is asked in the same transaction, and may raise. `anew`: read resources again although nothing has changed.
        """
        with self.read() as connection:
            if present is not None:
                present(connection)
            if read_revision(connection) == before.revision and not anew:
                return None
            now_us = time.time_ns() // 1000
            try:
                return Newer(read_newer(connection, before, now_us, rest=True if anew else None))
            except msgspec.MsgspecError as error:
                people = read_newer(connection, before, now_us, rest=False)
                return Newer(people, f"state holds a resource that this version cannot read: {error}")


class Newer(Struct, frozen=True):
    """A newer snapshot; `failure` says why its resources are still those of the one before."""

    snapshot: Snapshot
    failure: str | None = None


def bump(connection: Connection) -> int:
    """Count a change, in its transaction; returns the new revision."""
    connection.execute(update(meta).values(revision=meta.c.revision + 1))
    return read_revision(connection)


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


def _cause(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error)
