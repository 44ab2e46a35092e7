"""Arguments as conditions see them."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.policy.arguments import BYTES_MAX, DEPTH_MAX, Arguments
from gatebook.policy.engine import ConditionFailed
from tests.policy.strict_json import strict_object

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=5)


@given(given_object=objects, indent=st.sampled_from([None, 2]), ascii_only=st.booleans())
def test_what_was_sent_is_what_is_read(given_object: dict[str, object], indent: int | None, ascii_only: bool) -> None:
    """All members, or those that are named, whatever they hold and however they are laid out."""
    arguments = Arguments(json.dumps(given_object, indent=indent, ensure_ascii=ascii_only).encode())
    assert arguments.all() == given_object
    chosen = frozenset(list(given_object)[:2]) | {"missing key"}
    assert arguments.only(chosen) == {key: given_object[key] for key in chosen if key in given_object}


@st.composite
def raw_objects(draw: st.DrawFn, depth: int = 2) -> str:
    """Draw JSON in which a key may stand twice, also written in two ways."""
    members = draw(st.lists(st.tuples(st.sampled_from(["a", "b", "\\u0061", ":", '\\"']), raw_values(depth)), max_size=3))
    return "{" + ",".join(f'"{key}" : {value}' for key, value in members) + "}"


def raw_values(depth: int) -> st.SearchStrategy[str]:
    """Draw the text of a value."""
    leaves = st.sampled_from(["1", '":"', '"{\\"a\\":1}"', "null"])
    if not depth:
        return leaves
    return st.one_of(
        leaves, raw_objects(depth - 1), st.lists(raw_objects(depth - 1), max_size=2).map(lambda all: "[" + ",".join(all) + "]")
    )


@given(raw_objects())
def test_a_key_that_stands_twice_is_no_answer(raw: str) -> None:
    """At any depth: what the connector would take of the two is not known. Everything else is read as a strict reader does."""
    try:
        expected = strict_object(raw.encode())
    except ValueError:
        with pytest.raises(ConditionFailed, match="twice"):
            Arguments(raw.encode()).all()
    else:
        assert Arguments(raw.encode()).all() == expected


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    """Nothing but ConditionFailed comes out of bytes that are no JSON object."""
    try:
        assert isinstance(Arguments(raw).all(), dict)
    except ConditionFailed:
        pass


@pytest.mark.parametrize("raw", [b"[1]", b"1", b"{", b'{"a":NaN}', b'{"a":"\\ud800"}', b'{"a":1} x', b'"a"', b'{"a":\xff}'])
def test_what_is_no_object_of_json_fails_again_and_again(raw: bytes) -> None:
    """Also the second condition of a decision gets no answer."""
    arguments = Arguments(raw)
    for _ in range(2):
        with pytest.raises(ConditionFailed):
            arguments.all()


@pytest.mark.parametrize("raw", [None, b"", b"null", b" null ", b"{}"])
def test_no_arguments_are_an_empty_object(raw: bytes | None) -> None:
    """A call may leave them out."""
    assert Arguments(raw).all() == {}


def test_depth_and_size_are_bounded() -> None:
    """What is too deep or too large fails when it is read, and costs nothing when it is not."""
    deep = b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1)
    flat = b"[" + b"[]," * 200 + b"[]]"
    large = b'"' + b"x" * BYTES_MAX + b'"'
    arguments = Arguments(b'{"deep":' + deep + b',"flat":' + flat + b',"large":' + large + b',"small":1}')
    assert arguments.only(frozenset({"small"})) == {"small": 1}
    assert len(arguments.only(frozenset({"flat"}))["flat"]) == 201
    for key, word in (("deep", "deeper"), ("large", "larger")):
        with pytest.raises(ConditionFailed, match=word):
            arguments.only(frozenset({key}))
    with pytest.raises(ConditionFailed):
        Arguments(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}").all()


def test_hostile_texts_take_linear_time() -> None:
    """Megabytes of quotes and backslashes are passed over quickly."""
    began = time.process_time()
    raw = b'{"small":1,"x":"' + b'\\"\\\\:' * 500_000 + b'"}'
    assert Arguments(raw).only(frozenset({"small"})) == {"small": 1}
    assert time.process_time() - began < 2
