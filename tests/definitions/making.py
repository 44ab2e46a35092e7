"""Definitions for the tests of this folder."""

import json
from typing import Any

from hypothesis import strategies as st

from gatebook.definitions.definition import Definition, read

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(-2, 2)
    | st.text(max_size=4)
    | st.sampled_from(["string", "number", "object"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6
)
_bounds = st.integers(0, 3) | st.floats(0, 3) | values


def _with(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from(["a", "b", "c/d"]), inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["string", "integer", "number", "object", ["string", "null"], "odd"]) | values,
            "enum": st.lists(leaves, max_size=3) | values,
            "const": leaves,
            "required": st.lists(st.sampled_from(["a", "b"]), max_size=2) | values,
            "maximum": _bounds,
            "minLength": _bounds,
            "pattern": st.sampled_from(["a", "b"]),
            "uniqueItems": st.booleans() | values,
            "properties": named | values,
            "patternProperties": named,
            "$defs": named,
            "additionalProperties": inner,
            "items": inner,
            "not": inner,
            "if": inner,
            "anyOf": st.lists(inner, max_size=3) | values,
            "allOf": st.lists(inner, max_size=3),
            "prefixItems": st.lists(inner, max_size=2),
            "description": st.text(max_size=8) | values,
            "x-own": values,
        },
    )


schemas = st.recursive(st.booleans() | st.just({}) | values, _with, max_leaves=5)
tools = st.fixed_dictionaries(
    {"name": st.sampled_from(["read", "write", "send"])},
    optional={
        "title": st.text(max_size=5) | values,
        "description": st.text(max_size=12) | values,
        "inputSchema": schemas,
        "outputSchema": schemas,
        "annotations": st.dictionaries(
            st.sampled_from(["readOnlyHint", "destructiveHint", "title", "x"]), st.booleans() | values, max_size=3
        )
        | values,
        "icons": values,
    },
)


def definition(name: str, description: str = "", schema: Any = None, **more: Any) -> Definition:
    """Return a definition that was read from JSON."""
    value = {"name": name, "description": description, "inputSchema": schema or {"type": "object"}, **more}
    return read(json.dumps(value, ensure_ascii=False).encode())


def of(value: Any) -> Definition:
    """Return the definition that a JSON value is."""
    return read(json.dumps(value).encode())
