"""Rows of sealed credentials: what is kept for a connector and its owner. Each function works in the caller's transaction.

`version` counts what is in the box. Whoever renews it claims that version first, for a short while, so that of many processes one does; what it got
is stored under the next version, and only over the one that it claimed.
"""

import json
from typing import Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, delete, insert, select, update

from gatebook.state.access_schema import upstream_credentials as table

SHARED = ""
"""Owner of what all people use."""
Status = Literal["new", "connected", "needs_reconnect", "revoking"]
"""new: claimed for the first time · revoking: nobody may use it, and its revocation has not been confirmed yet; another may have its place meanwhile."""


class Row(Struct, frozen=True, kw_only=True):
    """One credential, sealed. Times in microseconds since 1970; `owner` is a person, or empty; `wanted` scopes that the connector asked for later."""

    id: str
    connector: str
    owner: str
    kind: str
    status: Status
    box: str
    key_id: str
    scopes: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    expires_us: int | None = None
    version: int = 1
    created_us: int = 0
    changed_us: int = 0
    last_used_us: int | None = None
    lease_us: int = 0
    detail: str = ""


def find(connection: Connection, connector: str, owner: str) -> Row | None:
    """The credential of one owner at one connector; not one that is being revoked."""
    return _one(connection, _place(connector, owner))


def of_owner(connection: Connection, owner: str) -> list[Row]:
    """All of one person."""
    return _all(connection, table.c.owner == owner)


def of_connector(connection: Connection, connector: str) -> list[Row]:
    """All at one connector."""
    return _all(connection, table.c.connector == connector)


def of_status(connection: Connection, status: Status) -> list[Row]:
    """All that stand so."""
    return _all(connection, table.c.status == status)


def everything(connection: Connection) -> list[Row]:
    """All there are."""
    return _all(connection, table.c.id != "")


def put(connection: Connection, row: Row) -> None:
    """Store a credential in place of the one that its owner had at the connector. One that is being revoked stays, until that is done."""
    connection.execute(delete(table).where(_place(row.connector, row.owner)))
    connection.execute(insert(table).values(**_values(row)))


def claim(connection: Connection, id: str, version: int, now_us: int, lease_us: int) -> bool:
    """Claim the renewal of this version until `lease_us` from now; False when somebody else has, or it is another version by now."""
    free = (table.c.id == id) & (table.c.version == version) & (table.c.lease_us <= now_us)
    return connection.execute(update(table).where(free).values(lease_us=now_us + lease_us)).rowcount == 1


def replace(connection: Connection, row: Row, version: int) -> bool:
    """Store a row over `version` of it, and end the claim; False when that is not its version any more."""
    values = {name: value for name, value in _values(row).items() if name not in ("id", "connector", "owner", "created_us", "last_used_us")}
    same = (table.c.id == row.id) & (table.c.version == version)
    return connection.execute(update(table).where(same).values(**{**values, "lease_us": 0})).rowcount == 1


def release(connection: Connection, id: str, version: int) -> None:
    """End a claim that came to nothing."""
    connection.execute(update(table).where((table.c.id == id) & (table.c.version == version)).values(lease_us=0))


def want(connection: Connection, id: str, scopes: tuple[str, ...]) -> None:
    """Note scopes that the connector asks for, for when the person connects anew."""
    connection.execute(update(table).where(table.c.id == id).values(wanted=json.dumps(scopes)))


def used(connection: Connection, id: str, now_us: int) -> None:
    """Note that it was used."""
    connection.execute(update(table).where(table.c.id == id).values(last_used_us=now_us))


def set_status(connection: Connection, id: str, status: Status, detail: str, now_us: int) -> None:
    """Change how it stands; a renewal that is under way comes too late then."""
    values = {"status": status, "detail": detail, "changed_us": now_us, "version": table.c.version + 1}
    connection.execute(update(table).where(table.c.id == id).values(**values))


def rewrap(connection: Connection, id: str, before: str, box: str, key_id: str) -> bool:
    """Exchange the box for one under another key; False when it was changed meanwhile."""
    return (
        connection.execute(update(table).where((table.c.id == id) & (table.c.box == before)).values(box=box, key_id=key_id)).rowcount == 1
    )


def remove(connection: Connection, id: str) -> None:
    """Forget it."""
    connection.execute(delete(table).where(table.c.id == id))


def _place(connector: str, owner: str) -> ColumnElement[bool]:
    return (table.c.connector == connector) & (table.c.owner == owner) & (table.c.status != "revoking")


def _one(connection: Connection, where: object) -> Row | None:
    return next(iter(_all(connection, where)), None)


def _all(connection: Connection, where: object) -> list[Row]:
    query = select(table).where(where).order_by(table.c.connector, table.c.owner)  # type: ignore[arg-type]
    return [_row(row) for row in connection.execute(query).mappings()]


def _row(row: RowMapping) -> Row:
    return Row(**{**row, "scopes": tuple(json.loads(row["scopes"])), "wanted": tuple(json.loads(row["wanted"]))})


def _values(row: Row) -> dict[str, object]:
    values = {name: getattr(row, name) for name in Row.__struct_fields__}
    return {**values, "scopes": json.dumps(row.scopes), "wanted": json.dumps(row.wanted)}
