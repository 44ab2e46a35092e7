"""Connectors and their tools for people: who may look, what they see, and the decisions that administrators make."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol, TypeVar

from msgspec.structs import replace

from gatebook.identity.directory import Principal
from gatebook.index import EngineError
from gatebook.reading.grant_room import GrantRoom
from gatebook.reading.inventory import Inventory
from gatebook.reading.rights import check_administrator, check_reader
from gatebook.reading.room import ReadingRoom, TooSlow
from gatebook.reading.scope_room import ScopeRoom
from gatebook.reading.tool_activity import Calls, calls
from gatebook.reading.tool_facts import Activity, ConnectorDetail, ConnectorFacts, ToolDetail
from gatebook.reading.viewer import Viewer
from gatebook.state.deciding import Order, Planned
from gatebook.state.revision import read_revision
from gatebook.state.store import Store

_logger = logging.getLogger(__name__)
_Key = TypeVar("_Key")
_NONE = Activity()


class Decider(Protocol):
    """Makes decisions, each with its record: the desk of `gatebook.control`."""

    async def decide_definition(self, order: Order, caller: Principal) -> list[Planned]:
        """Approve or refuse. Raises DecisionError, StateError, LogUnavailable."""


class ToolRoom:
    """What faces read about tools. State is read in a thread; what one revision comes to is kept until the next."""

    def __init__(self, room: ReadingRoom, store: Store, decider: Decider) -> None:
        self._room = room
        self._store = store
        self._decider = decider
        self._kept: tuple[int, Inventory] | None = None
        self._turn = asyncio.Lock()
        self.grants = GrantRoom(room, store, self._inventory)
        self.scopes = ScopeRoom(room.clock.wall_us, self._inventory, self.grants.checked)

    async def connectors(self, viewer: Viewer) -> list[ConnectorFacts]:
        """All connectors by name. Raises NotForYou, StateError, LogUnavailable."""
        inventory = await self._inventory(viewer)
        found = await self._calls(viewer)
        return [replace(one, activity=_of(found.connectors if found else None, one.name)) for one in inventory.connectors()]

    async def connector(self, viewer: Viewer, name: str) -> ConnectorDetail | None:
        """One connector with its tools; None when there is none. Raises as `connectors` does."""
        detail = (await self._inventory(viewer)).connector(name)
        if detail is None:
            return None
        found = await self._calls(viewer, name)
        tools = tuple(replace(one, activity=_of(found.tools if found else None, (name, one.tool))) for one in detail.all_tools)
        return replace(detail, activity=_of(found.connectors if found else None, name), all_tools=tools)

    async def tool(self, viewer: Viewer, connector: str, word: str) -> ToolDetail | None:
        """One tool by key or name; None when there is none. Raises as `connectors` does."""
        inventory = await self._inventory(viewer)
        now_us = self._room.clock.wall_us()

        def read() -> ToolDetail | None:
            detail = inventory.tool(connector, word)
            return replace(detail, callers=inventory.callers(detail, now_us)) if detail else None

        detail = await asyncio.to_thread(read)
        if detail is None:
            return None
        found = await self._calls(viewer, connector)
        activity = _of(found.tools if found else None, (connector, detail.facts.tool))
        return replace(detail, facts=replace(detail.facts, activity=activity))

    async def decide(self, viewer: Viewer, order: Order) -> list[Planned]:
        """Approve or refuse for the viewer. Raises NotForYou, DecisionError, StateError, LogUnavailable."""
        check_administrator(viewer, "only members of the group admins decide about tools")
        return await self._decider.decide_definition(order, viewer.principal)

    async def _inventory(self, viewer: Viewer) -> Inventory:
        check_reader(viewer, "what connectors list is for those who see the metadata of all calls")

        def read() -> tuple[int, Inventory]:
            with self._store.read() as connection:
                revision = read_revision(connection)
                if self._kept is not None and self._kept[0] == revision:
                    return self._kept
                return revision, Inventory.read(connection, self._room.clock.wall_us(), self._kept[1] if self._kept else None)

        async with self._turn:
            self._kept = await asyncio.to_thread(read)
        return self._kept[1]

    async def _calls(self, viewer: Viewer, connector: str = "") -> Calls | None:
        try:
            return await calls(self._room, viewer, connector)
        except (EngineError, TooSlow) as error:
            _logger.warning("calls of connectors could not be counted: %s", error)
            return None


def _of(found: Mapping[_Key, Activity] | None, key: _Key) -> Activity | None:
    """Return the activity, none at all where there were no calls, None where nothing is known."""
    return None if found is None else found.get(key, _NONE)
