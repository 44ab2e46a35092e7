"""When tokens were last used. Written in batches, off the path of calls, and never counted as a change: nobody follows it."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select, update

from gatebook.state.access_schema import oauth_grants
from gatebook.state.schema import tokens

EVERY_S: Final = 60.0
"""How often processes write what they have seen. To the minute is enough for people who look for tokens that nobody needs."""


def note_uses(connection: Connection, used: Mapping[str, int]) -> None:
    """Note uses of tokens, by id, microseconds since 1970, and of the grants that they belong to. An earlier time never takes the place of a later one."""
    if not used:
        return
    rows = [{"_id": id, "_at": at_us} for id, at_us in sorted(used.items())]
    at = bindparam("_at")
    earlier = or_(tokens.c.last_used_us.is_(None), tokens.c.last_used_us < at)
    connection.execute(update(tokens).where((tokens.c.id == bindparam("_id")) & earlier).values(last_used_us=at), rows)
    grant = select(tokens.c.grant_id).where(tokens.c.id == bindparam("_id")).scalar_subquery()
    earlier = or_(oauth_grants.c.last_used_us.is_(None), oauth_grants.c.last_used_us < at)
    connection.execute(update(oauth_grants).where((oauth_grants.c.id == grant) & earlier).values(last_used_us=at), rows)


def read_uses(connection: Connection, person: str) -> dict[str, int]:
    """When the tokens of a person were last used, by id; those that were not are not told of."""
    query = select(tokens.c.id, tokens.c.last_used_us).where((tokens.c.person == person) & tokens.c.last_used_us.is_not(None))
    return {row.id: row.last_used_us for row in connection.execute(query)}
