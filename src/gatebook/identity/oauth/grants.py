"""Grants in state, with their codes, access tokens and refresh tokens. Each function works in the caller's transaction.

All that a client gets hangs on one grant, so that to end the grant ends everything. Secrets are stored as hashes.
"""

import json
import secrets
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from gatebook.identity import accounts
from gatebook.identity.oauth.requests import Wanted
from gatebook.identity.tokens import digest, make_token
from gatebook.state.access_schema import oauth_codes, oauth_grants, refresh_tokens
from gatebook.state.feed import note_tokens
from gatebook.state.schema import console_sessions, tokens
from gatebook.state.snapshot import Person, Token

CODE_LIFE_S: Final = 60
_SECOND_US: Final = 1_000_000
_KEPT_US: Final = 3600 * _SECOND_US


class Grant(Struct, frozen=True, kw_only=True):
    """What a person lets a client do. Times in microseconds since 1970; `expires_us` moves on with each use."""

    id: str
    person: str
    client: str
    resource: str
    scopes: tuple[str, ...]
    epoch: int
    created_us: int
    last_used_us: int | None = None
    expires_us: int | None = None
    revoked_us: int | None = None
    cause: str | None = None

    def is_live(self, now_us: int) -> bool:
        """Whether it still gives the client something."""
        return self.revoked_us is None and (self.expires_us is None or self.expires_us > now_us)


class Code(Struct, frozen=True, kw_only=True):
    """A code as it is stored, with its grant and the request that it answers."""

    grant_id: str
    wanted: Wanted
    expires_us: int
    used_us: int | None


class Refresh(Struct, frozen=True, kw_only=True):
    """A refresh token as it is stored."""

    grant_id: str
    expires_us: int
    used_us: int | None


def add_grant(connection: Connection, person: Person, wanted: Wanted, now_us: int, life_s: int) -> Grant:
    """Store a new grant."""
    grant = Grant(
        id=f"gra_{secrets.token_hex(6)}",
        person=person.id,
        client=wanted.client,
        resource=wanted.resource,
        scopes=wanted.scopes,
        epoch=person.epoch,
        created_us=now_us,
        expires_us=now_us + life_s * _SECOND_US,
    )
    values = {name: getattr(grant, name) for name in Grant.__struct_fields__}
    connection.execute(insert(oauth_grants).values(**{**values, "scopes": json.dumps(grant.scopes)}))
    return grant


def find_grant(connection: Connection, id: str) -> Grant | None:
    """The grant with this id, ended ones included."""
    row = connection.execute(select(oauth_grants).where(oauth_grants.c.id == id)).mappings().first()
    return _grant(row) if row else None


def grants_of(connection: Connection, *, person: str | None = None, client: str | None = None) -> list[Grant]:
    """The grants of a person, of a client, or all; newest first."""
    query = select(oauth_grants).order_by(oauth_grants.c.created_us.desc(), oauth_grants.c.id)
    if person is not None:
        query = query.where(oauth_grants.c.person == person)
    if client is not None:
        query = query.where(oauth_grants.c.client == client)
    return [_grant(row) for row in connection.execute(query).mappings()]


def end(connection: Connection, grant: Grant, cause: str, now_us: int) -> bool:
    """End a grant with all its tokens. Says whether it was still open."""
    open_ = (oauth_grants.c.id == grant.id) & oauth_grants.c.revoked_us.is_(None)
    ended = connection.execute(update(oauth_grants).where(open_).values(revoked_us=now_us, cause=cause)).rowcount == 1
    live = (tokens.c.grant_id == grant.id) & tokens.c.revoked_us.is_(None)
    hashes = list(connection.execute(select(tokens.c.sha256).where(live)).scalars())
    connection.execute(update(tokens).where(live).values(revoked_us=now_us))
    connection.execute(delete(refresh_tokens).where(refresh_tokens.c.grant_id == grant.id))
    note_tokens(connection, hashes)
    return ended


def add_code(connection: Connection, grant: Grant, wanted: Wanted, now_us: int) -> str:
    """Store a new code; returns it."""
    secret = secrets.token_urlsafe(32)
    values = {"grant_id": grant.id, "params": msgspec.json.encode(wanted).decode(), "expires_us": now_us + CODE_LIFE_S * _SECOND_US}
    connection.execute(insert(oauth_codes).values(sha256=digest(secret), **values))
    return secret


def find_code(connection: Connection, secret: str) -> Code | None:
    """The code, used and expired ones included."""
    row = connection.execute(select(oauth_codes).where(oauth_codes.c.sha256 == digest(secret))).mappings().first()
    if row is None:
        return None
    wanted = msgspec.json.decode(row["params"], type=Wanted)
    return Code(grant_id=row["grant_id"], wanted=wanted, expires_us=row["expires_us"], used_us=row["used_us"])


def use_code(connection: Connection, secret: str, now_us: int) -> None:
    """The code has come: it is good no second time."""
    connection.execute(update(oauth_codes).where(oauth_codes.c.sha256 == digest(secret)).values(used_us=now_us))


def session_is_open(connection: Connection, sha256: str, now_us: int) -> bool:
    """Whether the console session in which somebody consented still lasts."""
    expires_us = connection.execute(select(console_sessions.c.expires_us).where(console_sessions.c.sha256 == sha256)).scalar()
    return expires_us is not None and expires_us > now_us


def add_access(connection: Connection, grant: Grant, scopes: tuple[str, ...], now_us: int, life_s: int) -> tuple[str, Token]:
    """Store a new access token; returns its secret and what was stored. Those that expired a while ago are dropped."""
    secret = make_token(secrets.token_bytes(32), "oauth")
    blank = Token(
        id=f"tok_{secrets.token_hex(6)}",
        sha256="",
        prefix="",
        person=grant.person,
        name="",
        created_us=now_us,
        expires_us=now_us + life_s * _SECOND_US,
        kind="oauth",
        scopes=scopes,
        resource=grant.resource,
        client=grant.client,
        grant_id=grant.id,
    )
    _drop_expired(connection, now_us)
    return secret, accounts.add_token(connection, secret, blank)


def add_refresh(connection: Connection, grant: Grant, now_us: int, life_s: int) -> str:
    """Store a new refresh token; returns it. The grant lasts as long as it does."""
    secret = make_token(secrets.token_bytes(32), "refresh")
    expires_us = now_us + life_s * _SECOND_US
    values = {"grant_id": grant.id, "created_us": now_us, "expires_us": expires_us}
    connection.execute(insert(refresh_tokens).values(sha256=digest(secret), **values))
    connection.execute(update(oauth_grants).where(oauth_grants.c.id == grant.id).values(last_used_us=now_us, expires_us=expires_us))
    return secret


def find_refresh(connection: Connection, secret: str) -> Refresh | None:
    """The refresh token, used and expired ones included."""
    row = connection.execute(select(refresh_tokens).where(refresh_tokens.c.sha256 == digest(secret))).mappings().first()
    return Refresh(grant_id=row["grant_id"], expires_us=row["expires_us"], used_us=row["used_us"]) if row else None


def use_refresh(connection: Connection, secret: str, now_us: int) -> None:
    """The refresh token has come: it is good no second time. It stays known, so that a second time is noticed."""
    connection.execute(update(refresh_tokens).where(refresh_tokens.c.sha256 == digest(secret)).values(used_us=now_us))


def grant_of_token(connection: Connection, secret: str) -> str | None:
    """The id of the grant that an access or refresh token hangs on."""
    sha256 = digest(secret)
    found = connection.execute(select(refresh_tokens.c.grant_id).where(refresh_tokens.c.sha256 == sha256)).scalar()
    found = found or connection.execute(select(tokens.c.grant_id).where(tokens.c.sha256 == sha256)).scalar()
    return None if found is None else str(found)


def _drop_expired(connection: Connection, now_us: int) -> None:
    over = (tokens.c.kind == "oauth") & (tokens.c.expires_us < now_us - _KEPT_US)
    hashes = list(connection.execute(select(tokens.c.sha256).where(over)).scalars())
    if hashes:
        connection.execute(delete(tokens).where(over))
        note_tokens(connection, hashes)


def _grant(row: Any) -> Grant:
    return Grant(**{**row, "scopes": tuple(json.loads(row["scopes"]))})
