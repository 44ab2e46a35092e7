"""What administrators change, each with its record (identity/journal.py)."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.control.changing import Changing
from gatebook.control.watching import note_groups
from gatebook.identity import accounts, sign_in
from gatebook.identity.approvers import ADMINS
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.tokens import make_token
from gatebook.log.clock import Clock
from gatebook.reading.rule_changes import Applied, Terms
from gatebook.record import body as records
from gatebook.record.parts import Actor, Source
from gatebook.state import changes, definitions
from gatebook.state.changes import Stored
from gatebook.state.deciding import Order, Planned, plan_decisions
from gatebook.state.documents import Document
from gatebook.state.editing import Wanted
from gatebook.state.snapshot import Person, Token, read_people, read_roles, read_tokens
from gatebook.state.store import StateError, Store, bump


class TokenOrder(Struct, frozen=True, kw_only=True):
    """A token that somebody wants. `expires_us` in microseconds since 1970; None: it does not expire."""

    person: str
    groups: tuple[str, ...] | None = None
    email: str | None = None
    person_name: str | None = None
    name: str = ""
    expires_us: int | None = None


class IssuedToken(Struct, frozen=True, kw_only=True):
    """A new token. `secret` exists here and nowhere else."""

    secret: str
    token: Token
    person: Person


class OpenedSession(Struct, frozen=True, kw_only=True):
    """A new console session. `secret` goes into the cookie."""

    secret: str
    session: sign_in.Session
    principal: Principal


class Desk:
    """Makes changes for a caller who is allowed to make them; who that is, the faces decide."""

    def __init__(self, journal: Journal, console_url: str) -> None:
        self.console_url = console_url
        self.changing = Changing(self)
        self.journal = journal
        self._store = journal.store
        self._subject_of = journal.subject_of
        self._clock = journal.clock

    @property
    def store(self) -> Store:
        """The state that is changed here."""
        return self._store

    @property
    def clock(self) -> Clock:
        """The clock of all changes."""
        return self._clock

    async def apply(self, documents: list[Document], caller: Principal, reason: str | None = None, *, dry_run: bool = False) -> Applied:
        """Create and change resources, all or none. Raises as `Changing.make` does."""
        return await self.changing.make(Wanted(documents=tuple(documents)), caller, Terms(reason=reason, dry_run=dry_run))

    async def delete(self, kind: str, name: str, caller: Principal, reason: str | None = None, *, dry_run: bool = False) -> Applied:
        """Delete a resource. Raises as `Changing.make` does."""
        return await self.changing.make(Wanted(deletions=((kind, name),)), caller, Terms(reason=reason, dry_run=dry_run))

    async def decide_definition(self, order: Order, caller: Principal) -> list[Planned]:
        """Approve or refuse one definition of a tool, or all that wait of a connector. Raises DecisionError, StateError, LogUnavailable."""
        async with self.journal.change() as connection:
            planned = plan_decisions(connection, order, caller.person, self._clock.wall_us())
            for one in planned:
                definitions.decide(connection, one.known)
            revision = bump(connection)
            for one in planned:
                known = one.known
                body = records.ConfigChanged(
                    kind="ToolDefinition",
                    name=f"{known.connector}/{known.tool}",
                    action="changed",
                    version=one.version,
                    revision=revision,
                    actor=caller.actor,
                    reason=known.reason,
                )
                diff = f"{known.state}: {known.hash}\n{one.diff}".encode()
                await self.journal.record(body, caller.subject, [("identity", caller.identity), ("diff", diff)])
        return planned

    async def create_token(self, order: TokenOrder, caller: Principal) -> IssuedToken:
        """Make a token, and its owner when new. Raises StateError, LogUnavailable."""
        now_us = self._clock.wall_us()
        if order.expires_us is not None and order.expires_us <= now_us:
            raise StateError("the token would have expired already")
        secret = make_token(secrets.token_bytes(32))
        async with self.journal.change() as connection:
            wanted = accounts.Wanted(id=order.person, email=order.email, name=order.person_name, groups=order.groups)
            put = accounts.put_person(connection, wanted, now_us)
            blank = Token(
                id=f"tok_{secrets.token_hex(6)}",
                sha256="",
                prefix="",
                person=put.person.id,
                name=order.name,
                created_us=now_us,
                expires_us=order.expires_us,
            )
            token = accounts.add_token(connection, secret, blank)
            revision = bump(connection)
            await self._record_person(put, revision, caller)
            await note_groups(put, read_roles(connection), self.journal, caller, revision)
            await self._record_token("created", token, put.person, caller)
        return IssuedToken(secret=secret, token=token, person=put.person)

    async def revoke_token(self, id_or_prefix: str, caller: Principal) -> Token:
        """Revoke a token. Raises StateError, LogUnavailable."""
        async with self.journal.change() as connection:
            token = accounts.revoke(connection, id_or_prefix, self._clock.wall_us())
            owner = accounts.find_person(connection, token.person) or Person(id=token.person)
            bump(connection)
            await self._record_token("revoked", token, owner, caller)
        return token

    async def make_link(self, person: str, caller: Principal) -> tuple[str, int]:
        """Make a one-time link for an administrator: the person is created when new, and put into the group of administrators.

        Returns its address and when it expires. Raises StateError, LogUnavailable.
        """
        secret, now_us = secrets.token_urlsafe(32), self._clock.wall_us()
        async with self.journal.change() as connection:
            before = accounts.find_person(connection, person.lower())
            groups = (*(before.groups if before else ()), ADMINS)
            put = accounts.put_person(connection, accounts.Wanted(id=person, groups=groups), now_us)
            expires_us = sign_in.add_link(connection, secret, put.person.id, now_us)
            revision = bump(connection)
            await self._record_person(put, revision, caller)
            await note_groups(put, read_roles(connection), self.journal, caller, revision)
            body = records.ConfigChanged(
                kind="OneTimeLink", name=put.person.id, action="created", version=1, revision=revision, actor=caller.actor
            )
            await self.journal.record(body, caller.subject, [("identity", caller.identity)])
        return sign_in.link_url(self.console_url, secret), expires_us

    async def sign_in(self, link_secret: str, source: Source) -> OpenedSession | None:
        """Use a one-time link up and open a session; None when the link is not, or no longer, good."""
        secret, now_us = secrets.token_urlsafe(32), self._clock.wall_us()
        async with self.journal.change() as connection:
            id = sign_in.use_link(connection, link_secret, now_us)
            person = accounts.find_person(connection, id) if id else None
            if person is None or not person.active:
                return None
            session = sign_in.open_session(connection, secret, person.id, now_us)
            bump(connection)
            principal = make_principal(person, self._subject_of(person.id), "session")
            actor = Actor(subject=principal.subject, kind=principal.kind, auth="link")
            await self.journal.record(records.SignedIn(actor=actor, source=source), principal.subject, [("identity", principal.identity)])
        return OpenedSession(secret=secret, session=session, principal=principal)

    async def sign_out(self, secret: str) -> None:
        """Close a console session."""
        async with self.journal.change() as connection:
            sign_in.close_session(connection, secret)
            bump(connection)

    def who(self, session_secret: str) -> Principal | None:
        """Who is behind a console session; None when it is unknown or over, or the person is no longer active."""
        with self._store.read() as connection:
            session = sign_in.find_session(connection, session_secret, self._clock.wall_us())
            person = accounts.find_person(connection, session.person) if session else None
        return make_principal(person, self._subject_of(person.id), "session") if person and person.active else None

    def resources(self, kind: str | None = None, name: str | None = None) -> list[Stored]:
        """Current resources. Raises StateError."""
        with self._store.read() as connection:
            return changes.listed(connection, kind, name)

    def tokens(self) -> list[Token]:
        """All tokens, newest first. Raises StateError."""
        with self._store.read() as connection:
            return read_tokens(connection)

    def people(self) -> list[Person]:
        """All people by id. Raises StateError."""
        with self._store.read() as connection:
            return sorted(read_people(connection).values(), key=lambda person: person.id)

    @asynccontextmanager
    async def deciding(self) -> AsyncIterator[Connection]:
        """A transaction for `control.deciding` and `control.changing`, one change at a time. Raises StateError."""
        async with self.journal.change() as connection:
            yield connection

    async def record(self, body: records.ConfigChanged, caller: Principal, diff: str) -> None:
        """Put a change on the record, before its transaction ends. Raises LogUnavailable."""
        await self.journal.record(body, caller.subject, [("identity", caller.identity), ("diff", diff.encode())])

    async def _record_person(self, put: accounts.PersonChange, revision: int, caller: Principal) -> None:
        if put.action == "unchanged":
            return
        body = records.ConfigChanged(
            kind="Person",
            name=put.person.id,
            action=put.action,
            version=put.person.version,
            revision=revision,
            actor=caller.actor,
        )
        await self.journal.record(body, caller.subject, [("identity", caller.identity), ("diff", put.diff.encode())])

    async def _record_token(self, action: Literal["created", "revoked"], token: Token, owner: Person, caller: Principal) -> None:
        principal = make_principal(owner, self._subject_of(owner.id), "token", token.id)
        body = records.TokenChanged(
            action=action,
            token=token.id,
            owner=principal.subject,
            actor=caller.actor,
            expires=token.expires_us,
        )
        await self.journal.record(body, principal.subject, [("identity", principal.identity)])
