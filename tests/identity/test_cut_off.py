"""One function ends all that a person has, for good."""

import pytest
from sqlalchemy import Connection, insert, select, update

from gatebook.identity import sign_in
from gatebook.identity.accounts import Wanted, add_token, find_person, put_person
from gatebook.identity.cut_off import CutOff, Severed, cut_off
from gatebook.identity.directory import Directory, Principal
from gatebook.identity.sign_in import Link
from gatebook.identity.tokens import make_token
from gatebook.state.access_schema import oauth_grants, refresh_tokens
from gatebook.state.cut_offs import read_receipt
from gatebook.state.feed import note_people, read_noted
from gatebook.state.schema import console_sessions, people, tokens
from gatebook.state.snapshot import Token
from gatebook.state.store import Store, bump

NOW_US = 1_000_000
SECRETS = {id: make_token(id.encode().ljust(32, b".")) for id in ("laptop", "phone", "expired", "bobs")}
RESOURCE = "https://mcp.example/mcp"


@pytest.fixture(autouse=True)
def equipped(store: Store) -> None:
    """Ana has two good tokens and an expired one, a session, a grant of an AI client with its refresh token, and a link; Bob has a token."""
    with store.write() as connection:
        for person in ("ana", "bob"):
            put_person(connection, Wanted(id=person), 1)
        token(connection, "laptop", "ana")
        token(connection, "phone", "ana", kind="oauth", resource=RESOURCE, grant_id="g1", expires_us=NOW_US + 100)
        token(connection, "expired", "ana", expires_us=NOW_US)
        token(connection, "bobs", "bob")
        for person in ("ana", "bob"):
            session = {"id": person, "auth": "link", "epoch": 0, "seen_us": 1, "user_agent": ""}
            connection.execute(
                insert(console_sessions).values(sha256=person, person=person, created_us=1, expires_us=NOW_US * 9, **session)
            )
        for id, revoked_us in (("g1", None), ("g2", 5)):
            grant = {"client": "c", "resource": RESOURCE, "scopes": "[]", "epoch": 0, "created_us": 1, "revoked_us": revoked_us}
            connection.execute(insert(oauth_grants).values(id=id, person="ana", **grant))
        connection.execute(insert(refresh_tokens).values(sha256="r1", grant_id="g1", created_us=1, expires_us=NOW_US * 9))
        for person in ("ana", "bob"):
            sign_in.add_link(connection, f"link of {person}", Link(person=person), NOW_US)
        bump(connection)


def token(connection: Connection, id: str, person: str, **fields: object) -> None:
    """Store a token."""
    blank = Token(id=id, sha256="", prefix="", person=person, name="", created_us=1)
    add_token(connection, SECRETS[id], Token(**{name: getattr(blank, name) for name in Token.__struct_fields__} | fields))


def cut(store: Store, id: str = "c1", now_us: int = NOW_US, *, deactivate: bool = True) -> Severed:
    """Cut Ana off."""
    with store.write() as connection:
        order = CutOff(id=id, person="ana", cause="administrator", by="root", detail="left", deactivate=deactivate)
        severed = cut_off(connection, order, now_us)
        assert severed.revision == bump(connection)
    return severed


def answer(store: Store, id: str) -> str:
    """Whether a token opens, or why not."""
    found = Directory(store.snapshot(), str).authenticate(f"Bearer {SECRETS[id]}", NOW_US, RESOURCE)
    return found.person if isinstance(found, Principal) else found.reason


def test_everything_of_the_person_ends_and_nothing_of_others(store: Store) -> None:
    """What was good is counted; what was over before is not."""
    assert [answer(store, id) for id in SECRETS] == ["ana", "ana", "expired", "bob"]
    severed = cut(store)
    assert severed == Severed(id="c1", revision=2, tokens=2, sessions=1, grants=1)
    assert [answer(store, id) for id in SECRETS] == ["revoked", "revoked", "revoked", "bob"]
    with store.write() as connection:
        assert connection.execute(select(console_sessions.c.person)).scalars().all() == ["bob"]
        assert connection.execute(select(refresh_tokens)).all() == []
        grants = connection.execute(select(oauth_grants.c.id, oauth_grants.c.revoked_us, oauth_grants.c.cause)).all()
        assert sorted(map(tuple, grants)) == [("g1", NOW_US, "administrator"), ("g2", 5, None)]
        ana = find_person(connection, "ana")
        assert ana is not None and (ana.active, ana.epoch) == (False, 1)
        receipt = read_receipt(connection, "c1")
    assert receipt is not None
    assert (receipt.tokens, receipt.sessions, receipt.grants, receipt.revision, receipt.done_us) == (2, 1, 1, 2, None)


@pytest.mark.parametrize("deactivate", [True, False])
def test_a_link_that_was_made_before_opens_nothing_afterwards(store: Store, *, deactivate: bool) -> None:
    """It may be in the hands of whoever the person is cut off for; others' links stay."""
    cut(store, deactivate=deactivate)
    with store.write() as connection:
        assert sign_in.use_link(connection, "link of ana", NOW_US + 1) is None
        assert sign_in.use_link(connection, "link of bob", NOW_US + 1) == Link(person="bob")


def test_followers_hear_of_the_person_and_of_each_token(store: Store) -> None:
    """So that a worker need not read everything anew to refuse."""
    before = store.snapshot()
    severed = cut(store)
    with store.read() as connection:
        noted = read_noted(connection, before.revision, severed.revision)
    hashes = {one.sha256 for one in before.tokens.values() if one.person == "ana"}
    assert noted is not None and (noted.people, set(noted.tokens), noted.rest) == (("ana",), hashes, False)
    newer = store.newer(before)
    assert newer is not None and [one.id for one in newer.snapshot.cuts] == ["c1"]


def test_to_be_active_again_revives_nothing(store: Store) -> None:
    """The row of the token says so, and so does its epoch, should a row be given back by hand or from a copy."""
    cut(store)
    with store.write() as connection:
        connection.execute(update(people).where(people.c.id == "ana").values(active=1, deactivated_us=None))
        note_people(connection, ["ana"])
        bump(connection)
    assert [answer(store, id) for id in ("laptop", "phone")] == ["revoked", "revoked"]
    with store.write() as connection:
        connection.execute(update(tokens).values(revoked_us=None))
        bump(connection)
    assert [answer(store, id) for id in ("laptop", "phone", "bobs")] == ["revoked", "revoked", "bob"]


def test_who_is_cut_off_and_stays_active_may_begin_anew(store: Store) -> None:
    """A lost laptop: what was handed out is void, a new token is good."""
    cut(store, deactivate=False)
    assert answer(store, "laptop") == "revoked"
    fresh = make_token(b"fresh".ljust(32, b"."))
    with store.write() as connection:
        added = add_token(connection, fresh, Token(id="fresh", sha256="", prefix="", person="ana", name="", created_us=2))
        bump(connection)
    assert added.epoch == 1
    assert isinstance(Directory(store.snapshot(), str).authenticate(f"Bearer {fresh}", NOW_US), Principal)


def test_a_second_one_finds_nothing_left(store: Store) -> None:
    """Directories say it twice; the first deactivation keeps its time."""
    cut(store)
    again = cut(store, "c2", NOW_US + 5)
    assert (again.tokens, again.sessions, again.grants) == (0, 0, 0)
    with store.read() as connection:
        row = connection.execute(select(people.c.deactivated_us, people.c.epoch).where(people.c.id == "ana")).one()
        assert connection.execute(select(tokens.c.revoked_us).where(tokens.c.id == "laptop")).scalar_one() == NOW_US
    assert tuple(row) == (NOW_US, 2)


def test_a_change_that_fails_ends_nothing(store: Store) -> None:
    """No record, no cut-off: all of it is one transaction."""
    with pytest.raises(ValueError, match="no record"), store.write() as connection:
        cut_off(connection, CutOff(id="c1", person="ana", cause="deleted", by="okta"), NOW_US)
        raise ValueError("no record")
    assert answer(store, "laptop") == "ana"
    with store.read() as connection:
        assert read_receipt(connection, "c1") is None
