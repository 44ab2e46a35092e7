"""What the command line can do about AI clients."""

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.identity.oauth.registry import ClientOrder
from gatebook.reading.client_room import ClientRoom
from gatebook.reading.viewer import Viewer


class ListOrder(Struct, frozen=True, kw_only=True):
    """Parameters of client_list: none."""


class ChangeOrder(Struct, frozen=True, kw_only=True):
    """Parameters of client_change: the id of a client, and what to do about it."""

    client: str
    does: Literal["disable", "enable", "remove"]


async def add(desk: Desk, order: ClientOrder, caller: Principal) -> object:
    """Add a client; its secret is shown once."""
    added = await _room(desk).add(Viewer(principal=caller), order)
    return {**_shown(added.client), "secret": added.secret}


async def listed(desk: Desk, _order: ListOrder, caller: Principal) -> object:
    """All clients, the one that was used last first."""
    return _room(desk).clients(Viewer(principal=caller))


async def change(desk: Desk, order: ChangeOrder, caller: Principal) -> object:
    """Disable, enable or remove a client."""
    return _shown(await _room(desk).change(Viewer(principal=caller), order.client, order.does))


def _room(desk: Desk) -> ClientRoom:
    return ClientRoom.alone(desk.journal)


def _shown(client: Struct) -> dict[str, Any]:
    return {name: value for name, value in asdict(client).items() if name not in ("secret_sha256", "keys", "keys_url", "read_us")}


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {
    "client_add": (ClientOrder, add),
    "client_list": (ListOrder, listed),
    "client_change": (ChangeOrder, change),
}
