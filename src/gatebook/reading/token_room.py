"""Tokens and service accounts for people: administrators see all, everybody their own and those that they answer for. Never a secret, nor its hash."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeVar

from msgspec import Meta, Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, not_, or_, select

from gatebook.identity.issuing import IssuedToken, Issuing, TokenOrder
from gatebook.identity.service_accounts import ServiceOrder
from gatebook.log.clock import Clock
from gatebook.reading.rights import check_administrator
from gatebook.reading.viewer import Viewer
from gatebook.state.governance import TokenRules
from gatebook.state.schema import people, tokens
from gatebook.state.snapshot import Person, Token, read_rules, token_of
from gatebook.state.store import Store

PAGE_TOKENS: Final = 100
TokenState = Literal["valid", "expired", "revoked", "suspended"]
Kind = Literal["personal", "service", "oauth"]
_T = TypeVar("_T")
_ADMINISTRATORS: Final = "service accounts of the company are for members of the group admins"


class TokenRow(Struct, frozen=True, kw_only=True):
    """A token, without its secret. Times in microseconds since 1970."""

    id: str
    prefix: Annotated[str, Meta(description="Its first characters.")]
    kind: Annotated[Kind, Meta(description="personal: of a person; service: of a service account; oauth: of an AI app.")]
    person: Annotated[str, Meta(description="Whose it is: id of a person or service account.")]
    person_name: str
    owner: Annotated[str | None, Meta(description="Who answers for the service account; null for a person.")]
    name: Annotated[str, Meta(description="What it is for.")]
    scopes: Annotated[tuple[str, ...], Meta(description="What it is good for; empty: all that its owner may do.")]
    client: Annotated[str | None, Meta(description="Id of the AI app; null for the others.")]
    created_us: int
    created_by: Annotated[str, Meta(description="Who had it made; empty: the gateway by itself.")]
    expires_us: Annotated[int | None, Meta(description="Null: it does not expire.")]
    last_used_us: Annotated[int | None, Meta(description="Null: not known.")]
    revoked_us: Annotated[int | None, Meta(description="Null: it is not revoked.")]
    state: Annotated[TokenState, Meta(description="valid, expired, revoked, or suspended: its owner is not active.")]


class TokenList(Struct, frozen=True, kw_only=True):
    """One page of tokens, newest first."""

    tokens: tuple[TokenRow, ...]
    total: Annotated[int, Meta(description="How many tokens fit what was asked.")]
    page: Annotated[int, Meta(description="Number of this page, from 1.")]
    pages: Annotated[int, Meta(description="How many pages there are.")]


class Account(Struct, frozen=True, kw_only=True):
    """A service account."""

    id: str
    name: str
    groups: tuple[str, ...]
    owner: Annotated[str, Meta(description="Id of the person who answers for it.")]
    owner_name: str
    active: Annotated[bool, Meta(description="False: suspended, because its owner was cut off.")]
    tokens: Annotated[int, Meta(description="Tokens that are valid, or would be if it were active.")]
    last_used_us: Annotated[int | None, Meta(description="Null: not known.")]


class Wanted(Struct, frozen=True, kw_only=True):
    """Which tokens: `text` stands in owner, name or first characters; `kind` None: all but those of AI apps; `own`: only the viewer's own."""

    text: str = ""
    kind: Kind | None = None
    state: TokenState | None = None
    own: bool = False
    page: int = 1


class TokenRoom:
    """What faces show of tokens, and how they make and revoke them."""

    def __init__(self, store: Store, issuing: Issuing, clock: Clock) -> None:
        self._store = store
        self._issuing = issuing
        self._clock = clock

    async def tokens(self, viewer: Viewer, wanted: Wanted) -> TokenList:
        """One page; of somebody who is no administrator their own, and those of service accounts that they answer for. Raises StateError."""
        now_us, who = self._clock.wall_us(), viewer.principal.person

        def read(connection: Connection) -> TokenList:
            fits = _fitting(wanted, now_us)
            if wanted.own or not viewer.administers:
                fits = and_(fits, or_(tokens.c.person == who, people.c.owner == who))
            source = tokens.join(people, people.c.id == tokens.c.person)
            total = connection.execute(select(func.count()).select_from(source).where(fits)).scalar_one()
            more = (people.c.name.label("person_name"), people.c.owner, people.c.active, people.c.epoch.label("person_epoch"))
            query = select(tokens, *more).select_from(source).where(fits).order_by(tokens.c.created_us.desc(), tokens.c.id)
            rows = connection.execute(query.limit(PAGE_TOKENS).offset((wanted.page - 1) * PAGE_TOKENS)).mappings()
            found = tuple(_row(row, now_us) for row in rows)
            return TokenList(tokens=found, total=total, page=wanted.page, pages=max(1, -(-total // PAGE_TOKENS)))

        return await asyncio.to_thread(self._read, read)

    async def accounts(self, viewer: Viewer, *, own: bool = False) -> tuple[Account, ...]:
        """All service accounts by id, suspended ones first; `own`: those that the viewer answers for. Raises NotForYou, StateError."""
        if not own:
            check_administrator(viewer, _ADMINISTRATORS)
        fits = people.c.kind == "service"
        if own:
            fits = and_(fits, people.c.owner == viewer.principal.person)

        def read(connection: Connection) -> tuple[Account, ...]:
            owners = people.alias("owners")
            source = people.outerjoin(owners, owners.c.id == people.c.owner).outerjoin(tokens, tokens.c.person == people.c.id)
            counted = func.count(tokens.c.id).filter(_live(self._clock.wall_us())), func.max(tokens.c.last_used_us)
            columns = (people.c.id, people.c.name, people.c.groups, people.c.owner, owners.c.name.label("owner_name"), people.c.active)
            query = select(*columns, counted[0].label("tokens"), counted[1].label("last_used_us")).select_from(source).where(fits)
            rows = connection.execute(query.group_by(*columns).order_by(people.c.active, people.c.id)).mappings()
            return tuple(_account(dict(row)) for row in rows)

        return await asyncio.to_thread(self._read, read)

    async def rules(self) -> TokenRules:
        """How long tokens may live. Raises StateError."""
        return await asyncio.to_thread(self._read, lambda connection: read_rules(connection).governance.tokens)

    async def create(self, viewer: Viewer, order: TokenOrder) -> IssuedToken:
        """Make a token. Raises as `Issuing.create` does."""
        return await self._issuing.create(order, viewer.principal)

    async def revoke(self, viewer: Viewer, id: str, reason: str | None = None) -> None:
        """Revoke a token. Raises as `Issuing.revoke` does."""
        await self._issuing.revoke(id, viewer.principal, reason)

    async def put_account(self, viewer: Viewer, order: ServiceOrder) -> Person:
        """Create or change a service account. Raises as `Issuing.put_service_account` does."""
        return await self._issuing.put_service_account(order, viewer.principal)

    def _read(self, work: Callable[[Connection], _T]) -> _T:
        with self._store.read() as connection:
            return work(connection)


def row_of(issued: IssuedToken) -> TokenRow:
    """A token that was just made, as lists show it."""
    return _shown(issued.token, issued.person, "valid")


def _row(row: RowMapping, now_us: int) -> TokenRow:
    token = token_of({name: row[name] for name in Token.__struct_fields__})
    state: TokenState = "valid" if row["active"] else "suspended"
    if token.revoked_us is not None or token.epoch != row["person_epoch"]:
        state = "revoked"
    elif token.expires_us is not None and token.expires_us <= now_us:
        state = "expired"
    return _shown(token, Person(id=token.person, name=row["person_name"], owner=row["owner"]), state)


def _shown(token: Token, person: Person, state: TokenState) -> TokenRow:
    own = {name: getattr(token, name) for name in TokenRow.__struct_fields__ if name in Token.__struct_fields__}
    return TokenRow(**own, person_name=person.name, owner=person.owner, state=state)


def _account(row: dict[str, Any]) -> Account:
    return Account(
        **{**row, "groups": tuple(json.loads(row["groups"])), "owner_name": row["owner_name"] or "", "active": bool(row["active"])}
    )


def _ended() -> ColumnElement[bool]:
    return or_(tokens.c.revoked_us.is_not(None), tokens.c.epoch != people.c.epoch)


def _over(now_us: int) -> ColumnElement[bool]:
    return and_(tokens.c.expires_us.is_not(None), tokens.c.expires_us <= now_us)


def _live(now_us: int) -> ColumnElement[bool]:
    return and_(not_(_ended()), not_(_over(now_us)))


def _fitting(wanted: Wanted, now_us: int) -> ColumnElement[bool]:
    part = wanted.text.strip().lower()
    fits: list[ColumnElement[bool]] = [tokens.c.kind != "oauth" if wanted.kind is None else tokens.c.kind == wanted.kind]
    if part:
        columns = (tokens.c.person, people.c.name, people.c.owner, tokens.c.name, tokens.c.prefix, tokens.c.id)
        fits.append(or_(*(func.lower(column).contains(part, autoescape=True) for column in columns)))
    match wanted.state:
        case "revoked":
            fits.append(_ended())
        case "expired":
            fits += [not_(_ended()), _over(now_us)]
        case "suspended":
            fits += [_live(now_us), people.c.active == 0]
        case "valid":
            fits += [_live(now_us), people.c.active == 1]
    return and_(*fits)
