"""Drops what has no use any more: tokens, sessions and attempts that are long over, rows of the feed that everybody has read."""

from typing import Final

from msgspec import Struct
from sqlalchemy import Column, Connection, Table, delete, select

from gatebook.state.access_schema import jti_seen, oauth_codes, oauth_requests, refresh_tokens, sign_in_attempts, upstream_attempts
from gatebook.state.feed import note_tokens, prune_feed
from gatebook.state.schema import console_sessions, one_time_links, tokens
from gatebook.state.workers import forget_workers

_DAY_US: Final = 86_400_000_000
_TOKEN_US: Final = 90 * _DAY_US
"""So long a token that is over is still shown; those of AI clients are many and short-lived, and are kept a day."""
_BATCH: Final = 2_000
# What is over for a day helps nobody; before that it still tells "expired" from "unknown".
_EXPIRING: Final[tuple[Table, ...]] = (
    console_sessions,
    one_time_links,
    sign_in_attempts,
    oauth_requests,
    oauth_codes,
    refresh_tokens,
    jti_seen,
    upstream_attempts,
)


class Pruned(Struct, frozen=True):
    """How many tokens were dropped, and whether there may be more."""

    tokens: int
    full: bool


def prune(connection: Connection, now_us: int) -> Pruned:
    """Drop what is over, and a batch of tokens, which are noted: where any went the caller bumps. The rest nobody follows."""
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
    return Pruned(len(gone), len(gone) == _BATCH)
