"""Whether a schema lets more pass than before, less, or neither can be told."""

from typing import Any

import pytest
from hypothesis import given

from gatebook.definitions.change import MISSING
from gatebook.definitions.schemas import schema_changes
from tests.definitions.making import schemas

WIDER: list[tuple[Any, Any]] = [
    ({"properties": {}}, {"properties": {"bcc": {}}}),
    ({}, {"properties": {"bcc": {"type": "string"}}}),
    ({"required": ["a", "b"]}, {"required": ["a"]}),
    ({"required": ["a"]}, {}),
    ({"additionalProperties": False}, {}),
    ({"additionalProperties": False}, {"additionalProperties": True}),
    ({"additionalProperties": False}, {"additionalProperties": {"type": "string"}}),
    ({"additionalProperties": {"type": "string"}}, {"additionalProperties": True}),
    ({"additionalProperties": {"type": "string"}}, {"additionalProperties": {}}),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}),
    ({"enum": ["a"]}, {}),
    ({"const": "a"}, {"enum": ["a", "b"]}),
    ({"type": "string"}, {"type": ["string", "null"]}),
    ({"type": "integer"}, {"type": "number"}),
    ({"type": "integer"}, {}),
    ({"maximum": 5}, {"maximum": 6}),
    ({"maximum": 5}, {}),
    ({"minLength": 5}, {"minLength": 4}),
    ({"pattern": "^a"}, {}),
    ({"format": "email"}, {}),
    ({"uniqueItems": True}, {"uniqueItems": False}),
    ({"items": {"type": "string"}}, {}),
    ({"items": {"maximum": 1}}, {"items": {"maximum": 2}}),
    ({"anyOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    ({"anyOf": [{"maximum": 1}, {"type": "null"}]}, {"anyOf": [{"type": "null"}, {"maximum": 2}]}),
    ({"allOf": [{"type": "string"}, {"maxLength": 1}]}, {"allOf": [{"type": "string"}]}),
    ({"not": {"type": ["string", "null"]}}, {"not": {"type": "string"}}),
    ({"not": {"type": "string"}}, {}),
    ({"properties": {"a": {"properties": {"b": {"maximum": 1}}}}}, {"properties": {"a": {"properties": {"b": {}}}}}),
    ({"$defs": {"a": {"maximum": 1}}}, {"$defs": {"a": {"maximum": 2}}}),
    (False, True),
    (False, {"type": "string"}),
    ({"type": "string"}, {}),
    ({"type": "string"}, MISSING),
]
UNCERTAIN: list[tuple[Any, Any]] = [
    ({"pattern": "^a"}, {"pattern": "b"}),
    ({"$ref": "#/a"}, {"$ref": "#/b"}),
    ({"default": 1}, {"default": 2}),
    ({"x-own": 1}, {}),
    ({"if": {"maximum": 1}}, {"if": {"maximum": 2}}),
    ({"type": 5}, {"type": "string"}),
    ({"maximum": "5"}, {"maximum": 6}),
    ({"properties": []}, {"properties": {"a": {}}}),
    ({"required": "a"}, {"required": []}),
    ({"enum": "a"}, {"enum": ["a"]}),
    ({"anyOf": {}}, {"anyOf": []}),
    ({"$defs": {}}, {"$defs": {"a": {}}}),
    ("x", {}),
]
SAME: list[tuple[Any, Any]] = [
    ({"required": ["a", "b"]}, {"required": ["b", "a"]}),
    ({"enum": [1, 2]}, {"enum": [2, 1]}),
    ({"const": 1}, {"enum": [1]}),
    ({"type": "string"}, {"type": ["string"]}),
    ({"additionalProperties": True}, {}),
    ({"properties": {}}, {}),
    ({"maximum": 5}, {"maximum": 5.0}),
    ({"properties": {"a": True}}, {"properties": {"a": {}}}),
]


def kinds(before: Any, after: Any) -> set[tuple[str, str]]:
    """Kinds and severities of all changes."""
    return {(change.kind, change.severity) for change in schema_changes("/s", before, after)}


@pytest.mark.parametrize(("narrow", "wide"), WIDER)
def test_what_is_wider_is_narrower_the_other_way_round(narrow: Any, wide: Any) -> None:
    """And nothing else is said about it."""
    assert kinds(narrow, wide) == {("widened", "high")}
    assert kinds(wide, narrow) == {("narrowed", "low")}


@pytest.mark.parametrize(("before", "after"), UNCERTAIN)
def test_what_cannot_be_told_is_said_to_have_changed(before: Any, after: Any) -> None:
    """In both directions, malformed schemas among it."""
    assert kinds(before, after) == kinds(after, before) == {("schema", "medium")}


@pytest.mark.parametrize(("before", "after"), SAME)
def test_another_way_of_writing_is_a_small_change(before: Any, after: Any) -> None:
    """The hash changed, so there is something to say, but little."""
    assert kinds(before, after) == kinds(after, before) == {("schema", "low")}


def test_a_value_for_another_widens_and_narrows() -> None:
    """Both are told, each with the values it is about."""
    found = list(schema_changes("/s", {"enum": ["a", "b"]}, {"enum": ["a", "c"]}))
    assert [(change.kind, change.text) for change in found] == [
        ("widened", '/s/enum accepts more values: "c"'),
        ("narrowed", '/s/enum accepts fewer values: without "b"'),
    ]


def test_true_is_not_one() -> None:
    """Values are compared as JSON compares them."""
    assert kinds({"enum": [True]}, {"enum": [1]}) == {("widened", "high"), ("narrowed", "low")}


def test_texts_are_compared_by_words() -> None:
    """Descriptions of parameters are read by models, too."""
    (change,) = schema_changes("/s", {"properties": {"a": {"description": "x y"}}}, {"properties": {"a": {"description": "x z"}}})
    assert (change.kind, change.path) == ("text", "/s/properties/a/description") and len(change.words) == 3


@given(schemas)
def test_a_schema_does_not_differ_from_itself(schema: Any) -> None:
    """Nothing changed where nothing changed."""
    assert list(schema_changes("/s", schema, schema)) == []
