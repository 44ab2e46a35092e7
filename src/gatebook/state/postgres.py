"""State in PostgreSQL, for more than one node. The driver is an extra, and is imported only where a deployment uses it.

Whoever writes locks the only row of `meta` first, so revisions are counted one after the other, and a reader that has seen one has seen all of it.
"""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, create_engine, text

from gatebook.state.database import StateError
from gatebook.state.references import SecretUnavailable, resolve

if TYPE_CHECKING:
    from psycopg.types.string import StrDumperUnknown

_CONNECTIONS: Final = 4
_LOCK_MS: Final = 5_000
_NOTE_LOCK_MS: Final = 500
_MIGRATION_LOCK_MS: Final = 60_000
# The server ends what takes longer: a read of everything takes a second or two, and a process that stands still in a transaction holds up all others.
_OPTIONS: Final = f"-c lock_timeout={_LOCK_MS} -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
# Parameters of libpq, seconds but for tcp_user_timeout; the address may set others. A server that is a standby is no place to read who was cut off.
_DEFAULTS: Final = {
    "application_name": "gatebook",
    "client_encoding": "utf8",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "target_session_attrs": "read-write",
}
_MIGRATION_LOCK: Final = 0x67_61_74_65_62_6F_6F_6B  # "gatebook"
_DRIVER_MISSING: Final = "state.url names PostgreSQL, but its driver is not installed; run: pip install 'gatebook[postgres]'"
_NO_ADDRESS: Final = "state.url must be an address such as postgresql://gatebook:password@db.example/gatebook"
_READ_ONLY: Final = "25006"
_SAID: Final = {
    "55P03": "somebody else has been changing state for more than 5 s; try again",
    "57014": "it took longer than the 30 s that one statement may take",
    "40P01": "two changes waited for each other; try again",
    "53300": "the server has no connection left; raise its max_connections",
}
_PERMISSION: Final = "42501"


class PostgresDatabase:
    """The database that `url` names, an address or a reference to one; see database.py. Raises StateError."""

    shared = True

    def __init__(self, url: str, environ: Mapping[str, str]) -> None:
        self._url = url
        self._environ = environ
        self.place = _place(self._parameters())
        # Each new connection asks for the address again, so that a password can be changed without a restart.
        self.writing: Engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_timeout=10,
            pool_pre_ping=True,
            hide_parameters=True,
        )
        self.reading: Engine = self.writing.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def begin_write(self, connection: Connection) -> None:
        """Wait until nobody else writes."""
        connection.execute(text("SELECT id FROM meta FOR UPDATE"))

    def begin_note(self, connection: Connection) -> None:
        """Give way where the rows are those of somebody who writes: sooner than the server looks for who waits for whom."""
        connection.execute(text(f"SET LOCAL lock_timeout = {_NOTE_LOCK_MS}"))

    def begin_migration(self, connection: Connection) -> None:
        """Wait until nobody else migrates."""
        connection.execute(text(f"SET LOCAL lock_timeout = {_MIGRATION_LOCK_MS}"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if (encoding := connection.execute(text("SHOW server_encoding")).scalar_one()) != "UTF8":
            raise StateError(f"{self.place} is in the encoding {encoding}; state needs one in UTF8: CREATE DATABASE ... ENCODING 'UTF8'")

    def explain(self, error: Exception) -> str:
        """What the server or the driver says, without the details: those quote rows."""
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlstate", None)
        if code == _READ_ONLY:
            self.close()  # These connections lead to a server that has become a standby; new ones find the one that is not.
        diagnosis = getattr(cause, "diag", None)
        said = " ".join(str(getattr(diagnosis, "message_primary", None) or cause).split())
        if code == _PERMISSION:
            said += "; state needs a database of its own: CREATE DATABASE gatebook OWNER <the user of state.url>"
        return _SAID.get(code or "", said)

    def close(self) -> None:
        """Close all connections."""
        self.writing.dispose()

    def _connect(self) -> Any:
        import psycopg

        connection = psycopg.connect(**self._parameters())
        connection.adapters.register_dumper(str, _text_dumper())
        return connection

    def _parameters(self) -> dict[str, Any]:
        try:
            from psycopg import ProgrammingError
            from psycopg.conninfo import conninfo_to_dict
        except ImportError as error:
            raise StateError(_DRIVER_MISSING) from error
        try:
            address = resolve(self._url, self._environ)
        except SecretUnavailable as error:
            raise StateError(f"state.url: {error}") from error
        if not address.startswith(("postgresql://", "postgres://")):
            raise StateError(_NO_ADDRESS)
        try:
            given = conninfo_to_dict(address)
        except ProgrammingError:
            given = None
        if given is None:  # Not raised above: the driver's error would hang on it, and that quotes the password.
            raise StateError(_NO_ADDRESS)
        return {**_DEFAULTS, **given, "options": f"{_OPTIONS} {given.get('options', '')}".strip()}


@functools.cache
def _text_dumper() -> type["StrDumperUnknown"]:
    from psycopg.types.string import StrDumperUnknown

    class WithoutZero(StrDumperUnknown):
        """PostgreSQL keeps no zero bytes. Whoever sends one gets the sign for what cannot be shown, not an error that repeats at each attempt."""

        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    return WithoutZero


def _place(parameters: Mapping[str, Any]) -> str:
    host, port = parameters.get("host") or "localhost", parameters.get("port")
    where = f"{host}:{port}" if port else str(host)
    return f"the database {parameters.get('dbname') or parameters.get('user') or 'of this account'} on {where}"
