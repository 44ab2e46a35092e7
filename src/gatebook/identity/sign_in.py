"""One-time links to the console. Only hashes are stored.

A link is `<console>/sign-in#<secret>`: the fragment never reaches a server log or a Referer header. The page behind it posts
the secret to `/sign-in` (field `secret`), so that a program that only fetches links cannot use one up.
"""

from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from gatebook.identity.tokens import digest
from gatebook.state.schema import one_time_links

LINK_PATH = "/sign-in"
LINK_LIFE_S = 15 * 60
_SECRET_CHARACTERS_MAX = 200
Purpose = Literal["sign_in", "administrator", "break_glass"]
"""sign_in: opens a session, because there is no identity provider yet · administrator: the next sign-in of the browser at an identity provider makes
its person an administrator · break_glass: opens a session although there is a provider."""


class Link(Struct, frozen=True, kw_only=True):
    """What a one-time link is for. `person` may be absent for an administrator: then it is whoever signs in."""

    purpose: Purpose = "sign_in"
    person: str | None = None
    reason: str | None = None


def link_url(console_url: str, secret: str) -> str:
    """The address that a person opens."""
    return f"{console_url}{LINK_PATH}#{secret}"


def add_link(connection: Connection, secret: str, link: Link, now_us: int) -> int:
    """Store a new one-time link; returns when it expires. Links that expired long ago are dropped."""
    expires_us = now_us + LINK_LIFE_S * 1_000_000
    connection.execute(delete(one_time_links).where(one_time_links.c.expires_us < now_us - 86_400_000_000))
    values = {"person": link.person, "purpose": link.purpose, "reason": link.reason}
    connection.execute(insert(one_time_links).values(sha256=digest(secret), created_us=now_us, expires_us=expires_us, **values))
    return expires_us


def use_link(connection: Connection, secret: str, now_us: int) -> Link | None:
    """Use up a link that opens a session; returns it, or None when it is unknown, used, expired or for something else."""
    return _use(connection, secret, now_us, ("sign_in", "break_glass"), None)


def claim_link(connection: Connection, secret: str, browser: str, now_us: int) -> Link | None:
    """Use up a link for an administrator, for the sign-in that this browser makes next; None as in `use_link`."""
    return _use(connection, secret, now_us, ("administrator",), digest(browser))


def claimed_link(connection: Connection, browser: str, now_us: int) -> Link | None:
    """The link for an administrator that this browser holds, when it has not expired."""
    held = (one_time_links.c.browser_sha256 == digest(browser)) & (one_time_links.c.expires_us > now_us)
    row = connection.execute(select(one_time_links).where(held)).mappings().first()
    return _link(dict(row)) if row else None


def drop_claimed(connection: Connection, browser: str) -> None:
    """Forget what the browser held: it is used."""
    connection.execute(delete(one_time_links).where(one_time_links.c.browser_sha256 == digest(browser)))


def _use(connection: Connection, secret: str, now_us: int, purposes: tuple[Purpose, ...], browser_sha256: str | None) -> Link | None:
    if not secret.isascii() or len(secret) > _SECRET_CHARACTERS_MAX:
        return None
    sha256 = digest(secret)
    fresh = (one_time_links.c.sha256 == sha256) & one_time_links.c.used_us.is_(None) & (one_time_links.c.expires_us > now_us)
    used = update(one_time_links).where(fresh & one_time_links.c.purpose.in_(purposes))
    if connection.execute(used.values(used_us=now_us, browser_sha256=browser_sha256)).rowcount != 1:
        return None
    return _link(dict(connection.execute(select(one_time_links).where(one_time_links.c.sha256 == sha256)).mappings().one()))


def _link(row: dict[str, object]) -> Link:
    return Link(**{name: row[name] for name in Link.__struct_fields__})  # type: ignore[arg-type]
