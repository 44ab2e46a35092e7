"""Sealed credentials in state, opened for whoever may use them. Blocking: callers give it a thread."""

import secrets

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.identity.credentials.box import Place, open_box, seal
from gatebook.identity.credentials.keys import Wrapper
from gatebook.identity.credentials.tokens import Grant
from gatebook.state import credentials as rows
from gatebook.state.credentials import SHARED, Row
from gatebook.state.store import Store

_decode = msgspec.json.Decoder(Grant).decode


class Kept(Struct, frozen=True):
    """A credential as it is kept, and what is in its box."""

    row: Row
    grant: Grant


class Safe:
    """The credentials of one store under one ring of keys. Raises StateError, BoxDamaged, KeyUnknown."""

    def __init__(self, store: Store, wrapper: Wrapper) -> None:
        self.store = store
        self.wrapper = wrapper

    def find(self, connector: str, owner: str) -> Kept | None:
        """The credential of one owner at one connector, opened."""
        with self.store.read() as connection:
            row = rows.find(connection, connector, owner)
        return self.opened(row) if row is not None else None

    def opened(self, row: Row) -> Kept:
        """Open a row."""
        return Kept(row, _decode(open_box(self.wrapper, place_of(row), row.key_id, row.box)))

    def sealed(self, row: Row, grant: Grant) -> Row:
        """The row with another content of its box."""
        key_id, box = seal(self.wrapper, place_of(row), msgspec.json.encode(grant))
        return replace(row, key_id=key_id, box=box)

    def begin_shared(self, connector: str, kind: str, now_us: int) -> None:
        """Make sure that there is a row to claim for a credential that Gatebook gets itself."""
        with self.store.write() as connection:
            if rows.find(connection, connector, SHARED) is None:
                row = new_row(connector, SHARED, kind, now_us)
                rows.put(connection, self.sealed(replace(row, status="new"), Grant()))

    def claim(self, row: Row, now_us: int, lease_us: int) -> bool:
        """Claim the renewal of the row's version."""
        with self.store.write() as connection:
            return rows.claim(connection, row.id, row.version, now_us, lease_us)

    def release(self, row: Row) -> None:
        """End a claim that came to nothing."""
        with self.store.write() as connection:
            rows.release(connection, row.id, row.version)

    def renewed(self, row: Row, grant: Grant) -> bool:
        """Store what a renewal brought over the version that was claimed; durable when this returns True."""
        after = self.sealed(replace(row, version=row.version + 1), grant)
        with self.store.write() as connection:
            return rows.replace(connection, after, row.version)

    def lose(self, row: Row, detail: str, now_us: int) -> None:
        """The credential is worth nothing any more: its person has to connect anew."""
        with self.store.write() as connection:
            rows.replace(
                connection, replace(row, status="needs_reconnect", detail=detail, changed_us=now_us, version=row.version + 1), row.version
            )

    def want(self, row: Row, scopes: tuple[str, ...]) -> None:
        """Note scopes that the connector asks for."""
        with self.store.write() as connection:
            rows.want(connection, row.id, scopes)

    def used(self, row: Row, now_us: int) -> None:
        """Note that it was used."""
        with self.store.write() as connection:
            rows.used(connection, row.id, now_us)


def new_row(connector: str, owner: str, kind: str, now_us: int) -> Row:
    """A row without its box."""
    id = f"cred_{secrets.token_hex(8)}"
    return Row(
        id=id, connector=connector, owner=owner, kind=kind, status="connected", box="", key_id="", created_us=now_us, changed_us=now_us
    )


def place_of(row: Row) -> Place:
    """What its box is for."""
    return Place("credential", row.owner, row.connector)


def put_sealed(connection: Connection, safe: Safe, row: Row, grant: Grant) -> Row:
    """Seal and store a credential in the caller's transaction, in place of the one before."""
    sealed = safe.sealed(row, grant)
    rows.put(connection, sealed)
    return sealed
