"""State in PostgreSQL: what it says when something is wrong, and that it comes back."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gatebook.identity import accounts
from gatebook.state.postgres import PostgresDatabase
from gatebook.state.store import StateError, Store, bump
from tests.postgres import PASSWORD, Cluster

SECRET = "hunter2hunter2"


@pytest.fixture
def store(postgres_url: str) -> Iterator[Store]:
    """An open, empty state."""
    opened = Store.over(PostgresDatabase(postgres_url, {}))
    yield opened
    opened.close()


def failure(url: str, **environ: str) -> str:
    """What opening it says; never anything that is secret."""
    with pytest.raises(StateError) as caught:
        Store.over(PostgresDatabase(url, environ), create=False)
    said, error = str(caught.value), caught.value
    assert "\n" not in said
    chain: BaseException | None = error
    while chain is not None:
        assert SECRET not in str(chain) and PASSWORD not in str(chain)
        chain = chain.__cause__ or chain.__context__
    return said


def test_what_cannot_be_opened_says_why(postgres: Cluster, blank_url: str) -> None:
    """Nobody listens, a wrong password, no such database, no tables: one sentence each, with the place and without the password."""
    said = failure(f"postgresql://gatebook:{SECRET}@127.0.0.1:1/gatebook")
    assert "cannot open the database gatebook on 127.0.0.1:1" in said and "refused" in said
    assert "password authentication failed" in failure(postgres.url_with_password("postgres", SECRET))
    assert 'database "absent" does not exist' in failure(postgres.url_with_password("absent"))
    assert "run `gatebook init` first" in failure(blank_url)


def test_an_address_that_is_none_is_not_repeated() -> None:
    """The driver would quote it, password included."""
    for url in (f"postgresql://a:{SECRET}@h/db?no_such_option={SECRET}", f"postgresql://a:{SECRET}@[h/db"):
        assert failure(url) == "state.url must be an address such as postgresql://gatebook:password@db.example/gatebook"
    assert failure("env:URL", URL=f"host=h password={SECRET}").startswith("state.url must be an address")


def test_the_address_can_be_elsewhere(postgres: Cluster, tmp_path: Path, postgres_url: str) -> None:
    """In a file or the environment; what is not there is named."""
    kept = tmp_path / "url"
    name = postgres_url.split("/")[3].split("?")[0]
    kept.write_text(postgres.url_with_password(name) + "\n")
    for url, environ in ((f"file:{kept}", {}), ("env:STATE_URL", {"STATE_URL": postgres.url_with_password(name)})):
        opened = Store.over(PostgresDatabase(url, environ), create=False)
        assert opened.revision() == 0
        opened.close()
    assert failure("env:STATE_URL") == "state.url: env:STATE_URL is not set or is empty"
    assert failure(f"file:{tmp_path}/absent") == f"state.url: file:{tmp_path}/absent cannot be read"


def test_a_changed_password_is_taken_up_without_a_restart(postgres: Cluster, tmp_path: Path, postgres_url: str) -> None:
    """The reference is followed for each new connection."""
    kept = tmp_path / "url"
    name = postgres_url.split("/")[3].split("?")[0]
    kept.write_text(postgres.url_with_password(name))
    opened = Store.over(PostgresDatabase(f"file:{kept}", {}))
    try:
        postgres.set_password("another one")
        postgres.end_connections(name)
        with pytest.raises(StateError, match="password authentication failed"):
            opened.revision()
        kept.write_text(postgres.url_with_password(name, "another one"))
        assert opened.revision() == 0
    finally:
        opened.close()
        postgres.set_password(PASSWORD)


def test_a_missing_driver_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver is an extra."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setitem(sys.modules, "psycopg.conninfo", None)
    assert "pip install 'gatebook[postgres]'" in failure("postgresql://a@h/db")


def test_a_database_of_another_encoding_is_refused(postgres: Cluster) -> None:
    """Names of people are of all languages."""
    name = postgres.create("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StateError, match="encoding LATIN1; state needs one in UTF8"):
        Store.over(PostgresDatabase(postgres.url(name), {}))
    postgres.drop(name)


def test_it_comes_back_by_itself_when_the_server_does(store: Store, postgres: Cluster) -> None:
    """While the server is down each attempt fails at once with a sentence; afterwards the same store works, and what was committed is there."""
    with store.write() as connection:
        bump(connection)
    postgres.stop()
    try:
        for attempt in (store.revision, lambda: store.write().__enter__()):
            with pytest.raises(StateError, match="No such file or directory"):
                attempt()
    finally:
        postgres.start()
    assert store.revision() == 1
    with store.write() as connection:
        assert bump(connection) == 2


def test_a_server_that_goes_in_the_middle_takes_the_change_back(store: Store, postgres: Cluster) -> None:
    """A transaction that was not committed leaves nothing, and the store can be used at once."""
    with pytest.raises(StateError, match="cannot be written"), store.write() as connection:
        bump(connection)
        postgres.stop()
        postgres.start()
        bump(connection)
    assert store.revision() == 0


def test_who_waits_for_a_change_too_long_is_told_so(store: Store) -> None:
    """A change that does not end holds up others for a few seconds, and each of them gets an error instead of a hanging process."""
    began_s = time.monotonic()
    with store.write(), pytest.raises(StateError, match="somebody else has been changing state"), store.write():
        pass
    assert 4 < time.monotonic() - began_s < 10


def test_readers_and_notes_do_not_wait_for_a_change(store: Store) -> None:
    """Workers read and say that they serve while a change waits for its record."""
    with store.write() as connection:
        bump(connection)
        done: list[int] = []

        def others() -> None:
            done.append(store.revision())
            with store.note() as noting:
                noting.execute(text("INSERT INTO preferences VALUES ('ann', 'theme', 'dark')"))
            done.append(1)

        thread = threading.Thread(target=others)
        thread.start()
        thread.join(timeout=3)
        assert done == [0, 1]


def test_a_note_gives_way_to_a_change(store: Store) -> None:
    """Where both want the same rows in another order it is the note that is refused, before the server would end one of the two."""
    with store.write() as connection:
        for name in ("a", "b"):
            connection.execute(text("INSERT INTO preferences VALUES (:name, 'theme', 'dark')"), {"name": name})
    wanted = text("UPDATE preferences SET value = 'light' WHERE person = :person")
    said: list[str] = []
    locked = threading.Event()

    def note(change_has_a: threading.Event) -> None:
        try:
            with store.note() as noting:
                noting.execute(wanted, {"person": "b"})
                locked.set()
                change_has_a.wait()
                noting.execute(wanted, {"person": "a"})
        except StateError as error:
            said.append(str(error))

    has_a = threading.Event()
    thread = threading.Thread(target=note, args=(has_a,))
    with store.write() as connection:
        connection.execute(wanted, {"person": "a"})
        thread.start()
        locked.wait()
        has_a.set()
        connection.execute(wanted, {"person": "b"})
    thread.join()
    assert len(said) == 1 and "somebody else" in said[0]


def test_a_reading_cannot_write(store: Store) -> None:
    """A mistake in our own code is found by the server."""
    with pytest.raises(StateError, match="read-only transaction"), store.read() as connection:
        bump(connection)
    assert store.revision() == 0


def test_what_the_server_says_of_rows_is_not_passed_on(store: Store) -> None:
    """The server quotes the row that is in the way; that can be a name or a hash."""
    with store.write() as connection:
        accounts.put_provisioned(connection, accounts.Wanted(id="ann@corp.example"), "x-1", 1)
    with pytest.raises(StateError) as caught, store.write() as connection:
        connection.execute(text("INSERT INTO people SELECT * FROM people"))
    assert "unique" in str(caught.value) and "corp.example" not in str(caught.value)


def test_text_is_in_the_order_of_code_points(store: Store) -> None:
    """As in SQLite, whatever the language of the server is."""
    names = ["Zoe", "_x", "adam", "Émile", "a b", "ab"]
    with store.write() as connection:
        for name in names:
            connection.execute(text("INSERT INTO preferences VALUES ('ann', :name, '')"), {"name": name})
        found = list(connection.execute(text("SELECT name FROM preferences ORDER BY name")).scalars())
    assert found == sorted(names)


def test_a_zero_byte_stops_nothing(store: Store) -> None:
    """The server keeps none: it is replaced, so that no request of a stranger can make a batch of rows fail again and again."""
    with store.write() as connection:
        connection.execute(text("INSERT INTO preferences VALUES ('ann', :name, :value)"), {"name": "a\0", "value": "b\0c"})
        found = connection.execute(text("SELECT name, value FROM preferences WHERE name = :name"), {"name": "a\0"}).all()
    assert [tuple(row) for row in found] == [("a\ufffd", "b\ufffdc")]


def test_limits_of_waiting_are_in_force(store: Store) -> None:
    """The server itself ends a statement that takes too long and a transaction that stands still."""
    with store.read() as connection:
        limits = [
            connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_isolation")
        ]
    assert limits == ["5s", "30s", "1min", "repeatable read"]
