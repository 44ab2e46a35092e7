"""Which conditions are a facet's own."""

import pytest

from gatebook.query import parse
from gatebook.query.tree import Everything
from gatebook.reading.facets import BAND, without_own


@pytest.mark.parametrize(
    ("text", "facet", "rest"),
    [
        ("status:ok", "status", ""),
        ("status:ok connector:crm", "status", "connector:crm"),
        ("-status:ok connector:crm tool:x", "status", "connector:crm tool:x"),
        ("status:(ok,open) NOT (status:ok OR status:open) a", "status", "a"),
        ("(status:ok OR connector:crm) tool:x", "status", "(status:ok OR connector:crm) tool:x"),
        ("duration:>2s a", BAND, "a"),
        ("person:ann email:x a", "person", "a"),
        ("a", "status", "a"),
        ("", "status", ""),
    ],
)
def test_what_is_left_of_a_query_without_a_facets_own_filter(text: str, facet: str, rest: str) -> None:
    """Only conditions on that field alone go."""
    assert without_own(parse(text), facet).tree == parse(rest).tree


def test_nothing_left_is_everything() -> None:
    """A query of nothing but the facet's filter counts over all calls."""
    assert without_own(parse("status:ok status:open"), "status").tree == Everything()
