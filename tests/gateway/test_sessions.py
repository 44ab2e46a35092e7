"""Sessions belong to one person at one endpoint, and do not pile up."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.gateway.sessions import Asked, Session, Sessions
from gatebook.identity.directory import Principal, make_principal
from gatebook.record.parts import Client
from gatebook.state.snapshot import Person


def who(person: str = "ann", *scopes: str) -> Principal:
    """Somebody with a token of these scopes."""
    return replace(make_principal(Person(id=person), "s", "token"), scopes=scopes)


def opened(sessions: Sessions, person: str = "ann", connector: str | None = "x", scopes: tuple[str, ...] = ()) -> Session:
    """Open a session."""
    return sessions.open(who(person, *scopes), connector, b"{}", Client(name="c"), "2025-11-25")


def test_only_its_person_at_its_endpoint_finds_a_session() -> None:
    """Another person, another endpoint and the aggregate find nothing."""
    sessions = Sessions(3, 10, 60)
    session = opened(sessions)
    assert sessions.find(session.id, who(), "x") is session
    assert [sessions.find(session.id, who(person), at) for person, at in (("bob", "x"), ("ann", "y"), ("ann", None))] == [None] * 3
    sessions.drop(session)
    assert sessions.find(session.id, who(), "x") is None and len(sessions) == 0


def test_a_narrower_token_does_not_find_a_wider_session() -> None:
    """What the connectors of a session send is only for a token that is good for all of them; one that is good for more finds it."""
    sessions = Sessions(0, 10, 60)
    wide, narrow = opened(sessions, connector=None), opened(sessions, connector=None, scopes=("mcp:crm",))
    assert sessions.find(wide.id, who("ann", "mcp"), None) is None and sessions.find(wide.id, who(), None) is wide
    assert sessions.find(narrow.id, who("ann", "mcp:hr"), None) is None
    assert [sessions.find(narrow.id, who("ann", *scopes), None) for scopes in (("mcp:crm",), ("mcp:crm", "mcp:hr"), ("mcp",), ())] == [
        narrow
    ] * 4


@given(st.text(max_size=40))
def test_made_up_ids_are_unknown(identifier: str) -> None:
    """No text is taken for the id of a session."""
    sessions = Sessions(0, 10, 60)
    opened(sessions)
    assert sessions.find(identifier, who(), "x") is None


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
