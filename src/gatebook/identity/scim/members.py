"""Changes of who is in a group, as sets of ids: a group of 5,000 is changed by what changes, and not by comparing each member with each other.

The library compares every member with every value: removing 5,000 of 5,000 takes it minutes.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from scim2_models import InvalidValueException

_ALL: Final = re.compile(r"(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?members", re.IGNORECASE)
_ONE: Final = re.compile(
    r"(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?members\[\s*value\s+eq\s+\"([^\"\\]{1,256})\"\s*\]", re.IGNORECASE
)


_KINDS: Final[dict[str, Literal["add", "remove", "replace"]]] = {"add": "add", "remove": "remove", "replace": "replace"}


class MemberChange(Struct, frozen=True, kw_only=True):
    """What becomes of the members: `ids` are added, removed, or all there are afterwards."""

    kind: Literal["add", "remove", "replace"]
    ids: tuple[str, ...]


def split(operations: Iterable[Any]) -> tuple[list[MemberChange], list[Any]]:
    """Part the validated operations of a PATCH into changes of members, in their order, and all others. Raises InvalidValueException."""
    changes: list[MemberChange] = []
    rest: list[Any] = []
    for operation in operations:
        change = _change(operation)
        if change is None:
            rest.append(operation)
        else:
            changes.append(change)
    return changes, rest


def apply(before: Iterable[str], changes: Sequence[MemberChange]) -> set[str]:
    """Who is in the group after the changes."""
    members = set(before)
    for change in changes:
        if change.kind == "replace":
            members = set(change.ids)
        elif change.kind == "add":
            members.update(change.ids)
        else:
            members.difference_update(change.ids)
    return members


def ids_of(value: Any) -> tuple[str, ...]:
    """The ids in the value of `members`: an object with `value`, or a list of such. Raises InvalidValueException."""
    found = []
    for one in value if isinstance(value, list) else [value]:
        id = one.get("value") if isinstance(one, dict) else getattr(one, "value", one)
        if not isinstance(id, str) or not id:
            raise InvalidValueException(detail="each of members must have a value, the id of a user")
        found.append(id)
    return tuple(found)


def _change(operation: Any) -> MemberChange | None:
    path = str(operation.path or "")
    op = str(operation.op)
    if (one := _ONE.fullmatch(path)) and op == "remove":
        return MemberChange(kind="remove", ids=(one[1],))
    if not _ALL.fullmatch(path):
        return None
    if operation.value is None:
        return MemberChange(kind="replace", ids=()) if op == "remove" else None
    # A list that is empty removes nobody: it must not be taken for none at all, which empties the group.
    return MemberChange(kind=_KINDS[op], ids=ids_of(operation.value))
