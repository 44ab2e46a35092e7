"""The state database: opening, migrating, reading and writing in transactions. One writer, many readers, in SQLite or PostgreSQL alike.

Every write bumps the revision in its own transaction, so a reader that has seen a revision has seen all of it.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, update
from sqlalchemy.exc import SQLAlchemyError

from gatebook.state.database import Database, StateError
from gatebook.state.revision import read_revision
from gatebook.state.schema import STEPS, meta, migrate, read_version
from gatebook.state.snapshot import Snapshot, read_newer, read_snapshot
from gatebook.state.sqlite import SqliteFile

__all__ = ["Newer", "StateError", "Store", "bump"]


class Store:
    """An open state database. Thread-safe: each transaction has a connection of its own."""

    def __init__(self, database: Database, *, made: bool = False) -> None:
        self._database = database
        self.shared = database.shared
        """Whether other nodes may use it too."""
        self.place = database.place
        """Where it is, for people; names no secret."""
        self.made = made
        """Whether there was none before it was opened."""

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> "Store":
        """Open a SQLite file, and bring it to the newest schema; `create` also makes it. Raises StateError."""
        return cls.over(SqliteFile(path, create=create), create=create)

    @classmethod
    def over(cls, database: Database, *, create: bool = True) -> "Store":
        """Bring a database to the newest schema; without `create` there must be one. Raises StateError."""
        try:
            # After an upgrade whoever comes first migrates, be it a worker or the command line; one that is up to date is not written.
            with database.reading.begin() as connection:
                found = read_version(connection)
            if not (found or create):
                raise StateError(f"there is no state in {database.place}; run `gatebook init` first")
            if found < len(STEPS):
                with database.writing.begin() as connection:
                    database.begin_migration(connection)
                    found = migrate(connection)
            if found > len(STEPS):
                raise StateError(
                    f"{database.place} was written by a newer version of Gatebook (schema {found}, this one knows {len(STEPS)})"
                )
        except SQLAlchemyError as error:
            database.close()
            raise StateError(f"cannot open {database.place}: {database.explain(error)}") from error
        except StateError:
            database.close()
            raise
        return cls(database, made=found == 0)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state. Raises StateError."""
        try:
            with self._database.reading.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StateError(f"state cannot be read: {self._database.explain(error)}") from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes; commits at the end of the block, rolls back on an exception. Raises StateError.

        Call `bump` in it before the first record about it is made.
        """
        with self._written(self._database.begin_write) as connection:
            yield connection

    @contextmanager
    def note(self) -> Iterator[Connection]:
        """A transaction that writes what nobody follows, such as when a token was last used. It need not wait for who makes a long change."""
        with self._written(self._database.begin_note) as connection:
            yield connection

    @contextmanager
    def _written(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:
        try:
            with self._database.writing.begin() as connection:
                begin(connection)
                yield connection
        except SQLAlchemyError as error:
            raise StateError(f"state cannot be written: {self._database.explain(error)}") from error

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
