"""Patterns of `*` and `?`."""

import time
from fnmatch import fnmatchcase

from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.policy.globs import covers, matches

words = st.text(alphabet="ab_*?", max_size=6)
names = st.text(alphabet="ab_", min_size=1, max_size=6)


@given(pattern=words, name=names)
def test_patterns_are_those_of_a_shell(pattern: str, name: str) -> None:
    """Stars and question marks mean what they mean in a shell; nothing else is special."""
    assert matches(pattern, name) == fnmatchcase(name, pattern)


def test_other_special_characters_are_plain() -> None:
    """Brackets and dots in a pattern are themselves; a line break is a character like any other."""
    assert matches("a.b[c]", "a.b[c]")
    assert not matches("a.b", "axb")
    assert matches("a*", "a\nb")


@given(wide=words, narrow=words, name=names)
@settings(max_examples=400)
def test_a_pattern_that_covers_another_takes_all_its_names(wide: str, narrow: str, name: str) -> None:
    """What fits the covered pattern fits the covering one."""
    if covers(wide, narrow) and matches(narrow, name):
        assert matches(wide, name)


def test_the_usual_patterns_are_seen_to_cover() -> None:
    """A longer beginning, a plain name and the pattern itself are covered; a shorter one is not."""
    assert covers("get_*", "get_all_*") and covers("get_?", "get_a") and covers("a?", "a?") and covers("*", "")
    assert not covers("get_*", "*") and not covers("get_?", "get_*") and not covers("get_all_*", "get_*")


def test_many_stars_take_no_longer_than_few() -> None:
    """A pattern that tries every combination elsewhere answers at once here."""
    began = time.process_time()
    assert not matches("*a" * 30 + "*b", "a" * 20_000)
    assert time.process_time() - began < 1
