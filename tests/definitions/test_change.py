"""A change is safe to show, and short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.change import MISSING, VALUE_CHARACTERS_MAX, changed, quoted, shown, step, turned
from gatebook.definitions.characters import hidden
from tests.definitions.making import values


@given(st.text(), st.text(), values)
def test_no_text_of_a_connector_hides_in_a_change(path: str, text: str, value: object) -> None:
    """Path, sentence and values show what they hold."""
    made = changed(path, "text", (text, value), text)
    assert not any(hidden(part or "") for part in (made.path, made.text, made.before, made.after))


def test_severity_is_that_of_the_kind_unless_given() -> None:
    """What widens is high."""
    assert changed("", "widened", (1, 2), "").severity == "high"
    assert changed("", "widened", (1, 2), "", "low").severity == "low"


def test_words_are_compared_where_there_are_two_texts() -> None:
    """And only for the kind that is about text."""
    assert changed("", "text", ("a", "b"), "").words and not changed("", "text", (MISSING, "b"), "").words
    assert not changed("", "schema", ("a", "b"), "").words


def test_nothing_is_not_null() -> None:
    """A member that is missing has no JSON; null has."""
    assert shown(MISSING) is None and shown(None) == "null"


def test_values_names_and_paths_are_cut() -> None:
    """Each at its own length, and a pointer only between its steps."""
    assert len(shown("x" * 1000) or "") == VALUE_CHARACTERS_MAX and len(quoted("x" * 1000)) == 80
    path = step(step("/a", "x" * 400), "b")
    assert path == "/a/…"


@pytest.mark.parametrize(("key", "pointer"), [("a", "/p/a"), ("a/b", "/p/a~1b"), ("~", "/p/~0"), (3, "/p/3")])
def test_pointers_are_escaped(key: str | int, pointer: str) -> None:
    """As RFC 6901 says."""
    assert step("/p", key) == pointer


def test_a_change_can_mean_another_thing_where_it_stands() -> None:
    """Its kind and severity change and it says why, once."""
    made = changed("/a", "widened", (1, 2), "Grown")
    again = turned(turned(made, "narrowed"), "schema")
    assert (again.kind, again.severity, again.before, again.after) == ("schema", "medium", "1", "2")
    assert again.text == "Grown (below a negation or condition)"
