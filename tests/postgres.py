"""A real PostgreSQL for tests: a cluster of its own in a temporary directory, which ends with the tests."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import psycopg

from gatebook.state.postgres import PostgresDatabase
from gatebook.state.schema import STEPS, meta, metadata
from gatebook.state.store import Store

PASSWORD = "s3cret/of:the@tests"
_READY_S = 30.0
# Nothing of this cluster has to survive a power cut, and no test waits for its disk; what was committed survives the end of the server.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "log_min_messages": "fatal",
}
# Whoever still holds a lock is ended; references are not checked while rows go.
_EMPTY = f"""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{{database}}' AND pid <> pg_backend_pid();
    SET lock_timeout = 2000;
    SET session_replication_role = replica;
    {" ".join(f"DELETE FROM {table.name};" for table in metadata.sorted_tables if table is not meta)}
    UPDATE meta SET schema_version = {len(STEPS)}, revision = 0
"""


def find_programs() -> Path | None:
    """The directory of initdb and postgres: on the path, or where Debian puts the newest; None where there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(installed, key=lambda path: float(path.parent.name), default=None)


class Cluster:
    """A server on a unix socket, where everybody is trusted, and on a loopback port, where the password is asked."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._directory = Path(tempfile.mkdtemp(prefix="gatebook-pg-"))
        self._account: list[str] = []
        # Below root the server refuses to run.
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self._directory, nobody.pw_uid, nobody.pw_gid)
            self._account = ["--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups"]
        self._directory.chmod(0o755)
        self._made = 0
        self._spare: list[str] = []
        self._server: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        try:
            self._init()
            self.start()
            self.set_password(PASSWORD)
            self._run(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:
            self.close()
            raise

    def url(self, database: str) -> str:
        """The address of a database on the unix socket."""
        return f"postgresql://gatebook@/{database}?host={quote(str(self._directory), safe='')}&port={self.port}"

    def url_with_password(self, database: str, password: str = PASSWORD, user: str = "gatebook") -> str:
        """The address of a database on the loopback port. `user` is gatebook, who may do anything, or app, who owns what was made for it."""
        return f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def create(self, options: str = "") -> str:
        """Make a database without tables; returns its name."""
        self._made += 1
        self._run(f"CREATE DATABASE test_{self._made} {options}")
        return f"test_{self._made}"

    def drop(self, database: str) -> None:
        """Drop a database, whoever uses it."""
        self._run(f"DROP DATABASE {database} WITH (FORCE)")

    def lend(self) -> str:
        """A database with an empty state; returns its name."""
        if self._spare:
            return self._spare.pop()
        name = self.create()
        Store.over(PostgresDatabase(self.url(name), {})).close()
        return name

    def take_back(self, database: str) -> None:
        """Empty a database that was lent, which is much faster than to make one; one that a test has rebuilt is dropped."""
        try:
            self._run(_EMPTY.format(database=database), database)
        except psycopg.Error:
            self.drop(database)
        else:
            self._spare.append(database)

    def set_password(self, password: str) -> None:
        """Change the password of the account."""
        self._run(f"ALTER ROLE gatebook PASSWORD '{password}'")

    def end_connections(self, database: str) -> None:
        """End all connections to a database."""
        self._run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {**_SETTINGS, "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": str(self._directory)}
        words = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        said = (self._directory / "said.log").open("ab")
        with said:
            self._server = subprocess.Popen(
                self._command("postgres", "-D", self._directory / "data", *words), stdout=said, stderr=said, cwd="/"
            )
        until_s = time.monotonic() + _READY_S
        while True:
            try:
                return self._run("SELECT 1")
            except psycopg.OperationalError as error:
                if time.monotonic() > until_s or self._server.poll() is not None:
                    raise AssertionError((self._directory / "said.log").read_text()[-2000:]) from error
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server at once, as a crash would."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(_READY_S)
            self._server = None

    def close(self) -> None:
        """Stop the server, and leave nothing."""
        self.stop()
        shutil.rmtree(self._directory)

    def _init(self) -> None:
        options = ("-U", "gatebook", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256")
        done = subprocess.run(
            self._command("initdb", "-D", self._directory / "data", *options), capture_output=True, text=True, timeout=120, cwd="/"
        )
        assert done.returncode == 0, done.stderr

    def _command(self, program: str, *words: str | Path) -> Sequence[str | Path]:
        # The server also ends when the process of the tests is killed.
        return ["setpriv", *self._account, "--pdeathsig", "INT", "--", self._programs / program, *words]

    def _run(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement.encode())
