"""What the engines of state have in common, as the store uses it; each has a module of its own (sqlite.py, postgres.py)."""

from typing import Protocol

from sqlalchemy import Connection, Engine


class StateError(Exception):
    """State cannot be read or written. The text is for people.

    - `StateError`: the database is missing, locked, damaged, out of reach or of a newer version
    - `DocumentError` (documents.py): what somebody wants to apply is wrong
    """


class Database(Protocol):
    """An engine with one database. Thread-safe."""

    shared: bool
    """Whether other nodes may use it too."""

    place: str
    """Where it is, for people. Names no secret."""

    @property
    def reading(self) -> Engine:
        """Its transactions see one state and write nothing."""

    @property
    def writing(self) -> Engine:
        """Its transactions write."""

    def begin_write(self, connection: Connection) -> None:
        """First in a transaction that counts a revision: one at a time. Raises SQLAlchemyError."""

    def begin_note(self, connection: Connection) -> None:
        """First in a transaction that writes what nobody follows. Raises SQLAlchemyError."""

    def begin_migration(self, connection: Connection) -> None:
        """First in a transaction that changes the schema: one at a time, also where there is no schema yet. Raises SQLAlchemyError, StateError."""

    def explain(self, error: Exception) -> str:
        """What went wrong, in one line without what was written or read."""

    def close(self) -> None:
        """Close all connections."""
