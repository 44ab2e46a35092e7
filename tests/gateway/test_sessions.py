"""Sessions belong to one person at one endpoint, and do not pile up."""

from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway.sessions import Asked, Session, Sessions
from gatebook.record.parts import Client


def opened(sessions: Sessions, person: str = "ann", connector: str | None = "x") -> Session:
    """Open a session."""
    return sessions.open(person, connector, b"{}", Client(name="c"), "2025-11-25")


def test_only_its_person_at_its_endpoint_finds_a_session() -> None:
    """Another person, another endpoint and the aggregate find nothing."""
    sessions = Sessions(3, 10, 60)
    session = opened(sessions)
    assert sessions.find(session.id, "ann", "x") is session
    assert [sessions.find(session.id, *who) for who in (("bob", "x"), ("ann", "y"), ("ann", None))] == [None] * 3
    sessions.drop(session)
    assert sessions.find(session.id, "ann", "x") is None and len(sessions) == 0


@given(st.text(max_size=40))
def test_made_up_ids_are_unknown(identifier: str) -> None:
    """No text is taken for the id of a session."""
    sessions = Sessions(0, 10, 60)
    opened(sessions)
    assert sessions.find(identifier, "ann", "x") is None


def test_ids_cannot_be_guessed_and_tell_their_worker() -> None:
    """128 random bits, and the slot in front."""
    ids = {opened(Sessions(7, 10, 60)).id for _ in range(50)}
    assert len(ids) == 50 and all(identifier.startswith("w7-") and len(identifier) == 35 for identifier in ids)


def test_idle_sessions_and_those_above_the_limit_go() -> None:
    """The least used go first; one with a call in flight or a listener stays, however idle."""
    sessions = Sessions(0, 2, 60)
    old, busy, listening, new = (opened(sessions) for _ in range(4))
    for session in (old, busy, listening):
        session.used_s -= 100
    busy.live[b"1"] = object()  # type: ignore[assignment]
    listening.listening = 1
    assert sessions.surplus()[0] is old
    assert old not in list(sessions) and new in list(sessions)


def test_a_client_without_a_session_has_one_id_for_a_while() -> None:
    """The same person and app share an id; others have their own; the table is bounded."""
    sessions = Sessions(0, 3, 60)
    first = sessions.stateless(("ann", "app", "/mcp"))
    assert sessions.stateless(("ann", "app", "/mcp")) == first != sessions.stateless(("bob", "app", "/mcp"))
    for number in range(10):
        sessions.stateless(("eve", str(number), "/mcp"))
    assert len(sessions._stateless) == 3


def test_questions_of_several_connectors_have_ids_of_their_own() -> None:
    """Two connectors may ask under the same id; each answer goes to its own, and old questions are forgotten."""
    session = opened(Sessions(0, 10, 60), connector=None)
    one, two = session.ask(Asked("a", b"1", None)), session.ask(Asked("b", b"1", None))
    assert one != two and (session.asked[one].connector, session.asked[two].connector) == ("a", "b")
    for _ in range(300):
        session.ask(Asked("a", b"1", None))
    assert len(session.asked) == 256 and one not in session.asked
