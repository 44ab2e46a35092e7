"""Console sessions: rows of state, of whose secrets only hashes are stored. Each function works in the caller's transaction.

A session ends after eight hours, with the person's epoch, or after a time without use for whom that is asked (`idle_s`).
"""

import secrets
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from gatebook.identity.tokens import digest
from gatebook.state.schema import console_sessions

SESSION_LIFE_S: Final = 8 * 3600
SEEN_EVERY_S: Final = 60
"""`seen_us` is written at most so often."""
USER_AGENT_CHARACTERS_MAX: Final = 256
_SECRET_CHARACTERS_MAX: Final = 200
_SESSIONS_MAX: Final = 50
How = Literal["link", "break_glass", "oidc"]


class Opening(Struct, frozen=True, kw_only=True):
    """A session to open. `issuer`, `sub` and `sid` are those of the identity provider, by which it can end it again."""

    person: str
    epoch: int
    auth: How = "link"
    user_agent: str = ""
    issuer: str | None = None
    sub: str | None = None
    sid: str | None = None


class Session(Struct, frozen=True, kw_only=True):
    """An open console session, without its secret. Times in microseconds since 1970."""

    id: str
    person: str
    created_us: int
    expires_us: int
    seen_us: int
    epoch: int = 0
    auth: str = "link"
    issuer: str | None = None
    user_agent: str = ""


def open_session(connection: Connection, secret: str, opening: Opening, now_us: int) -> Session:
    """Store a new session; those that have expired are dropped, and the oldest of a person who has very many."""
    session = Session(
        id=f"ses_{secrets.token_hex(6)}",
        person=opening.person,
        created_us=now_us,
        expires_us=now_us + SESSION_LIFE_S * 1_000_000,
        seen_us=now_us,
        epoch=opening.epoch,
        auth=opening.auth,
        issuer=opening.issuer,
        user_agent=opening.user_agent[:USER_AGENT_CHARACTERS_MAX],
    )
    connection.execute(delete(console_sessions).where(console_sessions.c.expires_us <= now_us))
    for old in sessions_of(connection, opening.person, now_us)[_SESSIONS_MAX - 1 :]:
        connection.execute(delete(console_sessions).where(console_sessions.c.id == old.id))
    values = {name: getattr(session, name) for name in Session.__struct_fields__}
    connection.execute(insert(console_sessions).values(sha256=digest(secret), sub=opening.sub, sid=opening.sid, **values))
    return session


def find_session(connection: Connection, secret: str, now_us: int) -> Session | None:
    """The session with this secret, when it has not expired."""
    if not secret.isascii() or len(secret) > _SECRET_CHARACTERS_MAX:
        return None
    row = connection.execute(select(console_sessions).where(console_sessions.c.sha256 == digest(secret))).mappings().first()
    session = _session(row) if row else None
    return session if session is not None and session.expires_us > now_us else None


def sessions_of(connection: Connection, person: str, now_us: int) -> list[Session]:
    """All sessions of a person that have not expired, newest first."""
    query = select(console_sessions).where((console_sessions.c.person == person) & (console_sessions.c.expires_us > now_us))
    rows = connection.execute(query.order_by(console_sessions.c.created_us.desc(), console_sessions.c.id)).mappings()
    return [_session(row) for row in rows]


def close_session(connection: Connection, secret: str, now_us: int) -> Session | None:
    """Forget a session; returns it."""
    session = find_session(connection, secret, now_us)
    if session is not None:
        connection.execute(delete(console_sessions).where(console_sessions.c.sha256 == digest(secret)))
    return session


def end_sessions(connection: Connection, person: str, id: str | None = None) -> int:
    """Forget one session of a person, or all; returns how many there were."""
    return _end(connection, (console_sessions.c.person == person) & (console_sessions.c.id == id if id else console_sessions.c.id != ""))


def end_at_provider(connection: Connection, issuer: str, sid: str) -> list[Session]:
    """Forget what one session at an identity provider has opened; returns it."""
    named = (console_sessions.c.issuer == issuer) & (console_sessions.c.sid == sid)
    found = [_session(row) for row in connection.execute(select(console_sessions).where(named)).mappings()]
    _end(connection, named)
    return found


def see(connection: Connection, seen: dict[str, int]) -> None:
    """Note when sessions, by id, were last used."""
    for id, at_us in seen.items():
        later = (console_sessions.c.id == id) & (console_sessions.c.seen_us < at_us)
        connection.execute(update(console_sessions).where(later).values(seen_us=at_us))


def _end(connection: Connection, which: ColumnElement[bool]) -> int:
    return connection.execute(delete(console_sessions).where(which)).rowcount


def _session(row: RowMapping) -> Session:
    return Session(**{name: row[name] for name in Session.__struct_fields__})
