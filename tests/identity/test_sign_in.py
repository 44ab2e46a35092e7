"""One-time links."""

from gatebook.identity import sign_in
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.sign_in import Link
from gatebook.state.store import Store

MINUTE_US = 60_000_000
ANA = Link(person="ana")


def test_a_link_opens_once_and_for_a_quarter_of_an_hour(store: Store) -> None:
    """A second use, an old link and an invented one open nothing."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        expires_us = sign_in.add_link(connection, "first", ANA, 0)
        sign_in.add_link(connection, "second", ANA, 0)
        assert expires_us == 15 * MINUTE_US
        assert sign_in.use_link(connection, "first", expires_us - 1) == ANA
        assert sign_in.use_link(connection, "first", expires_us - 1) is None
        assert sign_in.use_link(connection, "second", expires_us) is None
        assert sign_in.use_link(connection, "third", 1) is None
        assert sign_in.use_link(connection, "\udc80" * 3, 1) is None


def test_a_link_for_an_administrator_opens_no_session_and_belongs_to_one_browser(store: Store) -> None:
    """It is claimed once, held by the browser that did for as long as the link lives, and gone when it is dropped."""
    link = Link(purpose="administrator", reason="first")
    with store.write() as connection:
        expires_us = sign_in.add_link(connection, "first", link, 0)
        assert sign_in.use_link(connection, "first", 1) is None
        assert sign_in.claim_link(connection, "first", "browser", 1) == link
        assert sign_in.claim_link(connection, "first", "another", 1) is None
        assert sign_in.claimed_link(connection, "another", 1) is None
        assert sign_in.claimed_link(connection, "browser", expires_us) is None
        assert sign_in.claimed_link(connection, "browser", expires_us - 1) == link
        sign_in.drop_claimed(connection, "browser")
        assert sign_in.claimed_link(connection, "browser", 1) is None


def test_links_that_open_sessions_cannot_be_claimed(store: Store) -> None:
    """One kind of link is never good for the other."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        for secret, purpose in (("one", "sign_in"), ("two", "break_glass")):
            sign_in.add_link(connection, secret, Link(person="ana", purpose=purpose, reason="r"), 0)
            assert sign_in.claim_link(connection, secret, "browser", 1) is None
            assert sign_in.use_link(connection, secret, 1) == Link(person="ana", purpose=purpose, reason="r")


def test_secrets_are_stored_as_hashes_only(store: Store) -> None:
    """Whoever reads the database can neither sign in nor become an administrator."""
    with store.write() as connection:
        sign_in.add_link(connection, "link-secret", Link(purpose="administrator"), 0)
        assert sign_in.claim_link(connection, "link-secret", "browser-secret", 1)
        rows = [*connection.exec_driver_sql("SELECT * FROM one_time_links")]
    assert len(rows) == 1
    assert "secret" not in str(rows)


def test_the_secret_of_a_link_is_in_its_fragment() -> None:
    """Browsers do not send what comes after the number sign."""
    assert sign_in.link_url("https://console.example", "abc") == "https://console.example/sign-in#abc"
