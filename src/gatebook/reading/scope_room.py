"""Scopes for people: what each group may do with each tool of a connector, and drafts that change it. State is read in a thread; no calls, no index."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from gatebook.policy.access import EVERYONE
from gatebook.policy.given import given
from gatebook.reading.inventory import Inventory
from gatebook.reading.viewer import Viewer
from gatebook.state.documents import Document
from gatebook.state.owned import text_of
from gatebook.state.scoping import SCOPES, Scope, Wish, World, scoped

COLUMNS_MAX: Final = 8
ROWS_MAX: Final = 100


class Cell(Struct, frozen=True, kw_only=True):
    """One tool for one group. `rules`: what decides. `id` stands for both in a form."""

    id: str
    tool: str
    group: str
    scope: Scope
    rules: tuple[str, ...]


class Matrix(Struct, frozen=True, kw_only=True):
    """Tools by groups: for each tool what is shown, and how many there are in all."""

    groups: tuple[str, ...]
    all_groups: tuple[str, ...]
    everyone: tuple[Cell, ...]
    """What people in no group may do, by tool: empty where that is nothing."""
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    total: int


class ScopeDraft(Struct, frozen=True, kw_only=True):
    """A draft that makes some cells be as they were chosen. Documents are YAML; empty where nothing has to change."""

    documents: str
    names: tuple[str, ...]
    problems: list[str]
    warnings: list[str]


class ScopeRoom:
    """What faces read about scopes. `inventory` gives that of the newest revision; `checked` says what keeps documents from being applied."""

    def __init__(
        self,
        clock_us: Callable[[], int],
        inventory: Callable[[Viewer], Awaitable[Inventory]],
        checked: Callable[[list[Document]], tuple[list[str], list[str]]],
    ) -> None:
        self._clock_us = clock_us
        self._inventory = inventory
        self._checked = checked

    async def matrix(self, viewer: Viewer, connector: str, groups: Sequence[str] = (), find: str = "") -> Matrix | None:
        """The matrix of a connector: of these groups, else of those that come first; of tools with `find` in their name. Raises NotForYou, StateError."""
        inventory = await self._inventory(viewer)
        if connector not in inventory.snapshot.connectors:
            return None
        return await asyncio.to_thread(self._matrix, inventory, connector, groups, find)

    async def draft(self, viewer: Viewer, connector: str, chosen: Mapping[str, Scope]) -> ScopeDraft | None:
        """Draft what makes cells, by id, be as chosen; None when there is no such connector. Raises ScopeError, NotForYou, StateError."""
        inventory = await self._inventory(viewer)
        if connector not in inventory.snapshot.connectors:
            return None

        def work() -> ScopeDraft:
            world = self._world(inventory, connector)
            places = {cell_id(tool, group): (tool, group) for tool in world.tools for group in world.groups}
            wishes = [
                Wish(tool=places[id][0], group=places[id][1], scope=scope)
                for id, scope in chosen.items()
                if id in places and scope != "depends"
            ]
            documents = scoped(world, wishes)
            problems, warnings = self._checked(documents)
            names = tuple(document.name for document in documents)
            return ScopeDraft(documents=text_of(documents), names=names, problems=problems, warnings=warnings)

        return await asyncio.to_thread(work)

    def _matrix(self, inventory: Inventory, connector: str, groups: Sequence[str], find: str) -> Matrix:
        world = self._world(inventory, connector)
        chosen = [group for group in world.groups if group in groups] or world.groups
        shown = tuple(chosen[:COLUMNS_MAX])
        tools = [tool for tool in sorted(world.tools) if find.lower() in tool.lower()]
        cells = world.with_tools(tools[:ROWS_MAX]).cells(shown)

        def cell(tool: str, group: str) -> Cell:
            found = cells[tool, group]
            return Cell(id=cell_id(tool, group), tool=tool, group=group, scope=SCOPES[found.outcome], rules=found.rules)

        everyone = tuple(cell(tool, "") for tool in tools[:ROWS_MAX])
        return Matrix(
            groups=shown,
            all_groups=tuple(world.groups),
            everyone=everyone if any(one.scope != "off" for one in everyone) else (),
            rows=tuple((tool, tuple(cell(tool, group) for group in shown)) for tool in tools[:ROWS_MAX]),
            total=len(tools),
        )

    def _world(self, inventory: Inventory, connector: str) -> World:
        detail = inventory.connector(connector)
        tools = {one.tool: one.hints for one in detail.all_tools if one.state != "removed"} if detail else {}
        return World(
            connector=connector,
            tools=tools,
            groups=_groups(inventory, connector),
            rules=inventory.snapshot.rules,
            sources=inventory.bundle.sources,
            time_us=self._clock_us(),
        )


def cell_id(tool: str, group: str) -> str:
    """Stands for a tool and a group in a form; 16 hex characters."""
    return hashlib.sha256(f"{tool}\0{group}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _groups(inventory: Inventory, connector: str) -> list[str]:
    """All groups that there are, each once: those that the connector or a pack with tools of it names, then those of the directory."""
    named: dict[str, str] = {}
    detail = inventory.connector(connector)
    tools = [(one.tool, one.hints) for one in detail.all_tools] if detail else []
    for one in given(inventory.bundle.sources, {connector: tools}):
        if one.kind == "group":
            named.setdefault(one.to.lower(), one.to)
    for rules in inventory.bundle.sources.access:
        for name in rules.groups if rules.connector == connector else ():
            named.setdefault(name.lower(), name)
    known = {group.lower(): group for person in inventory.snapshot.people.values() if person.active for group in person.groups}
    first = sorted(named.values(), key=str.lower)
    return [name for name in (*first, *(known[name] for name in sorted(known) if name not in named)) if name.lower() != EVERYONE]
