"""What deciding about definitions of tools means: which definitions are decided, and whether there is anything to decide.

Plain reading in the caller's transaction; the desk writes what is planned here, with its record.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection

from gatebook.definitions.definition import Definition, definition_hash
from gatebook.definitions.key import key_of
from gatebook.definitions.telling import told
from gatebook.state.definitions import Known, find_listing, read_definitions
from gatebook.state.store import StateError

Verdict = Literal["approved", "refused"]
Fault = Literal["unknown", "nothing", "moved", "wrong"]
REASON_CHARACTERS_MAX = 1_000
HASH_DIGITS_MIN = 6
_NAME_CHARACTERS_MAX = 80


class DecisionError(StateError):
    """Nothing can be decided like that. `fault`: the connector, tool or definition is not known; nothing waits, or it is decided so already;
    the connector lists something else by now; or the order itself is wrong."""

    def __init__(self, fault: Fault, text: str) -> None:
        super().__init__(text)
        self.fault = fault


class Order(Struct, frozen=True, kw_only=True):
    """A decision that somebody makes.

    `tool`: name or key. `hash`: first digits of the definition's hash; None for the one that is listed now. Without both: all that wait. `waiting`: mark of what waited when it was looked at (see `mark_of`); when that is not what waits now, nothing is decided.
    """

    connector: str
    decision: Verdict
    reason: str
    tool: str | None = None
    hash: str | None = None
    waiting: str | None = None


class Planned(Struct, frozen=True, kw_only=True):
    """One definition, decided. `version` counts the definitions of the tool in the order in which they were seen.

    `diff`: in words, against what was approved before. `listed`: whether the connector lists it now.
    """

    known: Known
    version: int
    diff: str
    listed: bool


def plan_decisions(connection: Connection, order: Order, by: str, now_us: int) -> list[Planned]:
    """Return what an order decides; `by` is the id of the person. Raises DecisionError."""
    reason = _checked(order)
    definitions = read_definitions(connection, order.connector)
    listing = find_listing(connection, order.connector)
    if not definitions or listing is None:
        raise DecisionError("unknown", f"there is no connector {_quoted(order.connector)} that has listed tools")
    if order.waiting is not None and order.waiting != mark_of(waiting_of(definitions, listing.tools)):
        raise DecisionError("moved", f"{order.connector} has listed something else since you looked, so nothing was decided; look again")
    if order.tool is None and order.hash is None:
        chosen = _waiting(order, definitions, listing.tools)
    else:
        chosen = [_single(order, definitions, listing.tools)]
    by_tool: dict[str, list[Known]] = {}
    for known in definitions:
        by_tool.setdefault(known.tool, []).append(known)
    return [_planned(known, by_tool[known.tool], listing.tools, (order.decision, by, reason, now_us)) for known in chosen]


def in_force(definitions: Iterable[Known]) -> Known | None:
    """Return the definition of one tool that may be called: of those that are approved the one that was decided last."""
    approved = [known for known in definitions if known.state == "approved"]
    return max(approved, key=lambda known: known.decided_us or 0) if approved else None


def waiting_of(definitions: Iterable[Known], tools: Mapping[str, str]) -> list[Known]:
    """Return the definitions of one connector that are listed, are not in force, and that nobody refused: by tool."""
    by_tool: dict[str, list[Known]] = {}
    for known in definitions:
        by_tool.setdefault(known.tool, []).append(known)
    found = []
    for tool, hash in sorted(tools.items()):
        own = by_tool.get(tool, [])
        listed = next((known for known in own if known.hash == hash), None)
        current = in_force(own)
        if listed is not None and listed.state != "refused" and (current is None or current.hash != hash):
            found.append(listed)
    return found


def mark_of(waiting: Iterable[Known]) -> str:
    """Return a mark of what waits: another list, or another definition in it, has another mark."""
    lines = sorted(f"{known.hash} {known.tool}" for known in waiting)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def definition_of(known: Known) -> Definition:
    """Return a definition as it is stored. Its limits were held when it was read first."""
    value = json.loads(known.definition)
    body = {key: member for key, member in value.items() if key not in ("name", "title")}
    return Definition(name=known.tool, text=known.definition, hash=known.hash, body_hash=definition_hash(body))


def _checked(order: Order) -> str:
    reason = order.reason.strip()
    if not 0 < len(reason) <= REASON_CHARACTERS_MAX:
        raise DecisionError("wrong", f"say why, in 1 to {REASON_CHARACTERS_MAX:,} characters; the reason is kept with the decision")
    try:
        reason.encode()
    except UnicodeEncodeError:
        raise DecisionError("wrong", "the reason holds half of a surrogate pair") from None
    if order.hash is not None and len(order.hash) < HASH_DIGITS_MIN:
        raise DecisionError("wrong", f"write at least {HASH_DIGITS_MIN} digits of the hash")
    return reason


def _waiting(order: Order, definitions: list[Known], tools: Mapping[str, str]) -> list[Known]:
    found = waiting_of(definitions, tools)
    if not found:
        raise DecisionError("nothing", f"no tool of {order.connector} waits for a decision")
    return found


def _single(order: Order, definitions: list[Known], tools: Mapping[str, str]) -> Known:
    tool = None if order.tool is None else named(order.tool, {known.tool for known in definitions})
    if tool is None and order.tool is not None:
        raise DecisionError("unknown", f"{order.connector} has not listed a tool {_quoted(order.tool)}")
    wanted = order.hash or tools.get(tool or "")
    if wanted is None:
        what = f"{order.connector} no longer lists {_quoted(tool or '')}"
        raise DecisionError("nothing", f"{what}; name the hash of the definition that you mean")
    found = [known for known in definitions if known.hash.startswith(wanted.lower()) and tool in (None, known.tool)]
    if len(found) != 1:
        raise DecisionError(
            "unknown", f"{len(found) or 'no'} definitions of {_quoted(tool or order.connector)} begin with the hash {wanted[:64]}"
        )
    (known,) = found
    current = in_force(one for one in definitions if one.tool == known.tool)
    if order.decision == "refused" and known.state == "refused":
        raise DecisionError("nothing", f"this definition of {_quoted(known.tool)} is refused already")
    if order.decision == "approved" and current is not None and current.hash == known.hash:
        raise DecisionError("nothing", f"this definition of {_quoted(known.tool)} is approved already")
    return known


def named(word: str, tools: Iterable[str]) -> str | None:
    """Return the tool that a key or name means, None when there is none. Keys come first: no name can take the place of another tool's key."""
    keys = {key_of(tool): tool for tool in tools}
    return keys.get(word) or next((tool for tool in keys.values() if tool == word), None)


def _planned(known: Known, own: list[Known], tools: Mapping[str, str], how: tuple[Verdict, str, str, int]) -> Planned:
    decision, by, reason, now_us = how
    current = in_force(own)
    # Of approved definitions the last one counts, also where the clock was set back meanwhile.
    latest_us = max((one.decided_us or 0 for one in own), default=0)
    decided = replace(known, state=decision, decided_by=by, decided_us=max(now_us, latest_us + 1), reason=reason)
    before = definition_of(current) if current is not None and current.hash != known.hash else None
    diff = told(before, definition_of(known)) if current is None or before is not None else "  the definition that was approved\n"
    return Planned(known=decided, version=own.index(known) + 1, diff=diff, listed=tools.get(known.tool) == known.hash)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _NAME_CHARACTERS_MAX else text[: _NAME_CHARACTERS_MAX - 1] + "…")
