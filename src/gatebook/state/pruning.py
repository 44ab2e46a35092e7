"""Drops what has no use any more: tokens, grants, sessions and attempts that are long over, clients that signed nobody in, rows of the feed that all have read.

What shows that a secret comes a second time is kept for longer than the secret is good.
"""

from typing import Final

from msgspec import Struct
from sqlalchemy import Column, Connection, Table, delete, select

from gatebook.state.access_schema import (
    jti_seen,
    oauth_clients,
    oauth_codes,
    oauth_grants,
    oauth_requests,
    refresh_tokens,
    upstream_attempts,
)
from gatebook.state.feed import note_tokens, prune_feed
from gatebook.state.schema import console_sessions, one_time_links, tokens
from gatebook.state.workers import forget_workers

_DAY_US: Final = 86_400_000_000
_TOKEN_US: Final = 90 * _DAY_US
"""So long a token that is over is still shown; those of AI clients are many and short-lived, and are kept a day."""
_GRANT_US: Final = 90 * _DAY_US
"""So long a grant that is over is kept; one that gave no refresh token, as those of identity assertions, a day."""
UNUSED_CLIENT_US: Final = _DAY_US
"""So long a client that made itself known and signs nobody in is kept."""
UNUSED_CLIENTS_MAX: Final = 10_000
"""So many of those are kept at a time; the oldest make room."""
_BATCH: Final = 2_000
# What is over for a day helps nobody; before that it still tells "expired" from "unknown".
_EXPIRING: Final[tuple[Table, ...]] = (
    console_sessions,
    one_time_links,
    oauth_requests,
    oauth_codes,
    refresh_tokens,
    jti_seen,
    upstream_attempts,
)


class Pruned(Struct, frozen=True):
    """How many tokens were dropped, and whether there may be more to drop, of tokens or of grants."""

    tokens: int
    full: bool


def prune(connection: Connection, now_us: int) -> Pruned:
    """Drop what is over, and a batch of grants and of tokens, which are noted: where any went the caller bumps. The rest nobody follows."""
    prune_feed(connection)
    forget_workers(connection, now_us)
    for table in _EXPIRING:
        expires: Column[int] = table.c.expires_us
        connection.execute(delete(table).where(expires < now_us - _DAY_US))
    over = select(tokens.c.sha256).where(
        (tokens.c.expires_us < now_us - _TOKEN_US)
        | (tokens.c.revoked_us < now_us - _TOKEN_US)
        | ((tokens.c.kind == "oauth") & (tokens.c.expires_us < now_us - _DAY_US))
    )
    gone = list(connection.execute(over.limit(_BATCH)).scalars())
    if gone:
        connection.execute(delete(tokens).where(tokens.c.sha256.in_(gone)))
        note_tokens(connection, gone)
    forget_unused_clients(connection, now_us)
    grants = _forget_grants(connection, now_us)
    return Pruned(len(gone), _BATCH in (len(gone), grants))


def forget_unused_clients(connection: Connection, now_us: int) -> None:
    """Forget AI clients that made themselves known and signed nobody in, after a day, or when there are very many."""
    unused = oauth_clients.c.last_used_us.is_(None) & oauth_clients.c.disabled_us.is_(None) & (oauth_clients.c.kind != "pre")
    connection.execute(delete(oauth_clients).where(unused & (oauth_clients.c.created_us < now_us - UNUSED_CLIENT_US)))
    newest = select(oauth_clients.c.id).where(unused).order_by(oauth_clients.c.created_us.desc(), oauth_clients.c.id)
    surplus = list(connection.execute(newest.offset(UNUSED_CLIENTS_MAX).limit(_BATCH)).scalars())
    if surplus:
        connection.execute(delete(oauth_clients).where(oauth_clients.c.id.in_(surplus)))


def _forget_grants(connection: Connection, now_us: int) -> int:
    """Forget a batch of grants that are long over, but none of which a secret is still known; returns how many."""
    own = oauth_grants.c
    ended = (own.revoked_us < now_us - _GRANT_US) | (own.expires_us < now_us - _GRANT_US)
    brief = own.last_used_us.is_(None) & (own.expires_us < now_us - _DAY_US)
    secrets = [select(table.c.grant_id).where(table.c.grant_id == own.id).exists() for table in (oauth_codes, refresh_tokens, tokens)]
    over = select(own.id).where((ended | brief) & ~secrets[0] & ~secrets[1] & ~secrets[2])
    gone = list(connection.execute(over.limit(_BATCH)).scalars())
    if gone:
        connection.execute(delete(oauth_grants).where(own.id.in_(gone)))
    return len(gone)
