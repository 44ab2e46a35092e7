"""AI clients in state. Each function works in the caller's transaction and leaves records and revision to it."""

import json
from typing import Any, Literal, get_args

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from gatebook.state.access_schema import oauth_clients, oauth_requests

Kind = Literal["dcr", "cimd", "pre"]
Authentication = Literal["none", "private_key_jwt", "client_secret_post", "client_secret_basic"]
AUTHENTICATIONS: frozenset[str] = frozenset(get_args(Authentication))


class Client(Struct, frozen=True, kw_only=True):
    """An AI client. All that it says of itself (name, addresses) is text of somebody unknown. Times in microseconds since 1970.

    `dcr` registered itself, `pre` was added by an administrator; the id of a `cimd` client is the address of its document, read at `read_us`.
    `host` is what people are told. `authentication` is that at the token endpoint; `keys` is a JWK set, or `keys_url` where one is.
    """

    id: str
    kind: Kind
    name: str
    host: str
    redirect_uris: tuple[str, ...]
    authentication: Authentication = "none"
    secret_sha256: str | None = None
    keys: dict[str, Any] | None = None
    keys_url: str | None = None
    read_us: int = 0
    created_by: str = ""
    created_us: int = 0
    last_used_us: int | None = None
    disabled_us: int | None = None


def find_client(connection: Connection, id: str) -> Client | None:
    """The client with this id, disabled ones included."""
    row = connection.execute(select(oauth_clients).where(oauth_clients.c.id == id)).mappings().first()
    return _client(row) if row else None


def list_clients(connection: Connection) -> list[Client]:
    """All clients, the one that was used last first."""
    rows = connection.execute(select(oauth_clients)).mappings()
    return sorted((_client(row) for row in rows), key=lambda one: (-(one.last_used_us or 0), -one.created_us, one.id))


def put_client(connection: Connection, client: Client) -> None:
    """Store a client, in place of the one that has its id. When it was used and disabled stays as it is."""
    values = {
        "kind": client.kind,
        "name": client.name,
        "host": client.host,
        "redirect_uris": json.dumps(client.redirect_uris),
        "metadata": json.dumps(
            {
                "authentication": client.authentication,
                "keys": client.keys,
                "keys_url": client.keys_url,
                "read_us": client.read_us,
            }
        ),
        "secret_sha256": client.secret_sha256,
    }
    if connection.execute(update(oauth_clients).where(oauth_clients.c.id == client.id).values(**values)).rowcount:
        return
    new = {"created_by": client.created_by, "created_us": client.created_us, "last_used_us": client.last_used_us}
    connection.execute(insert(oauth_clients).values(id=client.id, disabled_us=client.disabled_us, **new, **values))


def note_use(connection: Connection, id: str, now_us: int) -> None:
    """Somebody consented to the client, or it got tokens."""
    connection.execute(update(oauth_clients).where(oauth_clients.c.id == id).values(last_used_us=now_us))


def set_disabled(connection: Connection, id: str, at_us: int | None) -> None:
    """Disable a client, or let it sign people in again."""
    connection.execute(update(oauth_clients).where(oauth_clients.c.id == id).values(disabled_us=at_us))


def remove_client(connection: Connection, id: str) -> None:
    """Forget a client; the caller has ended its grants, which stay as history."""
    connection.execute(delete(oauth_requests).where(oauth_requests.c.client == id))
    connection.execute(delete(oauth_clients).where(oauth_clients.c.id == id))


def registered_by(connection: Connection, network: str, since_us: int) -> int:
    """How many clients registered themselves from a network since then."""
    mine = (oauth_clients.c.kind == "dcr") & (oauth_clients.c.created_by == network) & (oauth_clients.c.created_us > since_us)
    return int(connection.execute(select(func.count()).select_from(oauth_clients).where(mine)).scalar_one())


def _client(row: Any) -> Client:
    more = json.loads(row["metadata"])
    return Client(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        host=row["host"],
        redirect_uris=tuple(json.loads(row["redirect_uris"])),
        authentication=more["authentication"],
        secret_sha256=row["secret_sha256"],
        keys=more["keys"],
        keys_url=more["keys_url"],
        read_us=more["read_us"],
        created_by=row["created_by"],
        created_us=row["created_us"],
        last_used_us=row["last_used_us"],
        disabled_us=row["disabled_us"],
    )
