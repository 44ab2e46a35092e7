"""What may this person do?"""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.reach import reach
from gatebook.policy.request import Hints, Request
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import Selector
from tests.policy import cast
from tests.policy.cast import ENGINE, NOON_US, asking, bundle


@given(sources=cast.sources, who=cast.requests, calls=st.lists(cast.requests, min_size=1, max_size=6), above=st.booleans())
@settings(max_examples=120)
def test_no_call_comes_out_otherwise(sources: Sources, who: Request, calls: list[Request], above: bool) -> None:
    """Whatever the arguments, the hour (while the same temporary grants last), the address and the counts."""
    compiled = Bundle.compile(sources, ENGINE)
    possible = {
        "allowed": {"allowed", "redacted"},
        "denied": {"blocked"},
        "pending": {"pending", "blocked"},
        "conditional": {"allowed", "redacted", "pending", "blocked"},
    }
    tools = {"crm": [(tool, who.hints) for tool in cast.TOOLS]}
    for one in reach(compiled, who, tools):
        for call in calls:
            request = replace(
                who, connector="crm", tool=one.tool, arguments=call.arguments, source_ip=call.source_ip, approvals=frozenset()
            )
            assert compiled.decide(request, lambda rule, key: above).effect in possible[one.outcome]


def test_each_outcome_names_what_decides() -> None:
    """Connectors and tools by name, with the reasons that people would be told."""
    mine = bundle(
        Rule(id="no-delete", effect="deny", selector=Selector(tools=("delete",)), reason="Never."),
        Rule(id="ask", effect="require_approval", selector=Selector(tools=("send",)), reason="Ask first."),
        Rule(id="big", effect="deny", selector=Selector(tools=("get",)), when="args.rows > 10", reason="Too many rows."),
        Rule(id="night", effect="require_approval", selector=Selector(tools=("get",), networks=("10.0.0.0/8",))),
        Rule(id="try", effect="deny", mode="observe"),
    )
    tools = {"mail": [("send", Hints())], "crm": [("list", Hints()), ("get", Hints()), ("delete", Hints())], "wiki": [("read", Hints())]}
    granted = "connector/crm:allow.groups[everyone]"
    assert [(one.connector, one.tool, one.outcome, one.rules, one.reason) for one in reach(mine, asking(None), tools)] == [
        ("crm", "delete", "denied", ("no-delete",), "Never."),
        ("crm", "get", "conditional", ("big", "night"), "Too many rows."),
        ("crm", "list", "allowed", (granted,), ""),
        ("mail", "send", "pending", ("ask",), "Ask first."),
        ("wiki", "read", "denied", ("default-deny",), "You have no access to the connector wiki."),
    ]


def test_where_only_a_condition_allows_it_is_conditional() -> None:
    """With deny as the default, an allow rule with a condition opens the tool for some calls."""
    mine = bundle(Rule(id="small", effect="allow", when="args.rows < 10"), default="deny")
    (one,) = reach(mine, asking(), {"crm": [("list", Hints())]})
    assert (one.outcome, one.rules) == ("conditional", ("small",))


def test_hints_of_each_tool_are_its_own() -> None:
    """A rule about destructive tools spares those that only read."""
    mine = bundle(Rule(id="r", effect="deny", selector=Selector(hints=Hints(destructive=True))))
    tools = {"crm": [("a", Hints(read_only=True)), ("b", Hints())]}
    assert [one.outcome for one in reach(mine, asking(), tools)] == ["allowed", "denied"]


def test_a_temporary_grant_takes_away_no_approval() -> None:
    """It lifts the deny rule that it names; a rule under its name that asks for an approval still asks."""
    grant = Grant(id="g", person="ana", connector="crm", tool="list", until_us=NOON_US + 1, except_rules=("stop", "ask"))
    stop, ask = Rule(id="stop", effect="deny", when="args.x == 1"), Rule(id="ask", effect="require_approval", when="args.x == 1")
    tools = {"crm": [("list", Hints())]}
    assert [one.outcome for one in reach(bundle(stop, grants=(grant,)), asking(), tools)] == ["allowed"]
    assert [one.rules for one in reach(bundle(stop, ask, grants=(grant,)), asking(), tools)] == [("ask",)]
    assert bundle(stop, ask, grants=(grant,)).decide(asking(args={"x": 1})).rule == "ask"
