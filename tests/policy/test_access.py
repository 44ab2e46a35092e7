"""Who may call what."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.gateway.governing import own_decision
from gatebook.policy.access import AccessRules, visible
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.request import Request
from gatebook.record.parts import Decision

ANA = Request(connector="crm", person="ana", email="ana@corp.example", groups=("sales",))
BUNDLE = "0123456789abcdef"
words = st.text(alphabet="ab_*?", max_size=6)
names = st.text(alphabet="ab_", min_size=1, max_size=6)
rules_of_any_kind = st.builds(
    AccessRules,
    connector=st.just("crm"),
    people=st.lists(st.sampled_from(["ana", "ana@corp.example", "bob"]), max_size=2).map(tuple),
    groups=st.lists(st.sampled_from(["sales", "everyone", "hr"]), max_size=2).map(tuple),
    tools_allow=st.lists(words.filter(bool), max_size=3).map(tuple),
    tools_deny=st.lists(words.filter(bool), max_size=3).map(tuple),
)


def asking(tool: str | None) -> Request:
    """Ana asks for a tool, or for what is none."""
    return replace(ANA, tool=tool, connect=tool is None)


def decide(request: Request, rules: AccessRules, bundle: str) -> Decision:
    """Decide by the access rules of one connector alone."""
    return Bundle.compile(Sources(access=(rules,), hash=bundle)).decide(request)


def test_nobody_may_use_a_connector_that_says_nothing() -> None:
    """Default deny, with a rule id and a reason that can be shown."""
    decision = decide(asking("list"), AccessRules(connector="crm"), BUNDLE)
    assert (decision.effect, decision.rule, decision.bundle) == ("blocked", "default-deny", BUNDLE)
    assert decision.reason == "You have no access to the connector crm."


def test_the_grant_that_let_the_call_through_is_named() -> None:
    """The deciding rule is the first grant; all that matched are listed in order."""
    rules = AccessRules(connector="crm", people=("ana@corp.example",), groups=("hr", "sales", "everyone"))
    decision = decide(asking("list"), rules, BUNDLE)
    assert decision.effect == "allowed"
    assert decision.rule == "connector/crm:allow.people[ana@corp.example]"
    assert decision.matched == (
        "connector/crm:allow.people[ana@corp.example]",
        "connector/crm:allow.groups[sales]",
        "connector/crm:allow.groups[everyone]",
        "connector/crm:tools.allow[*]",
    )


def test_deny_wins_over_allow() -> None:
    """A tool that is both allowed and denied is blocked by the deny rule."""
    rules = AccessRules(connector="crm", groups=("sales",), tools_allow=("*",), tools_deny=("delete_*",))
    decision = decide(asking("delete_all"), rules, BUNDLE)
    assert (decision.effect, decision.rule) == ("blocked", "connector/crm:tools.deny[delete_*]")
    assert decide(asking("list"), rules, BUNDLE).effect == "allowed"


def test_a_tool_outside_the_allowed_ones_is_blocked() -> None:
    """Naming allowed tools denies all others; what is not a tool call is not touched by it."""
    rules = AccessRules(connector="crm", groups=("sales",), tools_allow=("get_?",))
    assert decide(asking("get_a"), rules, BUNDLE).effect == "allowed"
    assert decide(asking("get_ab"), rules, BUNDLE).rule == "default-deny"
    assert decide(asking(None), rules, BUNDLE).rule == "connector/crm:allow.groups[sales]"


def test_what_the_gateway_answers_itself_is_allowed() -> None:
    """Without a connector there is nothing to forbid."""
    assert own_decision(BUNDLE) == Decision(effect="allowed", rule="gateway", bundle=BUNDLE)


@given(rules=rules_of_any_kind, tool=names)
def test_a_tool_is_listed_exactly_when_its_call_would_be_allowed(rules: AccessRules, tool: str) -> None:
    """tools/list and tools/call never disagree."""
    listed = (decide(asking(None), rules, BUNDLE).effect == "allowed") and visible(tool, rules)
    assert listed == (decide(asking(tool), rules, BUNDLE).effect == "allowed")


@given(rules=rules_of_any_kind, tool=names)
def test_without_a_grant_nothing_is_allowed(rules: AccessRules, tool: str) -> None:
    """No tool rule can let in somebody whom the connector does not name."""
    stranger = Request(connector="crm", person="eve", tool=tool)
    assert decide(stranger, rules, BUNDLE).effect == ("allowed" if "everyone" in rules.groups and visible(tool, rules) else "blocked")
