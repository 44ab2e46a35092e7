"""Texts with wildcards."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.query.wildcards import like


@pytest.mark.parametrize(
    ("value", "pattern", "fits"),
    [
        ("ann", "ann", True), ("ann", "an", False), ("ann", "a*", True), ("ann", "*n", True), ("ann", "a*n", True), ("an", "a*an", False),
        ("a.b.c", "a*b*c", True), ("abc", "*b*", True), ("", "*", True), ("aba", "ab*ba", False),
    ],
)  # fmt: skip
def test_stars_stand_for_any_characters(value: str, pattern: str, fits: bool) -> None:
    """Pieces do not overlap, and both ends are held."""
    assert like(value, pattern) is fits


@given(st.text("ab", max_size=12), st.text("ab*", max_size=6))
def test_it_means_what_the_regular_expression_means(value: str, pattern: str) -> None:
    """Taking each piece where it first stands misses nothing."""
    expression = ".*".join(re.escape(piece) for piece in pattern.split("*"))
    assert like(value, pattern) is (re.fullmatch(expression, value, re.DOTALL) is not None)


def test_no_pattern_takes_long() -> None:
    """What makes a backtracking matcher slow is done at once."""
    began = time.process_time()
    assert not like("a" * 100_000, "*a" * 10 + "*b")
    assert time.process_time() - began < 1
