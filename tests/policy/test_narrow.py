"""Taking grants away: exactly those, and no call that was made."""

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.given import Given, given, holds
from gatebook.policy.narrow import Cut, cuts
from gatebook.policy.reach import reach
from gatebook.policy.request import HINTS, Request
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import ToolPack
from gatebook.policy.unused import Use, Uses, held, member
from tests.policy import cast
from tests.policy.cast import ENGINE, NOON_US
from tests.policy.test_unused import PEOPLE, TOOLS, USES


def narrowed(sources: Sources, made: list[Cut]) -> Sources:
    """The same with a policy for each cut."""
    rules = tuple(Rule(id=f"narrow-{number}", effect="deny", selector=cut.selector) for number, cut in enumerate(made))
    return replace(sources, rules=(*sources.rules, *rules))


@drawn(sources=cast.sources, people=PEOPLE, dice=st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_what_is_chosen_is_gone_and_nothing_else(sources: Sources, people: list[Request], dice: object) -> None:
    """Whoever has a tool only by chosen grants is denied; for everybody else all comes out as before."""
    ways = given(sources, TOOLS)
    chosen = [one for one in ways if dice.random() < 0.5]  # type: ignore[attr-defined]
    made, left = cuts(sources, TOOLS, chosen, NOON_US)
    taken = {one.id for one in chosen} - {one.given.id for one in left}
    before, after = (Bundle.compile(one, ENGINE) for one in (sources, narrowed(sources, made)))
    alone = [member(one, (), NOON_US) for one in ways]
    for who in [*people, *alone]:
        lent = {
            (grant.connector, grant.tool)
            for grant in sources.grants
            if grant.person.lower() in (who.person, who.email.lower()) and grant.until_us > NOON_US
        }
        for was, now in zip(reach(before, who, TOOLS), reach(after, who, TOOLS), strict=True):
            mine = [one for one in ways if (one.connector, one.tool) == (now.connector, now.tool) and holds(who, one.holder)]
            gone = mine and all(one.id in taken for one in mine) and (now.connector, now.tool) not in lent
            assert now.outcome == ("denied" if gone else was.outcome), (who, mine)


@drawn(sources=cast.sources, people=PEOPLE, uses=USES)
@settings(max_examples=150)
def test_no_call_of_the_span_would_have_been_decided_otherwise(sources: Sources, people: list[Request], uses: Uses) -> None:
    """All unused grants at once: whoever called a tool, with the groups of now, is decided as before."""
    bundle = Bundle.compile(sources, ENGINE)
    unused = [one.given for one in held(bundle, people, TOOLS, uses, lambda one: 0, 1) if one.state == "unused"]
    made, _ = cuts(sources, TOOLS, unused, NOON_US)
    after = Bundle.compile(narrowed(sources, made), ENGINE)
    for who in people:
        for person, connector, tool in uses.by_person:
            if person == who.person:
                call = replace(who, connector=connector, tool=tool, arguments=b"{}", source_ip="10.1.2.3")
                assert after.decide(call).effect == bundle.decide(call).effect


@drawn(sources=cast.sources, uses=USES, group=st.sampled_from(cast.GROUPS))
@settings(max_examples=60)
def test_nor_one_of_somebody_who_was_in_the_group_then(sources: Sources, uses: Uses, group: str) -> None:
    """The replay decides with the groups of then, so a group that had use then is not unused."""
    bundle = Bundle.compile(sources, ENGINE)
    unused = [one.given for one in held(bundle, [], TOOLS, uses, lambda one: 0, 1) if one.state == "unused"]
    made, _ = cuts(sources, TOOLS, unused, NOON_US)
    after = Bundle.compile(narrowed(sources, made), ENGINE)
    for name, connector, tool in uses.by_group:
        call = Request(connector=connector, tool=tool, person="former", groups=(name,), time_us=NOON_US, arguments=b"{}")
        # Use by a group is also use by everybody.
        if name == group and not any(one.to_everybody and (one.connector, one.tool) == (connector, tool) for one in unused):
            assert after.decide(call).effect == bundle.decide(call).effect


def ways_of(access: AccessRules, *packs: ToolPack, tool: str = "list") -> tuple[Sources, dict[tuple[str, str], Given]]:
    """Sources, and what they give of one tool of the CRM, by holder and way."""
    sources = Sources(access=(access,), packs=packs, hash="0" * 16)
    return sources, {(one.to, one.through): one for one in given(sources, {"crm": [(tool, HINTS)]})}


def test_tools_with_the_same_holders_come_into_one_policy() -> None:
    """One cut for all tools of a group; another where other people keep one of them."""
    access = AccessRules(connector="crm", groups=("sales",))
    pack = ToolPack(name="p", tools={"crm": ("delete",)}, groups=("hr",), people=("ann",))
    sources = Sources(access=(access,), packs=(pack,), hash="0" * 16)
    chosen = [one for one in given(sources, TOOLS) if one.to == "sales"]
    made, left = cuts(sources, TOOLS, chosen, NOON_US)
    assert not left and [(cut.tools, cut.groups, cut.not_groups, cut.not_people) for cut in made] == [
        (("get_a", "get_b", "list"), ("sales",), (), ()),
        (("delete",), ("sales",), ("hr",), ("ann",)),
    ]
    made, _ = cuts(sources, TOOLS, given(sources, TOOLS), NOON_US)
    assert [(cut.tools, cut.groups, cut.people) for cut in made] == [
        (("delete",), ("hr", "sales"), ("ann",)),
        (("get_a", "get_b", "list"), ("sales",), ()),
    ]


def test_what_no_policy_can_say_alone_is_left_with_the_reason() -> None:
    """Names that are patterns, groups that mean everybody, a second way of the same group, everybody beside it, a loan."""
    everybody = AccessRules(connector="crm", groups=("sales", "everyone", "*"))
    sources, ways = ways_of(everybody)
    tools = {"crm": [("list", HINTS)]}
    for one, word in (("sales", "* or everyone"), ("*", "* or everyone")):
        assert word in cuts(sources, tools, [ways[one, "connector"]], NOON_US)[1][0].why
    sources, ways = ways_of(AccessRules(connector="crm", groups=("sales", "everyone")))
    assert "Everybody has it through connector" in cuts(sources, tools, [ways["sales", "connector"]], NOON_US)[1][0].why
    sources, ways = ways_of(AccessRules(connector="crm", groups=("Sales",)), ToolPack(name="p", tools={"crm": ("*",)}, groups=("sales",)))
    assert "through pack/p too" in cuts(sources, tools, [ways["Sales", "connector"]], NOON_US)[1][0].why
    assert not cuts(sources, tools, list(ways.values()), NOON_US)[1]
    for name in ("*", "get_?", " "):
        sources, ways = ways_of(AccessRules(connector="crm", groups=("sales",)), tool=name)
        assert "no policy can name it" in cuts(sources, {"crm": [(name, HINTS)]}, list(ways.values()), NOON_US)[1][0].why
    sources, ways = ways_of(AccessRules(connector="crm", people=("ann",)))
    lent = replace(sources, grants=(Grant(id="g", person="Ann", connector="crm", tool="list", until_us=NOON_US + 1),))
    assert "for a time" in cuts(lent, tools, list(ways.values()), NOON_US)[1][0].why
    assert not cuts(lent, tools, list(ways.values()), NOON_US + 1)[1]


def test_use_of_a_tool_keeps_its_grant() -> None:
    """The smallest example: two of three tools are used, the third is taken."""
    access = AccessRules(connector="crm", groups=("sales",))
    sources = Sources(access=(access,), hash="0" * 16)
    tools = {"crm": [("list", HINTS), ("get", HINTS), ("delete", HINTS)]}
    ann = Request(connector="", person="ann", groups=("sales",), time_us=NOON_US)
    uses = Uses(by_person={("ann", "crm", "list"): Use(1, 1, 1), ("ann", "crm", "get"): Use(1, 1, 1)})
    unused = [one.given for one in held(Bundle.compile(sources), [ann], tools, uses, lambda one: 0, 1) if one.state == "unused"]
    (cut,) = cuts(sources, tools, unused, NOON_US)[0]
    assert cut.tools == ("delete",) and cut.selector.groups == ("sales",)
