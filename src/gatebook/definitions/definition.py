"""One tool as its connector defines it: read within bounds, brought into one form, hashed."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from msgspec import Struct

PINNED = ("name", "title", "description", "inputSchema", "outputSchema", "annotations", "icons")
DEFINITION_BYTES_MAX = 262_144
DEPTH_MAX = 64
NODES_MAX = 50_000
NAME_CHARACTERS_MAX = 256


class DefinitionError(ValueError):
    """The text is no definition of a tool that could be pinned. The message says why, in a sentence that quotes nothing of it."""


class Definition(Struct, frozen=True, kw_only=True):
    """A definition: the tool's name, canonical JSON of the pinned members, and its SHA-256 in hex.

    `body_hash` is the same without the name and title: two tools with one body do the same under different names.
    """

    name: str
    text: str
    hash: str
    body_hash: str


def read(raw: bytes) -> Definition:
    """Read one entry of `tools/list`, JSON in UTF-8. Raises DefinitionError for all that two readers could understand differently.

    That is: members that stand twice, numbers that JSON does not have, lone surrogates; and for all beyond the limits of this module.
    """
    if len(raw) > DEFINITION_BYTES_MAX:
        raise DefinitionError(f"The definition has {len(raw):,} bytes; at most {DEFINITION_BYTES_MAX:,} can be pinned.")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_single, parse_constant=_refuse_constant)
    except DefinitionError:
        raise
    except RecursionError:
        raise DefinitionError(f"The definition is nested more than {DEPTH_MAX} deep.") from None
    except ValueError:
        raise DefinitionError("The definition is not JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise DefinitionError("The definition is not an object.")
    _check_bounds(value)
    name = value.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise DefinitionError(f"The definition has no name of 1 to {NAME_CHARACTERS_MAX} characters.")
    return _made(name, value)


def members(definition: Definition) -> dict[str, Any]:
    """Return the pinned members as values."""
    value: dict[str, Any] = json.loads(definition.text)
    return value


def pinned_members(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a tool describes it to a model, or to a person who is asked about it. `_meta` is not among it."""
    return {key: definition[key] for key in PINNED if key in definition}


def canonical(value: Any) -> str:
    """Return JSON with sorted keys, no blanks and no escapes beyond the necessary."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def definition_hash(definition: Mapping[str, Any]) -> str:
    """SHA-256 over canonical JSON (UTF-8) of the pinned members, hex."""
    return _hashed(canonical(pinned_members(definition)))


def _made(name: str, value: dict[str, Any]) -> Definition:
    pinned = pinned_members(value)
    text = canonical(pinned)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise DefinitionError("The definition holds half of a surrogate pair.") from None
    body = canonical({key: member for key, member in pinned.items() if key not in ("name", "title")})
    return Definition(name=name, text=text, hash=_hashed(text), body_hash=_hashed(body))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DefinitionError("A member stands twice in one object of the definition.")
    return found


def _refuse_constant(_name: str) -> NoReturn:
    raise DefinitionError("The definition holds a number that JSON does not have.")


def _check_bounds(value: Any) -> None:
    level: list[Any] = [value]
    depth = nodes = 0
    while level:
        depth, nodes = depth + 1, nodes + len(level)
        if depth > DEPTH_MAX:
            raise DefinitionError(f"The definition is nested more than {DEPTH_MAX} deep.")
        if nodes > NODES_MAX:
            raise DefinitionError(f"The definition holds more than {NODES_MAX:,} values.")
        if any(isinstance(node, float) and not math.isfinite(node) for node in level):
            raise DefinitionError("The definition holds a number that is too large.")
        level = [child for node in level for child in _children(node)]


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()
