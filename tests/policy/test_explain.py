"""Why a call is decided as it is."""

from hypothesis import given, settings

from gatebook.policy.access import DEFAULT_DENY, AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.explain import explain
from gatebook.policy.request import Request
from gatebook.policy.rules import Grant, Rule
from gatebook.policy.selectors import Selector, ToolPack
from tests.policy import cast
from tests.policy.cast import ENGINE, NOON_US, asking, bundle


@given(sources=cast.sources, request=cast.requests)
@settings(max_examples=120)
def test_the_explanation_is_of_the_decision(sources: Sources, request: Request) -> None:
    """The deciding id matched; every id that the decision names is among the steps that did; every rule is looked at, in order."""
    compiled = Bundle.compile(sources, ENGINE)
    explanation = explain(compiled, request)
    decision = compiled.decide(request)
    matched = {step.id for step in explanation.steps if step.matched}
    assert explanation.decision == decision
    assert {decision.rule, *decision.matched} <= matched
    rules = [step for step in explanation.steps if step.kind == "rule"]
    assert [step.id for step in rules] == list(compiled.rules)
    assert {step.id for step in rules if step.matched} == set(decision.matched) & set(compiled.rules)
    assert all(step.why for step in explanation.steps)


def test_each_step_says_why() -> None:
    """In the order of evaluation, in words for people."""
    mine = bundle(
        Rule(id="hr-only", effect="deny", selector=Selector(groups=("hr",))),
        Rule(id="big", effect="deny", when="args.rows > 10"),
        Rule(id="try", effect="deny", mode="observe"),
        Rule(id="bad", effect="redact", when="args.none == 1", redact=("pii/*",)),
        access=(AccessRules(connector="crm", people=("bob",), groups=("sales",), tools_deny=("delete",)),),
        packs=(ToolPack(name="names"), ToolPack(name="mail", tools={"mail": ("*",)}, groups=("sales",))),
        grants=(Grant(id="old", person="ana", connector="crm", tool="list", until_us=NOON_US - 1),),
    )
    steps = {step.id: (step.matched, step.why) for step in explain(mine, asking(args={"rows": 5})).steps}
    assert steps == {
        "connector/crm:allow.groups[sales]": (True, "grants the connector"),
        "connector/crm:tools.deny": (False, "the tool list fits none of delete"),
        "connector/crm:tools.allow[*]": (True, "the tool list fits"),
        "pack/mail": (False, "the tool list of the connector crm is not in the pack"),
        "pack/names": (False, "the pack is granted to nobody"),
        "grant/old": (False, "ended 2026-01-05 11:59:59 UTC"),
        "big": (False, "when is false"),
        "hr-only": (False, "ana, in group sales, is not one of groups hr"),
        "try": (True, "matches; observe only"),
        "bad": (True, "matches; when failed: the condition met a missing or unfit value"),
        DEFAULT_DENY: (False, "the decision is by bad"),
    }


def test_without_a_grant_no_policy_is_asked() -> None:
    """The reason is that of the default, and each rule says that it did not count."""
    steps = explain(bundle(Rule(id="r", effect="deny"), access=()), asking()).steps
    assert [(step.id, step.matched) for step in steps] == [("connector/crm:allow", False), ("r", False), (DEFAULT_DENY, True)]
    assert steps[-1].why == "You have no access to the connector crm."
    assert steps[1].why.startswith("not asked")


def test_no_value_of_an_argument_is_told() -> None:
    """An explanation may be shown to those who may not see the arguments."""
    mine = bundle(Rule(id="a", effect="deny", when="args.q == 1"), Rule(id="b", effect="deny", when="domain(args.q) == 'x'"))
    assert "S3CRET" not in repr(explain(mine, asking(args={"q": "S3CRET"})))
