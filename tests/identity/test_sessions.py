"""Console sessions in state."""

from gatebook.identity import sessions
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.sessions import Opening
from gatebook.state.store import Store

MINUTE_US = 60_000_000
ANA = Opening(person="ana", epoch=0, user_agent="x" * 1000, issuer="https://idp.example", sub="s", sid="1")


def test_a_session_lasts_a_working_day_or_until_it_is_closed(store: Store) -> None:
    """Each has an end of its own, and closing one leaves the other."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        for secret in ("one", "two"):
            opened = sessions.open_session(connection, secret, ANA, 0)
        assert opened.expires_us == 8 * 60 * MINUTE_US and len(opened.user_agent) == sessions.USER_AGENT_CHARACTERS_MAX
        assert sessions.find_session(connection, "two", opened.expires_us - 1) == opened
        assert sessions.find_session(connection, "two", opened.expires_us) is None
        closed = sessions.close_session(connection, "one", 1)
        assert closed is not None and closed.id != opened.id
        assert sessions.close_session(connection, "one", 1) is None
        assert sessions.find_session(connection, "one", 1) is None
        assert sessions.sessions_of(connection, "ana", 1) == [opened]
        assert sessions.find_session(connection, "é", 1) is None


def test_sessions_end_one_by_one_all_at_once_and_by_their_session_at_the_provider(store: Store) -> None:
    """Only those that are meant; of another person, or of another issuer, none."""
    with store.write() as connection:
        for person in ("ana", "bob"):
            put_person(connection, Wanted(id=person), 0)
            first, _ = (
                sessions.open_session(connection, f"{person}{n}", Opening(person=person, epoch=0, issuer="i", sid=str(n)), n)
                for n in (1, 2)
            )
        assert sessions.end_sessions(connection, "ana", first.id) == 0
        assert sessions.end_sessions(connection, "bob", first.id) == 1
        assert [one.person for one in sessions.end_at_provider(connection, "i", "1")] == ["ana"]
        assert sessions.end_at_provider(connection, "other", "2") == []
        assert (sessions.end_sessions(connection, "ana"), sessions.end_sessions(connection, "ana")) == (1, 0)
        assert len(sessions.sessions_of(connection, "bob", 5)) == 1


def test_the_oldest_goes_when_there_are_very_many(store: Store) -> None:
    """A person, or a program that signs in again and again, holds a bounded number."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        for number in range(55):
            sessions.open_session(connection, f"s{number}", ANA, number)
        assert len(sessions.sessions_of(connection, "ana", 60)) == 50
        assert sessions.find_session(connection, "s0", 60) is None and sessions.find_session(connection, "s54", 60) is not None


def test_use_is_noted_forwards_only(store: Store) -> None:
    """A late note of an earlier moment changes nothing."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        id = sessions.open_session(connection, "one", ANA, 5).id
        sessions.see(connection, {id: 90})
        sessions.see(connection, {id: 40})
        (found,) = sessions.sessions_of(connection, "ana", 100)
        assert found.seen_us == 90


def test_secrets_are_stored_as_hashes_only(store: Store) -> None:
    """Whoever reads the database cannot take over a session."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 0)
        sessions.open_session(connection, "session-secret", ANA, 0)
        assert "session-secret" not in str([*connection.exec_driver_sql("SELECT * FROM console_sessions")])
