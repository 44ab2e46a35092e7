"""What the command line can ask about tools of connectors without an index, and the decisions that it makes."""

import time
from typing import Any

from msgspec import Struct

from gatebook.control.desk import Desk
from gatebook.identity.directory import Principal
from gatebook.reading.inventory import Inventory
from gatebook.state.deciding import Order
from gatebook.state.store import StateError


class ToolsOrder(Struct, frozen=True, kw_only=True):
    """Parameters of tools: all connectors; one with its tools; or one of those, by name or key."""

    connector: str | None = None
    tool: str | None = None


async def tools(desk: Desk, order: ToolsOrder, _caller: Principal) -> object:
    """Say what connectors list and how it stands. Raises StateError for one that there is not."""
    with desk.store.read() as connection:
        inventory = Inventory.read(connection, time.time_ns() // 1000)
    if order.connector is None:
        return {"connectors": inventory.connectors()}
    found = inventory.connector(order.connector) if order.tool is None else inventory.tool(order.connector, order.tool)
    if found is None:
        where = order.connector if order.tool is None else f"{order.connector}/{order.tool}"
        raise StateError(
            f"there is no {'connector' if order.tool is None else 'tool'} {where[:100]!r}; `gatebook tools list` shows what there is"
        )
    return found


async def decide(desk: Desk, order: Order, caller: Principal) -> object:
    """Approve or refuse definitions; returns what was decided."""
    return {"decided": await desk.decide_definition(order, caller)}


OPERATIONS: dict[str, tuple[type[Struct], Any]] = {"tools": (ToolsOrder, tools), "tools_decide": (Order, decide)}
