"""What changed between two definitions of a tool, for whoever decides whether the newer one is approved."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gatebook.definitions.change import MISSING, Change, Kind, changed, quoted, step
from gatebook.definitions.definition import Definition, canonical, members
from gatebook.definitions.schemas import schema_changes
from gatebook.record.parts import Severity

CHANGES_MAX = 500
# What the protocol says holds for a hint that is not given.
_HINTS = {"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True}
_RANKS: dict[Severity, int] = {"critical": 0, "high": 1, "medium": 2, "low": 3}
_OUTPUT: dict[Kind, Severity] = {"widened": "medium", "narrowed": "low"}


class Diff(Struct, frozen=True, kw_only=True):
    """The changes from one definition to another, the most severe first, then by path. `left_out` is how many more there are."""

    before: str
    after: str
    changes: tuple[Change, ...]
    left_out: int = 0


def compare(before: Definition, after: Definition, changes_max: int = CHANGES_MAX) -> Diff:
    """Compare two definitions. There are no changes exactly when the hashes are equal."""
    old, new = members(before), members(after)
    found = sorted(_changes(old, new), key=_order) if before.hash != after.hash else []
    return Diff(before=before.hash, after=after.hash, changes=tuple(found[:changes_max]), left_out=max(0, len(found) - changes_max))


def _order(change: Change) -> tuple[int, str, str, str]:
    return _RANKS[change.severity], change.path, change.kind, change.text


def _changes(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for member in sorted({*old, *new}):
        sides = old.get(member, MISSING), new.get(member, MISSING)
        if sides[0] is not MISSING and sides[1] is not MISSING and canonical(sides[0]) == canonical(sides[1]):
            continue
        path, none = step("", member), True
        for change in _of_member(member, path, sides):
            none = False
            yield change
        if none:
            yield changed(path, _KINDS[member], sides, f"{path} is written differently and means the same", "low")


_KINDS: dict[str, Kind] = {
    "name": "name",
    "title": "text",
    "description": "text",
    "inputSchema": "schema",
    "outputSchema": "output",
    "annotations": "annotation",
    "icons": "icons",
}


def _of_member(member: str, path: str, sides: tuple[Any, Any]) -> Iterator[Change]:
    if member == "inputSchema":
        yield from schema_changes(path, *sides)
    elif member == "outputSchema":
        for change in schema_changes(path, *sides):
            severity = _OUTPUT.get(change.kind, change.severity)
            yield change if change.kind == "text" else replace(change, kind="output", severity=severity)
    elif member == "annotations":
        yield from _annotations(path, sides)
    elif member == "name":
        yield changed(path, "name", sides, f"The tool {quoted(str(sides[0]))} is now named {quoted(str(sides[1]))}")
    else:
        yield changed(path, _KINDS[member], sides, f"The {member} {_what_happened(sides)}")


def _annotations(path: str, sides: tuple[Any, Any]) -> Iterator[Change]:
    old, new = ({} if side is MISSING else side for side in sides)
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield changed(path, "annotation", sides, f"The annotations {_what_happened(sides)}")
        return
    for key in sorted({*old, *new}):
        place, pair = step(path, key), (old.get(key, MISSING), new.get(key, MISSING))
        if MISSING not in pair and canonical(pair[0]) == canonical(pair[1]):
            continue
        if key in _HINTS:
            yield _hint(place, key, pair)
        elif key == "title":
            yield changed(place, "text", pair, f"The title {_what_happened(pair)}")
        else:
            yield changed(place, "annotation", pair, f"The annotation {quoted(key)} {_what_happened(pair)}", "medium")


def _hint(path: str, key: str, sides: tuple[Any, Any]) -> Change:
    old, new = (_HINTS[key] if side is MISSING else side for side in sides)
    if old is new:
        return changed(path, "annotation", sides, f"{key} is {str(new).lower()} as before, but was not said alike", "low")
    return changed(path, "annotation", sides, f"{key} turned from {_said(old)} to {_said(new)}")


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "something that is no hint"


def _what_happened(sides: tuple[Any, Any]) -> str:
    return "was added" if sides[0] is MISSING else "was dropped" if sides[1] is MISSING else "changed"
