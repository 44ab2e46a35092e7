"""The query as text and as chips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import filters
from gatebook.index.rows import FullRow
from gatebook.query import QueryError, matches, parse
from gatebook.query.tree import Compare, Everything


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", []),
        ("connector:crm -status:ok", ["connector:crm", "-status:ok"]),
        ('person:"Ann Lee" free', ['person:"Ann Lee"', "free"]),
        ("(a OR b) AND c", ["(a OR b)", "c"]),
        ("a OR b c", ["a OR b c"]),
        ("NOT status:ok x", ["-status:ok", "x"]),
        ("status:(ok, blocked) x", ["status:(ok, blocked)", "x"]),
        ('status:"unclosed', ['status:"unclosed']),
    ],
)
def test_filters_are_split_at_the_top_only(text: str, terms: list[str]) -> None:
    """Brackets, quotations and lists stay whole; an alternative is one filter."""
    assert [term.text for term in filters.split(text)] == terms


@given(st.text(max_size=40))
def test_splitting_never_changes_the_meaning(text: str) -> None:
    """What parses means the same after it was split and joined."""
    try:
        tree = parse(text).tree
    except QueryError:
        filters.split(text)
        return
    assert repr(parse(filters.join(filters.split(text))).tree) == repr(tree)


@given(st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()))
def test_any_value_can_be_picked(value: str) -> None:
    """A value from a facet becomes a filter that asks for exactly this value, whatever characters it holds."""
    tree = parse(filters.only("session", value)).tree
    assert tree == Compare("session", "eq", value)


@pytest.mark.parametrize("value", ["", "crm", 'say "no"', "a*b", "x OR y"])
def test_only_and_excluded_are_opposites(value: str) -> None:
    """Each row is found by exactly one of the two filters of a facet's value."""
    for connector in ("", "crm", 'say "no"', "a*b", "x OR y", "other"):
        row = FullRow(call_id="0", time=0, connector=connector)
        only = matches(parse(filters.narrowed("", "connector", value)), row)
        assert only is (connector == value)
        assert matches(parse(filters.excluded("", "connector", value)), row) is not only


def test_picking_replaces_what_was_said_of_the_field() -> None:
    """Click means only this value: other filters stay, the field's own go."""
    assert filters.narrowed("status:ok connector:git -connector:crm x", "connector", "files") == "status:ok x connector:files"


def test_a_filter_is_flipped_and_removed() -> None:
    """Chips negate and remove one filter each."""
    assert filters.flipped("status:ok") == "-status:ok"
    assert filters.flipped("-status:ok") == "status:ok"
    assert filters.without("a b c", 1) == "a c"
    assert parse(filters.without("a", 0)).tree == Everything()
