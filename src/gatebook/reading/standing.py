"""How each tool of a connector stands: what is listed, held against what was approved."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from gatebook.definitions.pins import Judgement, Pin, judge
from gatebook.state.deciding import definition_of, in_force
from gatebook.state.definitions import Known, Listing

ToolState = Literal["approved", "waiting", "changed", "refused", "removed", "renamed", "look_alike", "unchecked"]
"""approved: may be called. removed: approved, and no longer listed. unchecked: the connector says `tool_approval: none`. The others are hidden
and wait for a decision, but for refused ones: new, not what was approved, another tool's definition under a new name, easily taken for another."""

HIDDEN: frozenset[ToolState] = frozenset({"waiting", "changed", "refused", "renamed", "look_alike"})
UNDECIDED: frozenset[ToolState] = HIDDEN - {"refused"}
_STATES: dict[str, ToolState] = {
    "ok": "approved",
    "new": "waiting",
    "changed": "changed",
    "removed": "removed",
    "renamed": "renamed",
    "look_alike": "look_alike",
}


class Standing(Struct, frozen=True, kw_only=True):
    """One tool. `listed`: what the connector shows now; `approved`: what may be called; None where there is none.

    `other`: the tool that it was before, or that it resembles. `history`: all definitions that were seen, the oldest first.
    """

    tool: str
    state: ToolState
    listed: Known | None
    approved: Known | None
    other: str | None
    history: tuple[Known, ...]


def standings(definitions: Iterable[Known], listing: Listing | None, mode: str) -> list[Standing]:
    """Judge the tools of one connector: those that it lists, and those that were approved; by name. `mode`: its `tool_approval`."""
    own: dict[str, list[Known]] = {}
    for known in definitions:
        own.setdefault(known.tool, []).append(known)
    tools = listing.tools if listing else {}
    approved = {tool: current for tool, found in own.items() if (current := in_force(found))}
    listed = {tool: known for tool, hash in tools.items() for known in own.get(tool, ()) if known.hash == hash}
    pins = []
    for tool, known in approved.items():
        definition = definition_of(known)
        pins.append(Pin(tool=tool, hash=known.hash, body_hash=definition.body_hash))
    found = judge(pins, (definition_of(known) for known in listed.values()))
    return [
        Standing(
            tool=one.tool,
            state=_state(one, listed.get(one.tool), mode),
            listed=listed.get(one.tool),
            approved=approved.get(one.tool),
            other=one.other,
            history=tuple(own.get(one.tool, ())),
        )
        for one in found
    ]


def _state(judged: Judgement, listed: Known | None, mode: str) -> ToolState:
    if mode == "none":
        return "unchecked"
    if listed is not None and listed.state == "refused":
        return "refused"
    return _STATES[judged.verdict]
