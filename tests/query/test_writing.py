"""Values written as query text read back as themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.query import parse
from gatebook.query.tree import And, Compare, Exists, Not, Or
from gatebook.query.writing import both, term

VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(VALUES)
def test_a_value_reads_back_as_itself(value: str) -> None:
    """Whatever stands in it: quotation marks, wildcards, operators, brackets, line ends."""
    assert parse(term("session", value)).tree == Compare("session", "eq", value)


def test_no_value_asks_for_calls_without_one() -> None:
    """The empty value is written as the absence of the field."""
    assert parse(term("client", "")).tree == Not(Exists("client"))


@given(VALUES)
def test_filters_are_added_to_the_whole_query(value: str) -> None:
    """An alternative is bracketed before something is added to it."""
    added = term("session", value)
    tree = parse(both("tool:a OR tool:b", added, "status:ok")).tree
    assert isinstance(tree, And) and isinstance(tree.items[0], Or) and tree.items[1] == Compare("session", "eq", value)


@pytest.mark.parametrize(
    ("text", "more", "written"),
    [
        ("", ("status:ok",), "status:ok"),
        ("tool:a", (), "tool:a"),
        ("  ", ("", "a:b"), "a:b"),
        ("tool:a", ("", "status:ok"), "tool:a status:ok"),
    ],
)
def test_what_says_nothing_is_left_out(text: str, more: tuple[str, ...], written: str) -> None:
    """No brackets without need."""
    assert both(text, *more) == written
