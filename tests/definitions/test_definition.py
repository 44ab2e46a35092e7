"""A definition is read within bounds, and its hash is of content."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions import definition as subject
from gatebook.definitions.definition import DefinitionError, canonical, definition_hash, members, pinned_members, read
from tests.definitions.making import definition, of, tools

TOOL: dict[str, Any] = {"name": "t", "description": "Does é.", "inputSchema": {"type": "object"}}


def nested(depth: int) -> bytes:
    """A definition whose innermost value lies so many levels deep, the definition itself being the first."""
    return b'{"name":"t","x":' + b"[" * (depth - 2) + b"1" + b"]" * (depth - 2) + b"}"


def test_the_hash_is_sha_256_of_the_canonical_text() -> None:
    """Anybody can compute it again: sorted keys, no blanks, UTF-8 without escapes."""
    text = '{"description":"Does é.","inputSchema":{"type":"object"},"name":"t"}'
    made = read(json.dumps(TOOL, indent=3).encode())
    assert made.text == text == canonical(pinned_members(TOOL))
    assert made.hash == definition_hash(TOOL) == hashlib.sha256(text.encode()).hexdigest()


@given(tools)
def test_reading_and_hashing_agree(tool: dict[str, Any]) -> None:
    """What was read has the hash of its value, its members, and the same again when its text is read."""
    made = of(tool)
    assert made.hash == definition_hash(tool)
    assert members(made) == pinned_members(tool)
    assert read(made.text.encode()) == made


def test_what_no_model_sees_does_not_count() -> None:
    """`_meta` and unknown members change nothing; a lone surrogate has a hash, though it cannot be read."""
    assert of(TOOL | {"_meta": {"x": 1}, "own": 2}) == of(TOOL)
    assert len(definition_hash({"name": "t", "description": "\ud800"})) == 64


@pytest.mark.parametrize("key", ["title", "description", "inputSchema", "outputSchema", "annotations", "icons"])
def test_every_pinned_member_changes_the_hash(key: str) -> None:
    """The body hash ignores the title and the name, the hash nothing."""
    changed = of(TOOL | {key: {"other": True}})
    assert changed.hash != of(TOOL).hash
    assert (changed.body_hash == of(TOOL).body_hash) is (key == "title")
    assert definition("a", "x").body_hash == definition("b", "x").body_hash


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not JSON"),
        (b"\xff{}", "not JSON"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        ('{"name":"t"}'.encode("utf-16"), "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "no name"),
        (b'{"name":""}', "no name"),
        (b'{"name":5}', "no name"),
        (b'{"name":"' + b"n" * 257 + b'"}', "no name"),
        (b'{"name":"t","name":"u"}', "twice"),
        (b'{"name":"t","inputSchema":{"a":1,"\\u0061":2}}', "twice"),
        (b'{"name":"t","x":NaN}', "number"),
        (b'{"name":"t","x":-Infinity}', "number"),
        (b'{"name":"t","x":1e999}', "too large"),
        (b'{"name":"t","x":' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"name":"t","title":"\\ud800"}', "surrogate"),
        (nested(subject.DEPTH_MAX + 1), "deep"),
        (b"[" * 200_000, "deep"),
        (b'{"name":"t","x":[' + b"1," * 50_000 + b"1]}", "values"),
        (b'{"name":"' + b"n" * 262_144 + b'"}', "bytes"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(raw: bytes, why: str) -> None:
    """The error says in a sentence what is wrong."""
    with pytest.raises(DefinitionError, match=why):
        read(raw)


def test_the_limits_themselves_are_allowed() -> None:
    """A definition may be as deep as the limit."""
    assert read(nested(subject.DEPTH_MAX)).name == "t"


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,name1e-\\u', max_size=40).map(str.encode))
def test_reading_raises_nothing_else(raw: bytes) -> None:
    """Whatever a connector sends is a definition or a DefinitionError."""
    try:
        assert read(raw).hash
    except DefinitionError as error:
        assert str(error).startswith(("The definition", "A member"))
