"""What lint finds."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.lint import lint
from gatebook.policy.lint_names import Known
from gatebook.policy.problems import BundleError, Problem
from gatebook.policy.request import Request
from gatebook.policy.rules import Case, Grant, Rule
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.policy.windows import Window
from tests.policy import cast
from tests.policy.cast import ENGINE, HASH, everyone

CASE = Case(person="ana", connector="crm", tool="list", expect="deny")

ALL = Selector()


def rule(id: str = "r", effect: str = "deny", selector: Selector = ALL, **more: Any) -> Rule:
    """A rule with good manners."""
    return Rule(
        **{"id": id, "effect": effect, "selector": selector, "reason": "Because.", "tests": (CASE,), "approvers": ("leads",), **more}
    )


def found(
    *rules: Rule, known: Known | None = None, access: tuple[AccessRules, ...] = everyone("crm", "mail"), **more: Any
) -> list[Problem]:
    """Lint these rules."""
    return lint(Sources(rules=rules, access=access, hash=HASH, **more), known, ENGINE)


BAD = (
    Rule(id="r0", effect="deny"),
    Rule(id="bad", effect="redact"),
    Rule(id="bad", effect="deny", when="args.x >"),
    Rule(id="bad", effect="deny", when="args.x.matches('(')"),
    Rule(id="worse", effect="deny", selector=Selector(networks=("x",), packs=("none",), times=(Window(zone="Mars"),))),
)


@given(sources=cast.sources, bad=st.lists(st.sampled_from(BAD), max_size=2))
@settings(max_examples=100)
def test_what_compiles_has_no_error(sources: Sources, bad: list[Rule]) -> None:
    """Errors of lint are exactly what keeps a bundle from being compiled; the rest are warnings."""
    sources = replace(sources, rules=(*sources.rules, *bad))
    errors = [problem for problem in lint(sources, None, ENGINE) if problem.level == "error"]
    try:
        Bundle.compile(sources, ENGINE)
    except BundleError as error:
        assert set(errors) == set(error.problems)
    else:
        assert errors == []


@given(sources=cast.sources, request=cast.requests)
@settings(max_examples=120)
def test_a_rule_that_never_decides_never_decides(sources: Sources, request: Request) -> None:
    """What lint calls shadowed or without anybody to allow is never the deciding rule, unless a temporary grant lifts the deny."""
    dead = {problem.rule for problem in lint(sources, None, ENGINE) if problem.path == "selector" and problem.level == "warning"}
    decision = Bundle.compile(sources, ENGINE).decide(request)
    assert decision.rule not in dead or any(name.startswith("grant/") for name in decision.matched)


def test_good_rules_have_no_problem() -> None:
    """Nothing is said where nothing is wrong."""
    assert found(rule(), rule("s", "allow", Selector(groups=("hr",), not_groups=("x",)), when="args.x > 1"), known=Known()) != []
    assert found(rule(selector=Selector(tools=("delete",))), rule("s", "allow", when="args.x > 1")) == []


def test_a_rule_behind_a_deny_of_everything_is_shadowed() -> None:
    """Named with the rule that shadows it; a condition or an exception in the deny rule lets it live."""
    allow = rule("a", "allow", Selector(groups=("hr",), tools=("get_all",)))
    (problem,) = found(rule("d", selector=Selector(tools=("get_*",))), allow)
    assert (problem.rule, problem.path, problem.level) == ("a", "selector", "warning") and "d denies" in problem.text
    assert found(rule("d", selector=Selector(tools=("get_*",)), when="hour > 3"), allow) == []
    assert found(rule("d", selector=Selector(tools=("get_*",), not_groups=("boss",))), allow) == []
    assert found(rule("d", selector=Selector(tools=("get_*",)), mode="observe"), allow) == []


def test_an_allow_rule_that_nobody_can_reach_is_named() -> None:
    """A policy grants nothing: without a grant of the connector or of a tool it is idle; a pack or a temporary grant is one."""
    allow = rule("a", "allow", Selector(connectors=("wiki",), tools=("read",)))
    (problem,) = found(allow)
    assert "nobody is granted" in problem.text
    assert found(allow, packs=(ToolPack(name="p", tools={"w*": ("*",)}, groups=("hr",)),)) == []
    assert found(allow, grants=(Grant(id="g", person="ana", connector="wiki", tool="read", until_us=1),)) == []
    closed = AccessRules(connector="wiki", groups=("hr",), tools_deny=("read",))
    assert len(found(allow, access=(closed,))) == 1
    assert len(found(allow, access=(AccessRules(connector="wiki"),))) == 1


SCHEMAS = {"crm": {"list": {"properties": {"limit": {}, "offset": {}}}, "find": {"properties": {"query": {}}}, "raw": None}}


def test_an_argument_that_no_selected_tool_has_is_named() -> None:
    """With the nearest one; a tool without a known schema could have any argument."""
    wrong = rule(selector=Selector(tools=("list", "find")), when="args.limt > 1 || args.query == 'x'")
    (problem,) = found(wrong, known=Known(tools=SCHEMAS))
    assert (problem.path, problem.nearest) == ("when", "limit") and "'limt'" in problem.text
    assert found(rule(when="args.limt > 1"), known=Known(tools=SCHEMAS)) == []
    assert found(rule(when="size(args) > 1", selector=Selector(tools=("list",))), known=Known(tools=SCHEMAS)) == []


def test_a_condition_that_does_not_compile_or_is_no_truth_is_an_error() -> None:
    """With the column where there is one."""
    one, two = found(rule("a", when="args.x >"), rule("b", when="args.x"))
    assert (one.rule, one.level, one.column, two.rule, two.level) == ("a", "error", 9, "b", "error")


def test_a_regular_expression_that_cannot_be_read_is_an_error_of_its_place() -> None:
    """Engines notice only when they evaluate; then every call would fail."""
    (problem,) = found(rule(when="args.a == 1 ||\n args.q.matches('(?=x)') && args.q.matches('x+')"))
    assert (problem.line, problem.column) == (2, 17) and "RE2" in problem.text


def test_bad_manners_are_warnings() -> None:
    """No tests, a deny rule without a reason, an approval that nobody can give."""
    problems = found(
        Rule(id="a", effect="deny"),
        Rule(id="b", effect="require_approval", selector=Selector(tools=("x",)), mode="observe"),
        rule(
            "c", "allow", requestable=True, approvers=(), selector=Selector(tools=("zz",), groups=("q",)), when="hour > 1", mode="observe"
        ),
    )
    assert {(one.rule, one.path) for one in problems if one.path != "selector"} == {
        ("a", "tests"),
        ("a", "reason"),
        ("b", "tests"),
        ("b", "approvers"),
        ("c", "approvers"),
    }
    assert {one.level for one in problems} == {"warning"}


def test_unreadable_windows_networks_and_doubled_names_are_errors() -> None:
    """Errors stand first, with their paths."""
    bad = rule(selector=Selector(networks=("x",), times=(Window(zone="Mars"),)))
    problems = found(bad, rule(), known=Known(groups=frozenset()))
    assert [one.path for one in problems if one.level == "error"] == ["id", "selector.networks[0]", "selector.times[0].zone"]


def test_unknown_names_are_part_of_it() -> None:
    """The known names are handed on."""
    (problem,) = found(rule(selector=Selector(groups=("saels",))), known=Known(groups=frozenset({"sales"}), people=None))
    assert (problem.path, problem.nearest) == ("selector.groups", "sales")
