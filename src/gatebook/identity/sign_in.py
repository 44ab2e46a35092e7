"""One-time links to the console, and the sessions that they open. Only hashes are stored.

A link is `<console>/sign-in#<secret>`: the fragment never reaches a server log or a Referer header. The page behind it posts
the secret to `/sign-in` (field `secret`), so that a program that only fetches links cannot use one up.
"""

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from gatebook.identity.tokens import digest
from gatebook.state.schema import console_sessions, one_time_links

LINK_PATH = "/sign-in"
LINK_LIFE_S = 15 * 60
SESSION_LIFE_S = 8 * 3600
_SECRET_CHARACTERS_MAX = 200


class Session(Struct, frozen=True, kw_only=True):
    """An open console session, without its secret."""

    person: str
    created_us: int
    expires_us: int


def link_url(console_url: str, secret: str) -> str:
    """The address that a person opens."""
    return f"{console_url}{LINK_PATH}#{secret}"


def add_link(connection: Connection, secret: str, person: str, now_us: int) -> int:
    """Store a new one-time link; returns when it expires. Links that expired long ago are dropped."""
    expires_us = now_us + LINK_LIFE_S * 1_000_000
    connection.execute(delete(one_time_links).where(one_time_links.c.expires_us < now_us - 86_400_000_000))
    connection.execute(insert(one_time_links).values(sha256=digest(secret), person=person, created_us=now_us, expires_us=expires_us))
    return expires_us


def use_link(connection: Connection, secret: str, now_us: int) -> str | None:
    """Use a link up; returns its person, or None when it is unknown, used or expired."""
    if not secret.isascii() or len(secret) > _SECRET_CHARACTERS_MAX:
        return None
    sha256 = digest(secret)
    fresh = (one_time_links.c.sha256 == sha256) & one_time_links.c.used_us.is_(None) & (one_time_links.c.expires_us > now_us)
    if connection.execute(update(one_time_links).where(fresh).values(used_us=now_us)).rowcount != 1:
        return None
    return str(connection.execute(select(one_time_links.c.person).where(one_time_links.c.sha256 == sha256)).scalar_one())


def open_session(connection: Connection, secret: str, person: str, now_us: int) -> Session:
    """Store a new session; those that have expired are dropped."""
    session = Session(person=person, created_us=now_us, expires_us=now_us + SESSION_LIFE_S * 1_000_000)
    connection.execute(delete(console_sessions).where(console_sessions.c.expires_us <= now_us))
    connection.execute(
        insert(console_sessions).values(sha256=digest(secret), person=person, created_us=session.created_us, expires_us=session.expires_us)
    )
    return session


def find_session(connection: Connection, secret: str, now_us: int) -> Session | None:
    """The session with this secret, when it has not expired."""
    if not secret.isascii() or len(secret) > _SECRET_CHARACTERS_MAX:
        return None
    query = select(console_sessions.c.person, console_sessions.c.created_us, console_sessions.c.expires_us)
    row = connection.execute(query.where(console_sessions.c.sha256 == digest(secret))).mappings().first()
    session = Session(**row) if row else None
    return session if session is not None and session.expires_us > now_us else None


def close_session(connection: Connection, secret: str) -> None:
    """Forget a session."""
    connection.execute(delete(console_sessions).where(console_sessions.c.sha256 == digest(secret)))
