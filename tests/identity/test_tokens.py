"""The shape of tokens."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.tokens import PATTERN, digest, is_well_formed, make_token


@given(random=st.binary(min_size=32, max_size=32))
def test_a_token_has_its_shape_and_sum(random: bytes) -> None:
    """Every token that is made can be told from other text offline."""
    token = make_token(random)
    assert re.fullmatch(r"gw_pat_[0-9A-Za-z]{36}", token)
    assert PATTERN.search(f"in {token} text")
    assert is_well_formed(token)


@given(random=st.binary(min_size=32, max_size=32), place=st.integers(7, 42), other=st.sampled_from("0aZ9"))
def test_a_changed_character_breaks_the_sum(random: bytes, place: int, other: str) -> None:
    """A typing mistake is malformed, not merely unknown."""
    token = make_token(random)
    changed = token[:place] + other + token[place + 1 :]
    assert is_well_formed(changed) == (changed == token)


def test_tokens_need_all_their_randomness() -> None:
    """A shorter random source is a mistake of the caller."""
    with pytest.raises(ValueError, match="32"):
        make_token(b"short")


def test_the_hash_is_sha256() -> None:
    """What is stored can be recomputed by anybody."""
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
