"""A large mapping with changes on top is what a dictionary with the same changes would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.state.layered import CHANGES_MAX, Layered, layered

_KEYS = st.integers(0, 12)
_CHANGES = st.dictionaries(_KEYS, st.none() | st.integers())


@given(st.dictionaries(_KEYS, st.integers()), st.lists(_CHANGES, max_size=6))
def test_it_reads_like_the_dictionary_it_stands_for(base: dict[int, int], rounds: list[dict[int, int | None]]) -> None:
    """Whatever is changed, added, taken away and put back: look-up, length, order-free content, and the mapping before stays as it was."""
    found: Layered[int, int] = layered(base)
    expected = dict(base)
    for changes in rounds:
        before, kept = found, dict(found)
        found = found.with_changes(changes)
        expected = {key: value for key, value in {**expected, **changes}.items() if value is not None}
        assert dict(before) == kept
    assert found == expected and len(found) == len(expected)
    assert sorted(found) == sorted(expected) and sorted(found.items()) == sorted(expected.items())
    for key in range(13):
        assert (key in found, found.get(key), found.get(key, -1)) == (key in expected, expected.get(key), expected.get(key, -1))
        if key not in expected:
            with pytest.raises(KeyError):
                found[key]
        else:
            assert found[key] == expected[key]


def test_many_changes_are_merged_and_nothing_is_lost() -> None:
    """Above the limit one copy is made; those who hold the mapping before go on with it."""
    base = {number: number for number in range(10)}
    found = layered(base)
    for number in range(2 * CHANGES_MAX):
        found = found.with_changes({number: None if number % 3 == 0 else -number})
        assert len(found._changes) <= CHANGES_MAX
    expected = {number: -number for number in range(2 * CHANGES_MAX) if number % 3}
    assert found == expected and len(found) == len(expected)
    assert base == {number: number for number in range(10)}


def test_what_is_layered_already_is_not_wrapped_again() -> None:
    """Otherwise each change would make look-ups slower."""
    first = layered({1: 1})
    assert layered(first) is first
    assert first.with_changes({2: 2})._base is first._base
