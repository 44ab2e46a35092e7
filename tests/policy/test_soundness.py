"""What makes a rule, a pack or a grant unusable."""

import pytest
from msgspec.structs import replace

from gatebook.policy import soundness
from gatebook.policy.conditions import Condition
from gatebook.policy.problems import Problem
from gatebook.policy.rules import Grant, Limit, Rule
from gatebook.policy.selectors import Selector, ToolPack
from tests.policy.cast import ENGINE

GOOD = Rule(id="r", effect="deny")


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": " "}, "id"), ({"id": "default-deny"}, "id"), ({"id": "toxic-flow"}, "id"), ({"id": "tool-definition"}, "id"), ({"id": "connector/crm"}, "id"), ({"id": "grant/x"}, "id"),
        ({"effect": "redact"}, "redact"), ({"redact": ("pii/*",)}, "redact"),
        ({"limit": Limit(per_s=60)}, "limit"), ({"limit": Limit(per_s=60, calls_max=1, response_bytes_max=1)}, "limit"),
        ({"limit": Limit(per_s=60, calls_max=-1)}, "limit"), ({"effect": "allow", "limit": Limit(per_s=60, calls_max=1)}, "limit"),
        ({"selector": Selector(networks=("x",))}, "selector.networks[0]"), ({"selector": Selector(packs=("none",))}, "selector.packs[0]"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_by_its_path(change: dict[str, object], path: str) -> None:
    """One problem each; the good rule has none."""
    assert [problem.path for problem in soundness.of_rule(replace(GOOD, **change), {})] == [path]
    assert not list(soundness.of_rule(GOOD, {}))


def test_two_of_one_name_are_a_problem() -> None:
    """Among rules, packs and grants; the same name in two kinds is none."""
    grant = Grant(id="a", person="p", connector="c", tool="t", until_us=1)
    pack = ToolPack(name="a")
    found = soundness.duplicates([replace(GOOD, id="a"), replace(GOOD, id="a")], [pack], [grant, grant, grant])
    assert [(problem.rule, problem.text) for problem in found] == [("a", "stands 2 times"), ("grant/a", "stands 3 times")]


def test_packs_and_grants_hold_no_empty_names() -> None:
    """An empty name would fit a caller of whom nothing is known."""
    assert [problem.rule for problem in soundness.of_pack(ToolPack(name="p", tools={"crm": ("",)}))] == ["pack/p"]
    assert [problem.path for problem in soundness.of_grant(Grant(id="g", person="", connector="c", tool=" ", until_us=1))] == [
        "person",
        "tool",
    ]


def test_a_condition_is_compiled_or_its_mistake_named() -> None:
    """With line and column; a rule without a condition has neither."""
    assert soundness.of_condition(GOOD, ENGINE) is None
    assert isinstance(soundness.of_condition(replace(GOOD, when="hour > 1"), ENGINE), Condition)
    problem = soundness.of_condition(replace(GOOD, when="hour >\n x"), ENGINE)
    assert isinstance(problem, Problem) and (problem.path, problem.line, problem.column) == ("when", 2, 2)


def test_a_regular_expression_is_tried() -> None:
    """Only those that stand in the source; the place is that of the text."""
    rule = replace(GOOD, when="args.q.matches('a+') ||\n args.q.matches('a(') || args.q.matches(args.p)")
    assert [(problem.line, problem.column) for problem in soundness.of_patterns(rule, ENGINE)] == [(2, 17)]
