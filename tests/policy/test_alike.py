"""People who are alike."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.alike import Crowd, about
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.reach import reach
from gatebook.policy.request import HINTS, Request
from tests.policy import cast
from tests.policy.cast import ENGINE, NOON_US

TOOLS = {"crm": [(tool, HINTS) for tool in cast.TOOLS]}


@given(sources=cast.sources, people=st.lists(cast.requests, max_size=8))
@settings(max_examples=100)
def test_what_holds_for_one_holds_for_all_of_a_class(sources: Sources, people: list[Request]) -> None:
    """Each person is in exactly one class, and reaches what its representative reaches."""
    people = [replace(who, client="", time_us=NOON_US) for who in people]
    bundle = Bundle.compile(sources, ENGINE)
    classes = Crowd(people).classes(sources)
    assert sorted(number for some in classes for number in some.members) == list(range(len(people)))
    for some in classes:
        wanted = list(reach(bundle, some.one, TOOLS))
        assert all(
            [one.outcome for one in reach(bundle, people[number], TOOLS)] == [one.outcome for one in wanted] for number in some.members
        )


@given(sources=cast.sources, people=st.lists(cast.requests, max_size=6), tool=st.sampled_from(cast.TOOLS))
@settings(max_examples=100)
def test_the_part_about_a_tool_is_enough_to_tell_people_apart(sources: Sources, people: list[Request], tool: str) -> None:
    """Classes by that part hold for the whole configuration."""
    people = [replace(who, client="", time_us=NOON_US) for who in people]
    part = about(sources, "crm", tool)
    asked = {"crm": [(tool, HINTS)]}
    bundle = Bundle.compile(sources, ENGINE)
    for some in Crowd(people).classes(part):
        outcomes = {next(reach(bundle, people[number], asked)).outcome for number in some.members}
        assert len(outcomes) == 1


def test_groups_that_nobody_asks_about_make_no_class() -> None:
    """A thousand people in a hundred groups are one class where one group matters, two when one of them is named."""
    people = [Request(connector="", person=f"p{number}", groups=("sales", f"g{number % 100}")) for number in range(1000)]
    sources = cast.bundle(access=cast.everyone("crm")).sources
    assert len(Crowd(people).classes(sources)) == 1
    rule = cast.Rule(id="r", effect="deny", selector=cast.Selector(people=("P7",)))
    assert len(Crowd(people).classes(cast.bundle(rule).sources)) == 2
