"""Selectors that take all that others take."""

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from gatebook.policy.request import Request
from gatebook.policy.selectors import Matcher, Selector, UnknownSource
from gatebook.policy.shadow import takes_all_of
from tests.policy import cast
from tests.policy.cast import PACKS

BY_NAME = {pack.name: pack for pack in PACKS}


def takes(selector: Selector, request: Request) -> bool | None:
    """Whether a selector takes a request; None where that is not known."""
    try:
        return Matcher(selector, BY_NAME).matches(request)
    except UnknownSource:
        return None


@given(wide=cast.selectors, narrow=cast.selectors, request=cast.requests)
@settings(max_examples=400)
def test_what_the_narrow_one_takes_the_wide_one_takes(wide: Selector, narrow: Selector, request: Request) -> None:
    """Whenever it says so, it is so, for every request."""
    # Two selectors of independent chance are seldom inside one another, so half of each pair is made from the other.
    for outer, inner in (
        (wide, narrow),
        (replace(narrow, tools=wide.tools, groups=()), narrow),
        (wide, replace(wide, tools=narrow.tools, people=("ana",))),
    ):
        if takes_all_of(outer, inner) and takes(inner, request):
            assert takes(outer, request)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        (Selector(), Selector(groups=("hr",)), True),
        (Selector(groups=("HR", "eng")), Selector(groups=("hr",)), True),
        (Selector(groups=("hr",)), Selector(), False),
        (Selector(tools=("get_*",)), Selector(tools=("get_all",), connectors=("crm",)), True),
        (Selector(tools=("*",)), Selector(), False),
        (Selector(not_groups=("admins",)), Selector(groups=("hr",)), False),
        (Selector(not_groups=("admins",)), Selector(groups=("hr",), not_groups=("Admins",)), True),
        (Selector(networks=("10.0.0.0/8",)), Selector(), False),
        (Selector(packs=("a", "b")), Selector(packs=("a",)), True),
        (Selector(clients=("CUR*",)), Selector(clients=("cursor",)), True),
    ],
)
def test_the_usual_pairs(wide: Selector, narrow: Selector, expected: bool) -> None:
    """Fewer conditions take more; exceptions of the wide one must be those of the narrow one."""
    assert takes_all_of(wide, narrow) is expected
