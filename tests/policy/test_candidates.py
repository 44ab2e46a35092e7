"""One request against the rules that could concern it."""

import pytest

from gatebook.policy.rules import By, Grant, Limit, Rule
from gatebook.policy.selectors import Selector
from tests.policy.cast import NOON_US, asking, bundle


def limited(*by: By, groups: tuple[str, ...] = (), when: str | None = None) -> Rule:
    """A rule that denies above a count."""
    return Rule(id="cap", effect="deny", limit=Limit(per_s=60, calls_max=3, by=by), selector=Selector(groups=groups), when=when)


@pytest.mark.parametrize(
    ("rule", "request_of", "keys"),
    [
        (limited(), {}, [()]),
        (limited("person", "connector", "tool"), {}, [("ana", "crm", "list")]),
        (limited("group"), {"groups": ("sales", "HR")}, [("hr",), ("sales",)]),
        (limited("group", groups=("Sales",)), {"groups": ("sales", "hr")}, [("sales",)]),
        (limited("group", "person"), {"groups": ()}, [("", "ana")]),
    ],
)
def test_a_call_is_counted_under_these_keys(rule: Rule, request_of: dict[str, object], keys: list[tuple[str, ...]]) -> None:
    """In the order of `by`; for each group of the caller that the rule names, or for all; without a group under the empty name."""
    asked = []
    bundle(rule).decide(asking(**request_of), lambda name, key: asked.append((name, key)))
    assert asked == [("cap", key) for key in keys]


def test_a_limit_matches_above_the_count_and_not_without_counts() -> None:
    """The caller counts; nobody who does not is kept from anything."""
    mine = bundle(limited("person"))
    assert mine.decide(asking(), lambda rule, key: True).rule == "cap"
    assert mine.decide(asking(), lambda rule, key: False).effect == "allowed"
    assert mine.decide(asking()).effect == "allowed"


def test_the_counter_is_asked_only_about_calls_that_the_rule_is_about() -> None:
    """So what it is asked about is what it counts: the condition is answered first, a failing one as if it were true."""
    asked = []
    mine = bundle(limited("person", when="args.rows > 10"))
    for args in ({"rows": 5}, {"rows": 50}, {}):
        mine.decide(asking(args=args), lambda rule, key: asked.append(key))
    assert asked == [("ana",), ("ana",)]


def test_all_keys_are_asked_even_when_the_first_is_above() -> None:
    """A call counts for each of its groups."""
    asked = []
    bundle(limited("group")).decide(asking(groups=("a", "b")), lambda rule, key: not asked.append(key))
    assert asked == [("a",), ("b",)]


def test_what_depends_on_nothing_else_is_decided_once() -> None:
    """Without conditions, hours, networks, limits, approvals and temporary grants the same decision is given again."""
    fixed = bundle(Rule(id="r", effect="deny", selector=Selector(tools=("delete",)))).candidates(asking("delete"))
    assert not fixed.dynamic and fixed.decide(asking("delete")) is fixed.decide(asking("delete", args={"x": 1}))
    for rule in (
        Rule(id="r", effect="deny", when="hour > 30"),
        Rule(id="r", effect="require_approval"),
        limited(),
        Rule(id="r", effect="allow", selector=Selector(networks=("::/0",))),
    ):
        assert bundle(rule).candidates(asking()).dynamic


def test_visible_follows_the_end_of_a_temporary_grant() -> None:
    """The one thing about time that a list knows."""
    grant = Grant(id="g", person="ana", connector="crm", tool="list", until_us=NOON_US)
    candidates = bundle(access=(), grants=(grant,)).candidates(asking())
    assert candidates.visible(NOON_US - 1) and not candidates.visible(NOON_US)


def test_hours_and_networks_hide_nothing() -> None:
    """A client keeps its list for hours and changes its place; the call is decided when it comes."""
    mine = bundle(Rule(id="r", effect="deny", selector=Selector(networks=("10.0.0.0/8",))))
    assert mine.visible(asking()) and mine.decide(asking()).effect == "blocked"


def test_the_reason_of_a_rule_is_what_the_caller_is_told() -> None:
    """Or a sentence that names the rule."""
    assert bundle(Rule(id="r", effect="deny", reason="Ask the data team.")).decide(asking()).reason == "Ask the data team."
    assert bundle(Rule(id="r", effect="deny")).decide(asking()).reason == "The policy r denies this."
    assert bundle(default="deny").decide(asking()).reason == "No policy allows the tool list of the connector crm."


def test_whether_arguments_are_read() -> None:
    """By rules that decide, not by those that only watch."""
    assert bundle(Rule(id="r", effect="deny", when="args.x == 1")).candidates(asking()).reads_arguments
    assert not bundle(Rule(id="r", effect="alert_only", when="args.x == 1")).candidates(asking()).reads_arguments
