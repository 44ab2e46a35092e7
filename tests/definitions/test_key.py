"""Keys of tools: safe in an address, and of one tool only."""

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.key import KEY_PATTERN, key_of


@given(st.text(min_size=1, max_size=300))
def test_a_key_needs_no_escape_and_names_no_folder(name: str) -> None:
    """Whatever the name, its key is one step of a path as it stands."""
    key = key_of(name)
    assert re.fullmatch(KEY_PATTERN, key) and quote(key, safe="") == key and key not in (".", "..")


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_different_tools_have_different_keys(one: str, other: str) -> None:
    """No name can take the key of another."""
    assert (key_of(one) == key_of(other)) == (one == other)


@pytest.mark.parametrize(
    ("name", "own"), [("get_file", True), ("a.b-C_9", True), ("..", False), (".hidden", False), ("a/b", False), ("~abc", False)]
)
def test_ordinary_names_are_their_own_keys(name: str, own: bool) -> None:
    """Addresses stay readable where they can."""
    assert (key_of(name) == name) is own and key_of(name).startswith("~") is not own


def test_a_name_that_looks_like_a_key_has_another() -> None:
    """A tool that is named after the key of a tool is not taken for it."""
    victim = key_of("a/b")
    assert key_of(victim) != victim
