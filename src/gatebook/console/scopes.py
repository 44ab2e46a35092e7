"""What each group may do with each tool of a connector: the matrix on the connector's page, and the form by which administrators have a change drafted."""

import re
from typing import Final

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.deps import ConsoleDeps
from gatebook.console.handover import Drafted, draft_page
from gatebook.console.looks import Look
from gatebook.console.pages import Pages, Shown
from gatebook.console.posting import posted_pairs
from gatebook.definitions.key import key_of
from gatebook.definitions.telling import one_line
from gatebook.reading.scope_room import COLUMNS_MAX, Cell, Matrix
from gatebook.reading.viewer import Viewer
from gatebook.state.scoping import Scope

LOOKS: Final[dict[Scope, Look]] = {
    "off": Look(outcome="other", shape="not", word="off"),
    "allow": Look(outcome="ok", shape="ok", word="allow"),
    "ask": Look(outcome="failed", shape="clock", word="ask"),
    "depends": Look(outcome="redacted", shape="filter", word="depends"),
}
CHOICES: Final[tuple[Scope, ...]] = ("off", "allow", "ask")
_FIND_MAX: Final = 200
_FIELD: Final = re.compile(r"c-([0-9a-f]{16})-(off|allow|ask|depends)")
_SCOPES: Final[dict[str, Scope]] = {"off": "off", "allow": "allow", "ask": "ask"}


class CellView(Struct, frozen=True, kw_only=True):
    """One cell. `field` names it in the form together with what it shows, so that only what somebody changed is drafted."""

    field: str
    scope: Scope
    look: Look
    label: str
    by: str


class ScopeRow(Struct, frozen=True, kw_only=True):
    """One tool."""

    tool: str
    href: str
    everyone: CellView | None
    cells: tuple[CellView, ...]


class GroupChoice(Struct, frozen=True, kw_only=True):
    """A group that can be a column."""

    name: str
    label: str
    on: bool


class ScopeView(Struct, frozen=True, kw_only=True):
    """The matrix."""

    groups: tuple[str, ...]
    has_everyone: bool
    rows: list[ScopeRow]
    choices: list[GroupChoice]
    columns_max: int
    find: str
    total: int


async def matrix_of(deps: ConsoleDeps, viewer: Viewer, request: Request) -> ScopeView | None:
    """The matrix that an address asks for by `groups` and `tools`. Raises NotForYou, StateError."""
    params = request.query_params
    connector, find = request.path_params["name"], params.get("tools", "").strip()[:_FIND_MAX]
    found = await deps.tools.scopes.matrix(viewer, connector, params.getlist("groups"), find)
    return None if found is None else _view(connector, found, find)


async def draft(deps: ConsoleDeps, pages: Pages, request: Request, viewer: Viewer) -> Response | None:
    """The page of what a form would change; None where nothing was chosen that makes sense, or nowhere. Raises ScopeError, NotForYou, StateError."""
    pairs = await posted_pairs(request, deps)
    if pairs is None:
        return None
    connector, chosen = request.path_params["name"], _chosen(pairs)
    if not chosen:
        return None
    made = await deps.tools.scopes.draft(viewer, connector, chosen)
    if made is None:
        return None
    many = f"{len(chosen)} {'change' if len(chosen) == 1 else 'changes'} of scope"
    drafted = Drafted(
        title="Scopes",
        back=f"/connectors/{connector}#scopes",
        back_text=connector,
        lead=f"{many} of {connector}." if made.documents else "It is like that already, so there is nothing to change.",
        after="What a group may not do, its members may not do, whatever another group gives them. No other tool or group changes.",
        text=made.documents,
        reason=f"Scopes of {connector}",
        problems=made.problems,
        warnings=made.warnings,
    )
    return draft_page(pages, Shown(request=request, viewer=viewer, page_name="Connectors"), drafted)


def _chosen(pairs: list[tuple[str, str]]) -> dict[str, Scope]:
    found: dict[str, Scope] = {}
    for name, value in pairs:
        field = _FIELD.fullmatch(name)
        if field is not None and value in _SCOPES and value != field[2]:
            found[field[1]] = _SCOPES[value]
    return found


def _view(connector: str, found: Matrix, find: str) -> ScopeView:
    everyone: dict[str, Cell] = {one.tool: one for one in found.everyone}
    return ScopeView(
        groups=tuple(_word(group) for group in found.groups),
        has_everyone=bool(everyone),
        rows=[
            ScopeRow(
                tool=_word(tool),
                href=f"/connectors/{connector}/tools/{key_of(tool)}",
                everyone=_cell(everyone[tool]) if tool in everyone else None,
                cells=tuple(map(_cell, cells)),
            )
            for tool, cells in found.rows
        ],
        choices=[GroupChoice(name=group, label=_word(group), on=group in found.groups) for group in found.all_groups],
        columns_max=COLUMNS_MAX,
        find=find,
        total=found.total,
    )


def _cell(cell: Cell) -> CellView:
    return CellView(
        field=f"c-{cell.id}-{cell.scope}",
        scope=cell.scope,
        look=LOOKS[cell.scope],
        label=f"{_word(cell.tool)} for {_word(cell.group) if cell.group else 'everyone'}",
        by=", ".join(_word(rule) for rule in cell.rules),
    )


def _word(text: str) -> str:
    return one_line(text, NAME_CHARACTERS_MAX)
