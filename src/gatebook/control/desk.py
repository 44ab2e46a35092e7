"""What administrators change, each with its record (identity/journal.py)."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.control.barrier import Barrier
from gatebook.control.changing import Changing
from gatebook.control.sessions import Sessions, idle_limit_s
from gatebook.identity import accounts, sessions, sign_in
from gatebook.identity.approvers import ADMINS
from gatebook.identity.credentials.keys import Ring
from gatebook.identity.cut_off import CutOff, Severed
from gatebook.identity.cutting import CutOrder, Cutting, Outlook, make_id, outlook
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.issuing import Issuing
from gatebook.identity.journal import Journal
from gatebook.identity.person_records import record_person
from gatebook.identity.sessions import Opening
from gatebook.log.clock import Clock
from gatebook.reading.decisions import one_line
from gatebook.reading.rule_changes import Applied, Terms
from gatebook.record import body as records
from gatebook.record.body_access import SignedIn
from gatebook.record.parts import Actor, Source
from gatebook.state import changes, definitions
from gatebook.state.changes import Stored
from gatebook.state.cut_offs import Receipt, read_receipt, read_receipts
from gatebook.state.deciding import Order, Planned, plan_decisions
from gatebook.state.documents import Document
from gatebook.state.editing import Wanted
from gatebook.state.snapshot import Person, Token, read_people, read_providers, read_tokens
from gatebook.state.store import StateError, Store, bump

_REASON_CHARACTERS_MAX = 1000
DEFAULT_PERSON = "admin"


class OpenedSession(Struct, frozen=True, kw_only=True):
    """A new console session. `secret` goes into the cookie."""

    secret: str
    session: sessions.Session
    principal: Principal


class LinkOrder(Struct, frozen=True, kw_only=True):
    """A one-time link that somebody on the host wants. `reason` goes with `break_glass`: past the identity provider, where there is one.

    `unless_provider`: where there is one, no link is made, and the address is that of the sign-in page.
    """

    person: str | None = None
    break_glass: bool = False
    reason: str | None = None
    unless_provider: bool = False


class MadeLink(Struct, frozen=True, kw_only=True):
    """A one-time link. `person` is None where it is whoever signs in at the identity provider next; without `expires_us` it is the sign-in page."""

    url: str
    expires_us: int | None
    purpose: sign_in.Purpose
    person: str | None


class Desk:
    """Makes changes for a caller who is allowed to make them; who that is, the faces decide."""

    def __init__(
        self,
        journal: Journal,
        console_url: str,
        cutting: Cutting | None = None,
        idle_limit_s: Callable[[Person], int | None] = idle_limit_s,
    ) -> None:
        """Without `cutting` there is one that knows workers by their rows alone; `idle_limit_s` is that of console sessions."""
        self.cutting = cutting or Cutting(journal, Barrier(journal.store, "", lambda _: None))
        self.console_url = console_url
        self.ring: Ring | None = None
        """Keys of sealed credentials; without them nothing is done about those."""
        self.changing = Changing(self)
        self.issuing = Issuing(journal)
        self.journal = journal
        self.sessions = Sessions(journal, idle_limit_s)
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

    async def cut_off(self, order: CutOrder, caller: Principal) -> Severed:
        """Cut a person off by hand; returns when no worker lets them in any more. Raises StateError, LogUnavailable."""
        if not order.reason.strip():
            raise StateError("a cut-off needs a reason")
        wanted = CutOff(
            id=make_id(),
            person=order.person.lower(),
            cause="administrator",
            by=caller.person,
            detail=order.reason.strip()[:_REASON_CHARACTERS_MAX],
            deactivate=not order.keep_active,
        )
        return await self.cutting.cut(wanted, caller.actor)

    def outlook(self, person: str) -> Outlook:
        """What a cut-off would end. Raises StateError."""
        with self._store.read() as connection:
            return outlook(connection, person.lower(), self._clock.wall_us())

    def receipts(self, person: str | None = None, limit: int = 100, offset: int = 0) -> list[Receipt]:
        """Receipts of cut-offs, newest first. Raises StateError."""
        with self._store.read() as connection:
            return read_receipts(connection, person=person, limit=limit, offset=offset)

    def receipt(self, id: str) -> Receipt | None:
        """One receipt. Raises StateError."""
        with self._store.read() as connection:
            return read_receipt(connection, id)

    async def make_link(self, order: LinkOrder, caller: Principal) -> MadeLink:
        """Make a one-time link for an administrator, of the kind that fits: whether people sign in at an identity provider decides.

        Who can sign in with it is created when new, and put into the group of administrators: at once, or when they sign in at the provider.
        Raises StateError, LogUnavailable.
        """
        secret, now_us = secrets.token_urlsafe(32), self._clock.wall_us()
        reason = one_line(order.reason or "") or None
        async with self.journal.change() as connection:
            has_provider = _has_provider(connection)
            if has_provider and order.unless_provider:
                return MadeLink(url=f"{self.console_url}/login", expires_us=None, purpose="sign_in", person=None)
            link = _link(order, reason, has_provider=has_provider)
            put = None
            if link.person is not None and link.purpose != "administrator":
                before = accounts.find_person(connection, link.person)
                if before is not None and not before.active:
                    raise StateError(f"{before.id} is switched off, so the link would open nothing; name somebody else, or nobody")
                groups = (*(before.groups if before else ()), ADMINS)
                put = accounts.put_person(connection, accounts.Wanted(id=link.person, groups=groups), now_us)
            expires_us = sign_in.add_link(connection, secret, link, now_us)
            revision = bump(connection)
            if put is not None:
                await record_person(self.journal, connection, put, revision, caller)
            body = records.ConfigChanged(
                kind="OneTimeLink",
                name=link.person or link.purpose,
                action="created",
                version=1,
                revision=revision,
                actor=caller.actor,
                reason=f"break-glass: {reason}" if link.purpose == "break_glass" else reason,
            )
            await self.journal.record(body, caller.subject, [("identity", caller.identity)])
        url = sign_in.link_url(self.console_url, secret)
        return MadeLink(url=url, expires_us=expires_us, purpose=link.purpose, person=link.person)

    async def sign_in(self, link_secret: str, source: Source, user_agent: str = "") -> OpenedSession | None:
        """Use a one-time link up and open a session; None when the link is not, or no longer, good."""
        secret, now_us = secrets.token_urlsafe(32), self._clock.wall_us()
        async with self.journal.change() as connection:
            link = sign_in.use_link(connection, link_secret, now_us)
            person = accounts.find_person(connection, link.person) if link and link.person else None
            if link is None or person is None or not person.active:
                return None
            broken = link.purpose == "break_glass"
            opening = Opening(person=person.id, epoch=person.epoch, auth="break_glass" if broken else "link", user_agent=user_agent)
            session = sessions.open_session(connection, secret, opening, now_us)
            bump(connection)
            principal = make_principal(person, self._subject_of(person.id), "session")
            actor = Actor(subject=principal.subject, kind=principal.kind, auth="link")
            body = SignedIn(actor=actor, source=source, session=session.id, break_glass=broken, reason=link.reason)
            await self.journal.record(body, principal.subject, [("identity", principal.identity)])
        return OpenedSession(secret=secret, session=session, principal=principal)

    async def sign_out(self, secret: str, source: Source | None = None) -> None:
        """Close a console session."""
        await self.sessions.sign_out(secret, source)

    def who(self, session_secret: str) -> Principal | None:
        """Who is behind a console session; None when it is unknown or over, or the person is no longer active."""
        return self.sessions.who(session_secret)

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


def _has_provider(connection: Connection) -> bool:
    return any(spec.sign_in for spec in read_providers(connection).values())


def _link(order: LinkOrder, reason: str | None, *, has_provider: bool) -> sign_in.Link:
    person = order.person.lower() if order.person else None
    if order.break_glass:
        if reason is None:
            raise StateError("a link that breaks the glass needs a reason")
        return sign_in.Link(purpose="break_glass", person=person or DEFAULT_PERSON, reason=reason)
    if has_provider:
        if person is not None and not accounts.can_be_id(person):
            raise StateError(f"{order.person!r} cannot be the id of a person: use an e-mail address, or letters, digits and . _ + -")
        return sign_in.Link(purpose="administrator", person=person, reason=reason)
    return sign_in.Link(person=person or DEFAULT_PERSON, reason=reason)
