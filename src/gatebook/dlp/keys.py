"""Names of members after some were changed: no two of one object may become the same."""

import re
from collections.abc import Mapping

from gatebook.dlp.document import decode

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_STEP = re.compile(rb"(" + _STRING + rb")(\s*:)?|[\[{]|[\]}]|,|-?\d[\d.eE+-]*", re.DOTALL)


def unique_keys(payload: bytes, renamed: Mapping[int, str]) -> dict[int, str]:
    """Return the new names by offset of the key token, with a suffix `_2`, `_3` and so on where a name is already used in its object."""
    names: dict[int, str] = {}
    stack: list[list[tuple[int, str]]] = []
    for match in _STEP.finditer(payload):
        sign = payload[match.start()]
        if sign in b"{[":
            stack.append([])
        elif sign in b"]}":
            names.update(_settled(stack.pop(), renamed))
        elif sign == 0x22 and match.group(2) is not None:
            stack[-1].append((match.start(), renamed.get(match.start()) or decode(match.group(1))))
    return names


def _settled(members: list[tuple[int, str]], renamed: Mapping[int, str]) -> dict[int, str]:
    taken = {name for at, name in members if at not in renamed}
    settled: dict[int, str] = {}
    for at, name in members:
        if at not in renamed:
            continue
        unique, number = name, 2
        while unique in taken:
            unique, number = f"{name}_{number}", number + 1
        taken.add(unique)
        settled[at] = unique
    return settled
