"""Console sessions: how long they last, who sees which, and their end on the record."""

from collections.abc import Callable

import pytest
from sqlalchemy import insert, select

from gatebook.control.sessions import IDLE_S, Sessions
from gatebook.identity import accounts, sessions
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.sessions import SEEN_EVERY_S, Opening
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.record.body_access import SignedOut
from gatebook.record.parts import Source
from gatebook.state.schema import console_sessions
from gatebook.state.store import Store, bump

SOURCE = Source(ip="127.0.0.1", port=5)
S = 1_000_000


class Clock:
    """A wall clock that is set by hand, and a monotonic one that goes with it."""

    now_us = 1_700_000_000 * S

    def wall_us(self) -> int:
        """The wall clock."""
        return self.now_us

    def monotonic_us(self) -> int:
        """The monotonic clock."""
        return self.now_us


@pytest.fixture
def clock() -> Clock:
    """The time of these tests."""
    return Clock()


@pytest.fixture
def desk_of(store: Store, book: Book, vault: Vault, clock: Clock) -> Sessions:
    """The sessions of a keeper, with Ana, who reads all calls, and Bob, who does not."""
    with store.write() as connection:
        for id, groups in (("ana", ("security",)), ("bob", ())):
            accounts.put_person(connection, accounts.Wanted(id=id, groups=groups), 1)
            sessions.open_session(connection, id, Opening(person=id, epoch=0), clock.now_us)
        bump(connection)
    return Sessions(Journal(store, book, vault.subject, clock))


async def test_those_who_read_all_calls_are_signed_out_after_half_an_hour_without_use(desk_of: Sessions, clock: Clock) -> None:
    """Use keeps the session; for others only the eight hours count."""
    for _ in range(3):
        clock.now_us += (IDLE_S - 1) * S
        assert desk_of.who("ana") is not None
        await desk_of.write_seen()
    clock.now_us += IDLE_S * S
    assert desk_of.who("ana") is None and desk_of.of("ana") == []
    assert desk_of.who("bob") is not None
    clock.now_us += 8 * 3600 * S
    assert desk_of.who("bob") is None


async def test_use_keeps_nobody_beyond_eight_hours(desk_of: Sessions, clock: Clock) -> None:
    """However often the page is asked for."""
    began_us = clock.now_us
    while clock.now_us < began_us + 8 * 3600 * S:
        assert desk_of.who("ana") is not None
        clock.now_us += 600 * S
        await desk_of.write_seen()
    assert desk_of.who("ana") is None


async def test_use_is_written_rarely(desk_of: Sessions, clock: Clock, store: Store) -> None:
    """A page that asks ten times a second costs one write a minute, and no revision."""
    revision = store.revision()
    seen = set()
    for _ in range(1200):
        clock.now_us += S // 10
        assert desk_of.who("ana") is not None
        await desk_of.write_seen()
        with store.read() as connection:
            seen.add(sessions.sessions_of(connection, "ana", clock.now_us)[0].seen_us)
    assert len(seen) == 2 + 120 // SEEN_EVERY_S - 1 and store.revision() == revision


async def test_a_session_of_before_a_cut_off_is_void(desk_of: Sessions, clock: Clock, store: Store) -> None:
    """Also where its row came back from a backup: its epoch is of before."""
    with store.write() as connection:
        kept = connection.execute(select(console_sessions).where(console_sessions.c.person == "bob")).mappings().one()
        cut_off(connection, CutOff(id="c", person="bob", cause="administrator", by="x", deactivate=False), clock.now_us)
        connection.execute(insert(console_sessions).values(kept))
        bump(connection)
    assert desk_of.who("bob") is None and desk_of.of("bob") == []


async def test_sessions_are_ended_one_by_one_or_all_on_the_record(
    desk_of: Sessions, caller: Principal, clock: Clock, store: Store, recorded: Callable[..., list]
) -> None:
    """Nothing is recorded where nothing ended."""
    with store.write() as connection:
        second = sessions.open_session(connection, "bob2", Opening(person="bob", epoch=0), clock.now_us + 1)
    assert [one.id for one in desk_of.of("bob")][0] == second.id == desk_of.id_of("bob2")
    assert await desk_of.end("bob", second.id, caller, SOURCE) == 1
    assert desk_of.who("bob2") is None and desk_of.who("bob") is not None
    assert await desk_of.end("bob", second.id, caller) == 0
    assert await desk_of.end("bob", None, caller) == 1 and await desk_of.end("ana", "ses_of_bob", caller) == 0
    bodies = [body for body, _ in recorded()]
    assert all(isinstance(body, SignedOut) and body.cause == "ended" for body in bodies)
    assert [(body.session, body.sessions, body.actor.auth) for body in bodies] == [(second.id, 1, "socket"), (None, 1, "socket")]


async def test_people_who_are_not_there_have_no_sessions(desk_of: Sessions) -> None:
    """Nor do secrets that nobody has."""
    assert desk_of.of("nobody") == [] and desk_of.id_of("x") is None and desk_of.who("x") is None
    await desk_of.sign_out("x")
