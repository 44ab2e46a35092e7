"""The one function that ends all that a person has: tokens, grants of AI clients, console sessions, links. It works in the caller's transaction.

What was handed out before is void for good, by its epoch as well as by its own row: to activate the person again revives nothing. The caller bumps the
revision, puts the cut-off on the record, and answers whoever asked for it only once all workers have the new revision (`control/barrier.py`).
"""

import json
from typing import Literal

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from gatebook.identity.service_accounts import suspend_of
from gatebook.state.access_schema import oauth_grants, refresh_tokens
from gatebook.state.directory_schema import cut_offs
from gatebook.state.feed import note_people, note_tokens
from gatebook.state.revision import read_revision
from gatebook.state.schema import console_sessions, one_time_links, people, tokens

Cause = Literal["deactivated", "deleted", "groups", "administrator", "back_channel_logout", "token_revocation"]
"""deactivated, deleted, groups: by the directory · administrator: by the button · the last two: by a signal of the identity provider."""


class CutOff(Struct, frozen=True, kw_only=True):
    """A cut-off to make. `deactivate`: the person is inactive afterwards, else they may sign in anew. `by` says who asked, for people."""

    id: str
    person: str
    cause: Cause
    by: str
    detail: str = ""
    deactivate: bool = True


class Severed(Struct, frozen=True, kw_only=True):
    """What was ended, and the revision from which every worker refuses. `services`: accounts that are suspended, because nobody answers for them now."""

    id: str
    revision: int
    tokens: int
    sessions: int
    grants: int
    services: tuple[str, ...] = ()


def cut_off(connection: Connection, order: CutOff, now_us: int) -> Severed:
    """End all that the person has, and begin the receipt. Idempotent: a second one finds nothing left to end."""
    who = order.person
    values = {"epoch": people.c.epoch + 1, "version": people.c.version + 1, "changed_us": now_us}
    if order.deactivate:
        values |= {"active": 0, "deactivated_us": func.coalesce(people.c.deactivated_us, now_us)}
    connection.execute(update(people).where(people.c.id == who).values(**values))
    live = (tokens.c.person == who) & tokens.c.revoked_us.is_(None) & (tokens.c.expires_us.is_(None) | (tokens.c.expires_us > now_us))
    ended_tokens = connection.execute(select(func.count()).select_from(tokens).where(live)).scalar_one()
    unrevoked = (tokens.c.person == who) & tokens.c.revoked_us.is_(None)
    revoked = list(connection.execute(select(tokens.c.sha256).where(unrevoked)).scalars())
    connection.execute(update(tokens).where(unrevoked).values(revoked_us=now_us))
    open_grants = (oauth_grants.c.person == who) & oauth_grants.c.revoked_us.is_(None)
    ids = list(connection.execute(select(oauth_grants.c.id).where(open_grants)).scalars())
    connection.execute(update(oauth_grants).where(open_grants).values(revoked_us=now_us, cause=order.cause))
    if ids:
        connection.execute(delete(refresh_tokens).where(refresh_tokens.c.grant_id.in_(ids)))
    ended = connection.execute(delete(console_sessions).where(console_sessions.c.person == who)).rowcount
    # A link may be in the hands of whoever the person is cut off for.
    connection.execute(delete(one_time_links).where(one_time_links.c.person == who))
    note_people(connection, [who])
    note_tokens(connection, revoked)
    severed = Severed(
        id=order.id,
        revision=read_revision(connection) + 1,
        tokens=int(ended_tokens),
        sessions=ended,
        grants=len(ids),
        services=suspend_of(connection, who, now_us) if order.deactivate else (),
    )
    connection.execute(
        insert(cut_offs).values(
            id=order.id,
            person=who,
            cause=order.cause,
            by=order.by,
            detail=order.detail,
            signal_us=now_us,
            revision=severed.revision,
            tokens=severed.tokens,
            sessions=severed.sessions,
            grants=severed.grants,
            services=json.dumps(severed.services),
            upstream_revoked=0,
            upstream_failed=0,
            upstream=json.dumps([]),
        )
    )
    return severed
