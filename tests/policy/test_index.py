"""The index of selectors."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gatebook.policy.index import Index
from gatebook.policy.request import Request
from gatebook.policy.selectors import Matcher, Selector
from tests.policy import cast
from tests.policy.cast import PACKS, asking

BY_NAME = {pack.name: pack for pack in PACKS}


@given(selectors=st.lists(cast.selectors, max_size=12), requests=st.lists(cast.requests, min_size=1, max_size=4))
@settings(max_examples=100)
def test_the_index_finds_what_each_matcher_takes(selectors: list[Selector], requests: list[Request]) -> None:
    """In their order, also when it has answered before and remembers names."""
    index = Index(selectors, BY_NAME)
    matchers = [Matcher(selector, BY_NAME) for selector in selectors]
    for request in requests + requests:
        assert list(index.matching(request)) == [n for n, matcher in enumerate(matchers) if matcher.static_miss(request) is None]


def test_names_that_callers_make_up_do_not_fill_memory() -> None:
    """Only so many names are remembered, and none that is long."""
    index = Index([Selector(tools=("a*", "*b*"), packs=("readers",))], BY_NAME)
    for number in range(25_000):
        list(index.matching(asking(f"ab{number}")))
    list(index.matching(asking("ab" * 10_000)))
    assert len(index._tools._known) <= 10_000 and len(index._in_packs) <= 10_000
    assert max(map(len, index._tools._known)) < 300


def test_an_empty_index_finds_nothing() -> None:
    """Without selectors there is nothing to meet."""
    assert list(Index([], {}).matching(asking())) == []
