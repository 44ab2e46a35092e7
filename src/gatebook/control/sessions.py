"""Console sessions of people: who is behind one, who has which, and the end of them, on the record."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from gatebook.identity import accounts, sessions
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.self_granting import reads_payloads_of_others
from gatebook.identity.sessions import SEEN_EVERY_S, Session
from gatebook.record.body_access import SignedOut, SignedOutCause
from gatebook.record.parts import Actor, Source
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError, bump

IDLE_S: Final = 30 * 60
_SECOND_US: Final = 1_000_000
_logger = logging.getLogger(__name__)


def idle_limit_s(person: Person) -> int | None:
    """After how long without use a session ends, by the roles that are built in; None: only after its eight hours."""
    return IDLE_S if reads_payloads_of_others(person, {}) else None


class Sessions:
    """The sessions of one keeper. `idle_s` says after how long without use a session of a person ends."""

    def __init__(self, journal: Journal, idle_s: Callable[[Person], int | None] = idle_limit_s) -> None:
        self._journal = journal
        self._idle_s = idle_s
        # Used lately and not written yet, by id.
        self._seen: dict[str, int] = {}
        self._writing: asyncio.Task[None] | None = None

    def who(self, secret: str) -> Principal | None:
        """Who is behind a session; None when it is unknown or over, or the person is no longer active."""
        now_us = self._journal.clock.wall_us()
        with self._journal.store.read() as connection:
            session = sessions.find_session(connection, secret, now_us)
            person = accounts.find_person(connection, session.person) if session else None
        if session is None or person is None or not person.active or session.epoch != person.epoch:
            return None
        idle_s = self._idle_s(person)
        seen_us = max(session.seen_us, self._seen.get(session.id, 0))
        if idle_s is not None and now_us - seen_us >= idle_s * _SECOND_US:
            return None
        self._note(session, now_us)
        return make_principal(person, self._journal.subject_of(person.id), "session")

    def of(self, person: str) -> list[Session]:
        """The sessions of a person that are good, newest first. Raises StateError."""
        now_us = self._journal.clock.wall_us()
        with self._journal.store.read() as connection:
            owner = accounts.find_person(connection, person)
            found = sessions.sessions_of(connection, person, now_us) if owner is not None and owner.active else []
        if owner is None:
            return []
        idle_s = self._idle_s(owner)
        return [
            one
            for one in found
            if one.epoch == owner.epoch and (idle_s is None or now_us - max(one.seen_us, self._seen.get(one.id, 0)) < idle_s * _SECOND_US)
        ]

    def id_of(self, secret: str) -> str | None:
        """The id of a session, by its secret."""
        with self._journal.store.read() as connection:
            session = sessions.find_session(connection, secret, self._journal.clock.wall_us())
        return session.id if session is not None else None

    async def sign_out(self, secret: str, source: Source | None = None) -> None:
        """Close a session, by its secret. Raises StateError, LogUnavailable."""
        async with self._journal.change() as connection:
            session = sessions.close_session(connection, secret, self._journal.clock.wall_us())
            if session is None:
                return
            owner = self._journal.subject_of(session.person)
            actor = Actor(subject=owner, kind="person", auth="session")
            bump(connection)
            await self._record("own", session.person, actor, (1, session.id), source)

    async def end(self, person: str, id: str | None, caller: Principal, source: Source | None = None) -> int:
        """Close one session of a person, or all; returns how many there were. Raises StateError, LogUnavailable."""
        async with self._journal.change() as connection:
            count = sessions.end_sessions(connection, person, id)
            if count:
                bump(connection)
                await self._record("ended", person, caller.actor, (count, id), source)
        return count

    async def write_seen(self) -> None:
        """Write down when sessions were last used."""
        seen = dict(self._seen)
        if seen:
            async with self._journal.change() as connection:
                sessions.see(connection, seen)
        self._seen = {id: at_us for id, at_us in self._seen.items() if seen.get(id) != at_us}

    async def _write_quietly(self) -> None:
        try:
            await self.write_seen()
        except StateError as error:
            _logger.warning("when sessions were last used could not be written: %s", error)

    def _note(self, session: Session, now_us: int) -> None:
        if now_us - max(session.seen_us, self._seen.get(session.id, 0)) < SEEN_EVERY_S * _SECOND_US:
            return
        self._seen[session.id] = now_us
        # Not at once: whoever changes something now holds state, on this same loop.
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write_quietly(), name="sessions-seen")

    async def _record(self, cause: SignedOutCause, person: str, actor: Actor, which: tuple[int, str | None], source: Source | None) -> None:
        owner = self._journal.subject_of(person)
        body = SignedOut(cause=cause, owner=owner, actor=actor, sessions=which[0], session=which[1], source=source)
        await self._journal.record(body, owner)
