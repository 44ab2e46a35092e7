"""One-time links and console sessions."""

from gatebook.identity import sign_in
from gatebook.identity.accounts import Wanted, put_person
from gatebook.state.store import Store

MINUTE_US = 60_000_000


def test_a_link_opens_once_and_for_a_quarter_of_an_hour(store: Store) -> None:
    """A second use, an old link and an invented one open nothing."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        expires_us = sign_in.add_link(connection, "first", "ana", 0)
        sign_in.add_link(connection, "second", "ana", 0)
        assert expires_us == 15 * MINUTE_US
        assert sign_in.use_link(connection, "first", expires_us - 1) == "ana"
        assert sign_in.use_link(connection, "first", expires_us - 1) is None
        assert sign_in.use_link(connection, "second", expires_us) is None
        assert sign_in.use_link(connection, "third", 1) is None
        assert sign_in.use_link(connection, "\udc80" * 3, 1) is None


def test_a_session_lasts_a_working_day_or_until_it_is_closed(store: Store) -> None:
    """Each has an end of its own, and closing one leaves the other."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        for secret in ("one", "two"):
            opened = sign_in.open_session(connection, secret, "ana", 0)
        assert opened.expires_us == 8 * 60 * MINUTE_US
        assert sign_in.find_session(connection, "one", opened.expires_us - 1) == opened
        assert sign_in.find_session(connection, "one", opened.expires_us) is None
        sign_in.close_session(connection, "one")
        assert sign_in.find_session(connection, "one", 1) is None
        assert sign_in.find_session(connection, "two", 1) is not None
        assert sign_in.find_session(connection, "é", 1) is None


def test_secrets_are_stored_as_hashes_only(store: Store) -> None:
    """Whoever reads the database can neither sign in nor take over a session."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        sign_in.add_link(connection, "link-secret", "ana", 0)
        sign_in.open_session(connection, "session-secret", "ana", 0)
        rows = [*connection.exec_driver_sql("SELECT * FROM one_time_links"), *connection.exec_driver_sql("SELECT * FROM console_sessions")]
    assert len(rows) == 2
    assert "secret" not in str(rows)


def test_the_secret_of_a_link_is_in_its_fragment() -> None:
    """Browsers do not send what comes after the number sign."""
    assert sign_in.link_url("https://console.example", "abc") == "https://console.example/sign-in#abc"
