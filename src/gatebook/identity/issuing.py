"""Who may have a token, for what and for how long; each that is made or revoked is on the record. Tokens are made by people who are there themselves.

- a person makes tokens of their own, and those of the service accounts that they answer for
- an administrator those of all service accounts; somebody on the host those of everybody
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity import accounts
from gatebook.identity.approvers import in_person, is_administrator
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.person_records import record_person
from gatebook.identity.scopes import SCOPES_MAX, tidied
from gatebook.identity.service_accounts import ServiceOrder, put_service_account
from gatebook.identity.tokens import make_token
from gatebook.record.body import TokenChanged
from gatebook.state.snapshot import Person, Token, read_rules
from gatebook.state.store import StateError, bump

LIFE_DAYS = 90
"""Life of a token for which nobody says how long."""
NAME_CHARACTERS_MAX = 80
REASON_CHARACTERS_MAX = 500
_DAY_US = 86_400_000_000
_IN_PERSON = "a token is made and revoked in person: sign in to the console, or use `gatebook token` on the host"


class TokenRefused(StateError):
    """A token is not made or revoked. `kind`: missing (there is none such), rights (the caller may not), state (not like that)."""

    def __init__(self, kind: Literal["missing", "rights", "state"], text: str) -> None:
        super().__init__(text)
        self.kind = kind


class TokenOrder(Struct, frozen=True, kw_only=True):
    """A token that somebody wants. `expires_us` in microseconds since 1970; None: after 90 days, or `never`, which takes a reason.

    On the host `groups`, `email` and `person_name` change its owner, who is made when new; `owner` makes a new one a service account.
    """

    person: str
    groups: tuple[str, ...] | None = None
    email: str | None = None
    person_name: str | None = None
    owner: str | None = None
    name: str = ""
    scopes: tuple[str, ...] = ()
    expires_us: int | None = None
    never: bool = False
    reason: str | None = None

    @property
    def changes_person(self) -> bool:
        """Whether it is also about who the owner is."""
        return any(one is not None for one in (self.groups, self.email, self.person_name, self.owner))


class IssuedToken(Struct, frozen=True, kw_only=True):
    """A new token. `secret` exists here and nowhere else."""

    secret: str
    token: Token
    person: Person


class Issuing:
    """Makes and revokes tokens, and keeps service accounts."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def create(self, order: TokenOrder, caller: Principal) -> IssuedToken:
        """Make a token; on the host its owner too. Raises TokenRefused, StateError, LogUnavailable."""
        now_us = self._journal.clock.wall_us()
        scopes = _scopes(order)
        async with self._journal.change() as connection:
            with _wrong_only_as_asked():
                put = self._owner(connection, order, caller, now_us)
            person = put.person
            if not person.active:
                raise TokenRefused("state", f"{person.id} is not active; a token would be refused")
            secret = make_token(secrets.token_bytes(32), "service" if person.kind == "service" else "personal")
            blank = Token(
                id=f"tok_{secrets.token_hex(6)}",
                sha256="",
                prefix="",
                person=person.id,
                name=order.name.strip(),
                created_us=now_us,
                expires_us=_expiry(connection, order, person, caller, now_us),
                kind="service" if person.kind == "service" else "personal",
                scopes=scopes,
                created_by=caller.person,
            )
            token = accounts.add_token(connection, secret, blank)
            revision = bump(connection)
            await record_person(self._journal, connection, put, revision, caller)
            await self._record_token("created", token, person, caller, order.reason)
        return IssuedToken(secret=secret, token=token, person=person)

    async def revoke(self, id_or_prefix: str, caller: Principal, reason: str | None = None) -> Token:
        """Revoke a token. To somebody who may not, it is as unknown as one that does not exist. Raises TokenRefused, StateError, LogUnavailable."""
        if not in_person(caller):
            raise TokenRefused("rights", _IN_PERSON)
        async with self._journal.change() as connection:
            with _wrong_only_as_asked():
                found = accounts.find_token(connection, id_or_prefix)
            owner = accounts.find_person(connection, found.person) if found is not None else None
            if found is None or owner is None or not (is_administrator(caller) or caller.person in (owner.id, owner.owner)):
                raise TokenRefused("missing", f"there is no token {id_or_prefix[:80]!r}")
            if found.revoked_us is not None:
                raise TokenRefused("state", f"the token {found.id} is revoked already")
            token = accounts.revoke(connection, found, self._journal.clock.wall_us())
            bump(connection)
            await self._record_token("revoked", token, owner, caller, _said(reason))
        return token

    async def put_service_account(self, order: ServiceOrder, caller: Principal) -> Person:
        """Create or change a service account, or give it to another owner; for administrators. Raises TokenRefused, StateError, LogUnavailable."""
        if not is_administrator(caller):
            raise TokenRefused("rights", "service accounts are made and given away by administrators, in person")
        async with self._journal.change() as connection:
            with _wrong_only_as_asked():
                put = put_service_account(connection, order, self._journal.clock.wall_us())
            if put.action != "unchanged":
                await record_person(self._journal, connection, put, bump(connection), caller, _said(order.reason))
        return put.person

    def _owner(self, connection: Connection, order: TokenOrder, caller: Principal, now_us: int) -> accounts.PersonChange:
        if not in_person(caller):
            raise TokenRefused("rights", _IN_PERSON)
        if caller.auth == "socket" and order.owner is not None:
            before = accounts.find_person(connection, order.person.lower())
            if before is not None and before.kind == "service" and before.owner != order.owner.lower():
                raise TokenRefused("state", f"{before.owner} answers for {before.id}; `gatebook accounts give` changes that")
            wanted = ServiceOrder(id=order.person, owner=order.owner, name=order.person_name, groups=order.groups)
            return put_service_account(connection, wanted, now_us)
        if caller.auth == "socket":
            changed = accounts.Wanted(id=order.person, email=order.email, name=order.person_name, groups=order.groups)
            return accounts.put_person(connection, changed, now_us)
        person = accounts.find_person(connection, order.person.lower())
        service = person is not None and person.kind == "service"
        mine = person is not None and caller.person in (person.id, person.owner)
        if person is None or not (mine or (service and is_administrator(caller))):
            raise TokenRefused("rights", "you can make tokens of your own, and of service accounts that you answer for")
        if order.changes_person:
            raise TokenRefused("rights", "only on the host does a token change its owner")
        return accounts.PersonChange(action="unchanged", person=person, diff="")

    async def _record_token(
        self, action: Literal["created", "revoked"], token: Token, owner: Person, caller: Principal, reason: str | None
    ) -> None:
        principal = make_principal(owner, self._journal.subject_of(owner.id), "token", token.id)
        body = TokenChanged(
            action=action,
            token=token.id,
            owner=principal.subject,
            actor=caller.actor,
            kind=token.kind,
            scopes=token.scopes,
            expires=token.expires_us,
            reason=reason,
        )
        await self._journal.record(body, principal.subject, [("identity", principal.identity)])


@contextmanager
def _wrong_only_as_asked() -> Iterator[None]:
    """Within a transaction state itself fails with another error; what is wrong is what somebody asked for."""
    try:
        yield
    except TokenRefused:
        raise
    except StateError as error:
        raise TokenRefused("state", str(error)) from None


def _scopes(order: TokenOrder) -> tuple[str, ...]:
    if len(order.name) > NAME_CHARACTERS_MAX or not order.name.isprintable():
        raise TokenRefused("state", f"the name of a token has at most {NAME_CHARACTERS_MAX} characters, none of them hidden")
    try:
        scopes = tidied(order.scopes)
    except ValueError as error:
        raise TokenRefused("state", str(error)) from None
    if len(scopes) > SCOPES_MAX:
        raise TokenRefused("state", f"a token has at most {SCOPES_MAX} scopes; mcp stands for all connectors")
    return scopes


def _expiry(connection: Connection, order: TokenOrder, person: Person, caller: Principal, now_us: int) -> int | None:
    if order.never:
        if not is_administrator(caller):
            raise TokenRefused("rights", "only an administrator makes a token that never expires")
        if _said(order.reason) is None:
            raise TokenRefused("state", "a token that never expires takes a reason")
        return None
    rules = read_rules(connection).governance.tokens
    days = rules.service_days_max if person.kind == "service" else rules.personal_days_max
    if order.expires_us is None:
        return now_us + min(LIFE_DAYS, days) * _DAY_US
    if order.expires_us <= now_us:
        raise TokenRefused("state", "the token would have expired already")
    # A minute of grace, because whoever counted the days did so a moment ago.
    if order.expires_us > now_us + days * _DAY_US + 60_000_000:
        raise TokenRefused("state", f"a token of this kind lives {days} days at most (tokens of the document Governance)")
    return order.expires_us


def _said(reason: str | None) -> str | None:
    text = (reason or "").strip()
    if len(text) > REASON_CHARACTERS_MAX:
        raise TokenRefused("state", f"a reason has at most {REASON_CHARACTERS_MAX} characters")
    return text or None
