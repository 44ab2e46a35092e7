"""JSON as a strict reader takes it: an object, no key twice."""

import json
from typing import Any


def strict_object(raw: bytes | None) -> dict[str, Any]:
    """Read arguments. Raises ValueError for anything that two readers could understand differently."""
    if raw is None:
        return {}

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    value = json.loads(raw, object_pairs_hook=once)
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value
