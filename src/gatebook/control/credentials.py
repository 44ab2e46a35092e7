"""What the command line can do about credentials for connectors: set a shared secret, exchange keys, count."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select, update

from gatebook.control.desk import Desk
from gatebook.identity.credentials import box
from gatebook.identity.credentials.box import BoxDamaged, Place
from gatebook.identity.credentials.keys import FileRing, KeyUnknown, Ring, add_key
from gatebook.identity.credentials.safe import Safe, new_row, place_of, put_sealed
from gatebook.identity.credentials.tokens import Grant
from gatebook.identity.directory import Principal
from gatebook.log.errors import KeyFileUnsafe
from gatebook.reading.connections_room import counts
from gatebook.record.body_credentials import CredentialChanged
from gatebook.state import credentials as rows
from gatebook.state.access_schema import upstream_clients
from gatebook.state.credentials import SHARED
from gatebook.state.store import StateError, bump

_SECRET_BYTES_MAX = 16 * 1024


class SecretOrder(Struct, frozen=True, kw_only=True):
    """Parameters of connector_secret_set and connector_secret_remove; without a secret to set it is taken away."""

    connector: str
    secret: str | None = None


class RotateOrder(Struct, frozen=True, kw_only=True):
    """Parameters of credential_keys_rotate. `new_key`: make one first, in the file of the ring."""

    new_key: bool = True
    dry_run: bool = False


class NoOrder(Struct, frozen=True, kw_only=True):
    """There are no parameters."""


async def set_secret(desk: Desk, order: SecretOrder, caller: Principal) -> object:
    """Seal a shared secret for a connector. Raises StateError, LogUnavailable."""
    connector = desk.store.snapshot().connectors.get(order.connector)
    if connector is None or connector.spec.credential.kind != "secret":
        raise StateError(f"there is no connector {order.connector[:64]!r} with spec.credential.kind: secret")
    if order.secret is None:
        return await _remove(desk, order.connector, caller)
    secret = order.secret
    if not secret or len(secret) > _SECRET_BYTES_MAX or not secret.isascii() or any(not " " <= character <= "~" for character in secret):
        raise StateError("the secret must be 1 to 16384 printable ASCII characters on one line, as a header carries it")
    safe = Safe(desk.store, _ring(desk))
    async with desk.journal.change() as connection:
        row = put_sealed(connection, safe, new_row(order.connector, SHARED, "secret", desk.clock.wall_us()), Grant(access=secret))
        revision = bump(connection)
        await _record(desk, "connected", row, caller)
    return {"connector": order.connector, "credential": row.id, "key": row.key_id, "revision": revision}


async def _remove(desk: Desk, connector: str, caller: Principal) -> object:
    async with desk.journal.change() as connection:
        row = rows.find(connection, connector, SHARED)
        if row is None:
            raise StateError(f"no secret is kept for {connector}")
        rows.remove(connection, row.id)
        revision = bump(connection)
        await _record(desk, "disconnected", row, caller)
    return {"connector": connector, "credential": row.id, "key": row.key_id, "revision": revision}


async def _record(desk: Desk, action: str, row: rows.Row, caller: Principal) -> None:
    body = CredentialChanged(
        action=action,  # type: ignore[arg-type]
        actor=caller.actor,
        credential=row.id,
        connector=row.connector,
        kind=row.kind,
        owner="connector",
        version=row.version,
    )
    await desk.journal.record(body, caller.subject, [("identity", caller.identity)])


async def list_keys(desk: Desk, _order: NoOrder, _caller: Principal) -> object:
    """Say which keys there are and how much is sealed under each. Raises StateError."""
    ring = _ring(desk)
    with desk.store.read() as connection:
        numbers = _sealed_under(connection)
    known = {id: numbers.pop(id, 0) for id in ring.ids}
    shown = [{"id": id, "sealed": number, "current": id == ring.current, "in_ring": True} for id, number in known.items()]
    return {"keys": shown + [{"id": id, "sealed": number, "current": False, "in_ring": False} for id, number in sorted(numbers.items())]}


async def rotate(desk: Desk, order: RotateOrder, caller: Principal) -> object:
    """Wrap the key of every credential under the newest key; what is sealed stays as it is. Raises StateError, LogUnavailable, KeyFileUnsafe."""
    ring = _ring(desk)
    if order.dry_run:
        with desk.store.read() as connection:
            under = _sealed_under(connection)
        waiting = sum(under.values()) if order.new_key else sum(number for id, number in under.items() if id != ring.current)
        return {"key": None if order.new_key else ring.current, "wrapped": waiting, "failed": 0, "dry_run": True}
    if order.new_key:
        if not isinstance(ring, FileRing):
            raise StateError("the ring is in the environment: add the new key there as the last one, restart, and use --no-new-key")
        try:
            add_key(ring.path)
        except OSError as error:
            raise KeyFileUnsafe(f"{ring.path}: {error.strerror}; add a key yourself and use --no-new-key") from error
    wrapped = failed = 0
    async with desk.journal.change() as connection:
        for change in (_rewrap_credentials, _rewrap_clients):
            done, lost = change(connection, ring)
            wrapped, failed = wrapped + done, failed + lost
        text = f"{wrapped} wrapped under {ring.current}, {failed} could not be opened"
        body = CredentialChanged(action="rotated", actor=caller.actor, detail=text)
        await desk.journal.record(body, caller.subject, [("identity", caller.identity)])
    return {"key": ring.current, "wrapped": wrapped, "failed": failed, "dry_run": False}


async def connections(desk: Desk, _order: NoOrder, _caller: Principal) -> object:
    """Say how many credentials there are at each connector. Raises StateError."""
    snapshot = desk.store.snapshot()
    with desk.store.read() as connection:
        return {"connectors": counts(connection, snapshot)}


def _rewrap_credentials(connection: Connection, ring: Ring) -> tuple[int, int]:
    done = lost = 0
    for row in rows.everything(connection):
        if row.key_id == ring.current:
            continue
        try:
            key_id, text = box.rewrap(ring, place_of(row), row.key_id, row.box)
        except (BoxDamaged, KeyUnknown):
            lost += 1
            continue
        done += rows.rewrap(connection, row.id, row.box, text, key_id)
    return done, lost


def _rewrap_clients(connection: Connection, ring: Ring) -> tuple[int, int]:
    done, lost, table = 0, 0, upstream_clients
    for row in connection.execute(select(table).where(table.c.key_id != ring.current)).mappings().all():
        try:
            key_id, text = box.rewrap(ring, Place("client", row["issuer"], row["connector"]), row["key_id"], row["box"])
        except (BoxDamaged, KeyUnknown):
            lost += 1
            continue
        same = (table.c.connector == row["connector"]) & (table.c.issuer == row["issuer"])
        done += connection.execute(update(table).where(same).values(box=text, key_id=key_id)).rowcount
    return done, lost


def _sealed_under(connection: Connection) -> dict[str, int]:
    numbers: dict[str, int] = {}
    ids = [row.key_id for row in rows.everything(connection)]
    ids += connection.execute(select(upstream_clients.c.key_id)).scalars().all()
    for id in ids:
        numbers[id] = numbers.get(id, 0) + 1
    return numbers


def _ring(desk: Desk) -> Ring:
    if desk.ring is None:
        raise StateError("there is no ring of credential keys here")
    return desk.ring


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {
    "connector_secret_set": (SecretOrder, set_secret),
    "credential_keys_list": (NoOrder, list_keys),
    "credential_keys_rotate": (RotateOrder, rotate),
    "connections": (NoOrder, connections),
}
