"""Definitions of tools as connectors have listed them, and what an administrator decided about each. Plain reading and writing in the caller's transaction.

A definition is known by connector, tool and hash. The one that may be called is the approved one that was decided last.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, insert, select, update

from gatebook.policy.request import Hints
from gatebook.state.schema import tool_definitions, tool_listings

State = Literal["pending", "approved", "refused"]
UNLISTED_MAX: Final = 500
"""Definitions of one connector that wait though they are no longer listed: a connector that invents tools shall not fill the state."""


class Listing(Struct, frozen=True, kw_only=True):
    """What a connector listed last: hash by name of tool. `at_us` in microseconds since 1970."""

    connector: str
    tools: Mapping[str, str]
    at_us: int


class Known(Struct, frozen=True, kw_only=True):
    """One definition that was seen. `definition` is canonical JSON; times in microseconds since 1970."""

    connector: str
    tool: str
    hash: str
    definition: str
    state: State
    seen_us: int
    decided_by: str | None = None
    decided_us: int | None = None
    reason: str | None = None


class Approved(Struct, frozen=True, kw_only=True):
    """The definition of a tool that may be called: its hash, and what it says of the tool."""

    hash: str
    hints: Hints


def note_listing(connection: Connection, listing: Listing, texts: Mapping[str, str], first: Callable[[str, str], Known]) -> list[Known]:
    """Keep what a connector lists now, unless a later listing is known. `texts` holds the definition by hash.

    Definitions that come later than the first listing of a connector wait for a decision; of the first ones `first`, asked with
    tool and hash, says what is stored. Of those that wait and are no longer listed the oldest beyond UNLISTED_MAX are forgotten; nobody can
    decide about them any more, and the log keeps what was listed. Returns the definitions that were not known before.
    """
    before = find_listing(connection, listing.connector)
    if before is not None and before.at_us > listing.at_us:
        return []
    values = {"tools": json.dumps(dict(listing.tools)), "at_us": listing.at_us}
    if before is None:
        connection.execute(insert(tool_listings).values(connector=listing.connector, **values))
    else:
        connection.execute(update(tool_listings).where(tool_listings.c.connector == listing.connector).values(**values))
    stored = read_definitions(connection, listing.connector)
    known = {(one.tool, one.hash) for one in stored}
    new = [
        first(tool, hash)
        if before is None
        else Known(connector=listing.connector, tool=tool, hash=hash, definition=texts[hash], state="pending", seen_us=listing.at_us)
        for tool, hash in listing.tools.items()
        if (tool, hash) not in known and hash in texts
    ]
    for one in new:
        connection.execute(insert(tool_definitions).values(**{name: getattr(one, name) for name in Known.__struct_fields__}))
    unlisted = [one for one in stored if one.state == "pending" and listing.tools.get(one.tool) != one.hash]
    for one in sorted(unlisted, key=lambda one: one.seen_us)[: max(0, len(unlisted) - UNLISTED_MAX)]:
        connection.execute(delete(tool_definitions).where(_same(one)))
    return new


def find_listing(connection: Connection, connector: str) -> Listing | None:
    """What a connector listed last."""
    row = connection.execute(select(tool_listings).where(tool_listings.c.connector == connector)).mappings().first()
    return _listing(row) if row else None


def read_listings(connection: Connection) -> dict[str, Listing]:
    """What each connector listed last."""
    return {row["connector"]: _listing(row) for row in connection.execute(select(tool_listings)).mappings()}


def read_definitions(connection: Connection, connector: str | None = None) -> list[Known]:
    """All definitions that were seen, of one connector or of all: by connector, tool, and when they were seen."""
    query = select(tool_definitions).order_by(tool_definitions.c.connector, tool_definitions.c.tool, tool_definitions.c.seen_us)
    if connector is not None:
        query = query.where(tool_definitions.c.connector == connector)
    return [Known(**row) for row in connection.execute(query).mappings()]


def decide(connection: Connection, known: Known) -> None:
    """Store what was decided about a definition: its state, by whom, when and why."""
    values = {"state": known.state, "decided_by": known.decided_by, "decided_us": known.decided_us, "reason": known.reason}
    connection.execute(update(tool_definitions).where(_same(known)).values(**values))


def read_approved(connection: Connection) -> dict[str, dict[str, Approved]]:
    """What may be called, by connector and tool: of several approved definitions the one that was decided last."""
    columns = (tool_definitions.c.connector, tool_definitions.c.tool, tool_definitions.c.hash, tool_definitions.c.definition)
    query = select(*columns).where(tool_definitions.c.state == "approved").order_by(tool_definitions.c.decided_us)
    approved: dict[str, dict[str, Approved]] = {}
    for connector, tool, hash, definition in connection.execute(query):
        approved.setdefault(connector, {})[tool] = Approved(hash=hash, hints=hints_of(definition))
    return approved


def hints_of(definition: str) -> Hints:
    """What a definition says about its tool (MCP, ToolAnnotations); anything but true and false says nothing."""
    annotations = json.loads(definition).get("annotations")
    given = annotations if isinstance(annotations, dict) else {}
    names = {"read_only": "readOnlyHint", "destructive": "destructiveHint", "idempotent": "idempotentHint", "open_world": "openWorldHint"}
    return Hints(**{name: given[key] for name, key in names.items() if isinstance(given.get(key), bool)})


def _same(known: Known) -> ColumnElement[bool]:
    columns = tool_definitions.c
    return and_(columns.connector == known.connector, columns.tool == known.tool, columns.hash == known.hash)


def _listing(row: RowMapping) -> Listing:
    return Listing(connector=row["connector"], tools=json.loads(row["tools"]), at_us=row["at_us"])
