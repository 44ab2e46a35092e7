"""The tokens of the directory itself: two may live at once, so that one can be put in the place of the other without a gap. Only hashes are kept."""

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, insert, select, update

from gatebook.identity.tokens import digest, is_well_formed, kind_of, shown_part
from gatebook.state.directory_schema import scim_tokens
from gatebook.state.store import StateError

LIVE_MAX = 2
_NAME_CHARACTERS_MAX = 100


class DirectoryToken(Struct, frozen=True, kw_only=True):
    """A token of the directory without its secret. Times in microseconds since 1970; `prefix` is the shown beginning."""

    id: str
    prefix: str
    name: str
    created_by: str
    created_us: int
    expires_us: int | None = None
    last_used_us: int | None = None
    revoked_us: int | None = None

    def is_live(self, now_us: int) -> bool:
        """Whether it opens anything."""
        return self.revoked_us is None and (self.expires_us is None or self.expires_us > now_us)


def read_directory_tokens(connection: Connection) -> list[DirectoryToken]:
    """All tokens of the directory, newest first."""
    rows = connection.execute(select(scim_tokens).order_by(scim_tokens.c.created_us.desc(), scim_tokens.c.id))
    return [_token_of(row) for row in rows.mappings()]


def find_live(connection: Connection, secret: str, now_us: int) -> DirectoryToken | None:
    """The token that a secret is of, if it is good."""
    if kind_of(secret) != "directory" or not is_well_formed(secret):
        return None
    row = connection.execute(select(scim_tokens).where(scim_tokens.c.sha256 == digest(secret))).mappings().first()
    token = None if row is None else _token_of(row)
    return token if token is not None and token.is_live(now_us) else None


def add_directory_token(connection: Connection, secret: str, token: DirectoryToken) -> DirectoryToken:
    """Store a new token, made at `created_us`. Raises StateError when two live already, or the name or the expiry is none."""
    now_us = token.created_us
    if len(token.name) > _NAME_CHARACTERS_MAX or not token.name.isprintable():
        raise StateError(f"the name of a token has at most {_NAME_CHARACTERS_MAX} characters, none of them a control character")
    if token.expires_us is not None and token.expires_us <= now_us:
        raise StateError("the token would have expired already")
    live = [one for one in read_directory_tokens(connection) if one.is_live(now_us)]
    if len(live) >= LIVE_MAX:
        names = " and ".join(one.id for one in live)
        raise StateError(
            f"two tokens of the directory live already ({names}), which is all that changing one for another needs; revoke one first"
        )
    stored = DirectoryToken(
        id=token.id, prefix=shown_part(secret), name=token.name, created_by=token.created_by, created_us=now_us, expires_us=token.expires_us
    )
    values = {name: getattr(stored, name) for name in DirectoryToken.__struct_fields__}
    connection.execute(insert(scim_tokens).values(sha256=digest(secret), **values))
    return stored


def revoke_directory_token(connection: Connection, id_or_prefix: str, now_us: int) -> DirectoryToken:
    """Revoke a token by its id or its shown beginning. Raises StateError when there is none, more than one, or it is revoked already."""
    same = (scim_tokens.c.id == id_or_prefix) | (scim_tokens.c.prefix == id_or_prefix)
    found = [_token_of(row) for row in connection.execute(select(scim_tokens).where(same)).mappings()]
    if len(found) != 1:
        raise StateError(
            f"there is no token of the directory {id_or_prefix!r}"
            if not found
            else f"more than one token begins with {id_or_prefix!r}; use its id"
        )
    if found[0].revoked_us is not None:
        raise StateError(f"the token {found[0].id} is revoked already")
    connection.execute(update(scim_tokens).where(scim_tokens.c.id == found[0].id).values(revoked_us=now_us))
    return DirectoryToken(
        **{name: getattr(found[0], name) for name in DirectoryToken.__struct_fields__ if name != "revoked_us"}, revoked_us=now_us
    )


def _token_of(row: RowMapping) -> DirectoryToken:
    return DirectoryToken(**{name: row[name] for name in DirectoryToken.__struct_fields__})
