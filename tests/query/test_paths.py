"""Arguments by path."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gatebook.query.paths import DEPTH_MAX, PAIRS_MAX, PATH_CHARS_MAX, SEPARATOR, VALUE_CHARS_MAX, pairs, path_of, value_of

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)


def test_values_stand_beside_their_paths() -> None:
    """Keys are joined by dots, lists add nothing, both sides are folded."""
    data = b'{"Repo":"ACME/x","limit":100,"who":{"name":"Ann","tags":["A",{"b":null}]},"on":true,"r":1.5}'
    assert [pair.split(SEPARATOR) for pair in pairs(data)] == [
        ["repo", "acme/x"], ["limit", "100"], ["who.name", "ann"], ["who.tags", "a"], ["who.tags.b", "null"], ["on", "true"], ["r", "1.5"],
    ]  # fmt: skip


def test_everything_has_a_limit() -> None:
    """Long values are cut; long paths, deep ones and those after many others are left out."""
    deep = "[" * (DEPTH_MAX + 1) + "1" + "]" * (DEPTH_MAX + 1)
    assert pairs(deep.encode()) == ()
    assert len(pairs(json.dumps({"a": list(range(PAIRS_MAX + 5))}).encode())) == PAIRS_MAX
    assert pairs(json.dumps({"k" * (PATH_CHARS_MAX + 1): 1}).encode()) == ()
    assert pairs(json.dumps({"k": "v" * 1000}).encode()) == (f"k{SEPARATOR}{'v' * VALUE_CHARS_MAX}",)


def test_a_separator_inside_cannot_pretend_to_be_one() -> None:
    """A key with U+001F does not move the border between path and value."""
    (pair,) = pairs(json.dumps({"a\x1fb": "c\x1fd"}).encode())
    assert pair.split(SEPARATOR, 1) == ["a b", "c\x1fd"]


@given(TREES)
def test_pairs_hold_their_bounds(tree: object) -> None:
    """Any JSON gives pairs within the limits, each folded as a query is."""
    for pair in pairs(json.dumps(tree).encode()):
        path, value = pair.split(SEPARATOR, 1)
        assert path == path_of(path)
        assert value == value_of(value)


@given(st.binary(max_size=300))
def test_any_bytes_give_pairs_or_none(data: bytes) -> None:
    """What is not JSON has no pairs."""
    assert all(SEPARATOR in pair for pair in pairs(data))
