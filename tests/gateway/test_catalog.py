"""What a connector has listed is known by content, within bounds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound

from gatebook.definitions.definition import definition_hash
from gatebook.gateway import catalog

TOOL: dict[str, Any] = {"name": "t", "description": "Does é.", "inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}}}


def learned(method: str, result: Any) -> catalog.Catalog:
    """Return a catalog that has seen one list."""
    known = catalog.Catalog()
    known.learn(method, json.dumps(result).encode())
    return known


def test_the_hash_is_of_content_not_of_form() -> None:
    """Order of keys, blanks and escapes do not count; neither does _meta."""
    shuffled = json.loads(json.dumps(dict(reversed(TOOL.items())), indent=3))
    for same in (TOOL, shuffled, TOOL | {"_meta": {"x": 1}}):
        assert learned("tools/list", {"tools": [same]}).tools["t"].hash == definition_hash(TOOL)


def test_a_definition_that_cannot_be_pinned_is_not_known() -> None:
    """A name that was known does not keep its old definition: what cannot be approved cannot be called."""
    known = learned("tools/list", {"tools": [TOOL]})
    known.learn("tools/list", b'{"tools":[{"name":"t","description":"x","description":"y"}]}')
    assert "t" not in known.tools


@pytest.mark.parametrize(
    "result", ["x", [], {"tools": "x"}, {"tools": [1, None, "x", {"name": 5}, {}, {"name": "ok", "inputSchema": "x"}]}, {"tools": {"a": 1}}]
)
def test_lists_of_odd_shapes_are_no_error(result: Any) -> None:
    """Entries without a name are left out; the others count."""
    assert set(learned("tools/list", result).tools) <= {"ok"}


def test_the_catalog_is_bounded() -> None:
    """A connector that lists without end is known in part."""
    known = learned("tools/list", {"tools": [{"name": str(number)} for number in range(10_050)]})
    assert len(known.tools) == 10_000
    known.learn("tools/list", json.dumps({"tools": [{"name": "5", "description": "new"}, {"name": "one more"}]}).encode())
    assert known.tools["5"].hash == definition_hash({"name": "5", "description": "new"}) and "one more" not in known.tools


def test_resources_are_known_by_address_and_template() -> None:
    """An address that was listed, or begins like a template, belongs to the connector."""
    known = learned("resources/list", {"resources": [{"uri": "a://1"}, {"uri": 5}, "x"]})
    known.learn(
        "resources/templates/list",
        b'{"resourceTemplates":[{"uriTemplate":"b://{id}"},{"uriTemplate":"c://fixed"},{"uriTemplate":"{all}"}]}',
    )
    assert [known.has_resource(uri) for uri in ("a://1", "a://2", "b://7", "c://fixed2")] == [True, False, True, False]


leaves = st.fixed_dictionaries(
    {"type": st.sampled_from(["string", "integer", "boolean", "number", "object"])},
    optional={"x-mcp-header": st.sampled_from(["A", "B-2", "a", "bad token", "", 5])},
)
schemas = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.sampled_from("pqr"), inner, max_size=3),
            "items": inner,
            "anyOf": st.lists(inner, max_size=2),
        },
    ),
    max_leaves=8,
)


@given(schemas)
def test_declared_headers_are_those_of_the_sdk(schema: dict[str, Any]) -> None:
    """A schema that the SDK takes declares the same headers here; one that it refuses declares none."""
    expected = inbound.x_mcp_header_map(schema) if inbound.find_invalid_x_mcp_header(schema) is None else {}
    assert {path: token for path, (token, _) in catalog.declared_headers(schema).items()} == expected
