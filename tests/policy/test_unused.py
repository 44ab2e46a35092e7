"""What is given and not used, against counting it one by one."""

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.given import given, holds
from gatebook.policy.reach import reach
from gatebook.policy.request import HINTS, Request
from gatebook.policy.rules import Rule
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.policy.unused import Held, Use, Uses, held
from tests.policy import cast
from tests.policy.cast import ENGINE, NOON_US, bundle

TOOLS = {"crm": [(tool, HINTS) for tool in cast.TOOLS], "mail": [("list", HINTS)]}
PEOPLE = st.lists(cast.requests, max_size=6, unique_by=lambda who: who.person).map(
    lambda some: [replace(who, connector="", tool=None, client="", time_us=NOON_US) for who in some if who.person]
)
PLACES = st.tuples(st.sampled_from(["ana", "bob", "bot", "eve", "gone"]), st.sampled_from(["crm", "mail"]), st.sampled_from(cast.TOOLS))
USES = st.builds(
    Uses,
    by_person=st.dictionaries(PLACES, st.builds(Use, st.just(1), st.integers(1, 9), st.integers(1, 99)), max_size=6),
    by_group=st.dictionaries(
        st.tuples(st.sampled_from(cast.GROUPS), st.just("crm"), st.sampled_from(cast.TOOLS)),
        st.builds(Use, st.integers(1, 3), st.integers(1, 9), st.integers(1, 99)),
        max_size=3,
    ),
)


@drawn(sources=cast.sources, people=PEOPLE, uses=USES, young=st.sampled_from(["", "connector", "pack/readers"]))
@settings(max_examples=150)
def test_each_number_is_what_counting_gives(sources: Sources, people: list[Request], uses: Uses, young: str) -> None:
    """For every way: who may by asking the policies for each person, who did by looking at each call, and how young it is."""
    compiled = Bundle.compile(sources, ENGINE)
    found = held(compiled, people, TOOLS, uses, lambda one: 50 if one.through == young else 10, 40)
    by_id = {one.given.id: one for one in found}
    for way in given(sources, TOOLS):
        asked = {way.connector: [(way.tool, HINTS)]}
        able = [who for who in people if holds(who, way.holder) and next(reach(compiled, who, asked)).outcome != "denied"]
        if way.id not in by_id:
            assert not able
            continue
        one = by_id[way.id]
        used = {who: use for (who, *place), use in uses.by_person.items() if place == [way.connector, way.tool]}
        mine = {who.person for who in people if holds(who, way.holder)} | ({way.to.lower()} if way.kind == "person" else set())
        now = [use for who, use in used.items() if way.to_everybody or who in mine]
        then = (
            uses.by_group.get((way.to.lower(), way.connector, way.tool), Use()) if way.kind == "group" and not way.to_everybody else Use()
        )
        assert one.may == len(able)
        assert one.use.calls == max(sum(use.calls for use in now), then.calls)
        assert one.use.people == max(len(now), then.people)
        assert one.use.last_us == max([use.last_us for use in now] + [then.last_us])
        assert one.idle == sum(not any((who, on) == (person.person, way.connector) for who, on, _ in uses.by_person) for person in able)
        assert one.state == ("used" if one.use.calls else "new" if way.through == young else "unused")


def report(mine: Bundle, people: list[Request], uses: Uses | None = None) -> list[Held]:
    """Ask about the CRM's `list`; everything is old."""
    return held(mine, people, {"crm": [("list", HINTS)]}, uses or Uses(), lambda one: 0, 1)


def person(name: str, *groups: str, kind: str = "person") -> Request:
    """Somebody."""
    return Request(connector="", person=name, groups=groups, kind=kind, time_us=NOON_US)


def test_a_grant_that_gives_nothing_is_left_out() -> None:
    """What a policy denies to all of a group is no grant that could be narrowed; where it depends on arguments it is."""
    pack = ToolPack(name="p", tools={"crm": ("*",)}, groups=("sales", "hr"))
    never = Rule(id="never", effect="deny", selector=Selector(groups=("hr",)))
    big = Rule(id="big", effect="deny", selector=Selector(groups=("sales",)), when="args.limit > 10")
    people = [person("ann", "sales"), person("bob", "hr")]
    assert [one.given.to for one in report(bundle(never, big, access=(), packs=(pack,)), people)] == ["sales"]


def test_nobody_in_the_group_is_still_a_grant() -> None:
    """A group without people and somebody who left would have the tool again with the next member; nobody may call by it now."""
    pack = ToolPack(name="p", tools={"crm": ("*",)}, groups=("interns",), people=("gone",))
    found = report(bundle(access=(), packs=(pack,)), [person("ann", "sales")])
    assert [(one.given.to, one.may, one.state) for one in found] == [("interns", 0, "unused"), ("gone", 0, "unused")]


def test_service_accounts_count_and_former_members_do() -> None:
    """An account of a machine is somebody of the group; a call of somebody who was in the group then is use of the group."""
    pack = ToolPack(name="p", tools={"crm": ("*",)}, groups=("robots", "sales"))
    uses = Uses(by_person={("bot", "crm", "list"): Use(1, 5, 7)}, by_group={("sales", "crm", "list"): Use(2, 3, 9)})
    found = report(bundle(access=(), packs=(pack,)), [person("bot", "robots", kind="service"), person("ann", "sales")], uses)
    assert [(one.given.to, one.may, one.use, one.idle) for one in found] == [("robots", 1, Use(1, 5, 7), 0), ("sales", 1, Use(2, 3, 9), 1)]
