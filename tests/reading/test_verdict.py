"""A decision as one sentence."""

import pytest

from gatebook.policy.access import DEFAULT_DENY
from gatebook.policy.explain import Explanation, Step, StepKind
from gatebook.reading.verdict import verdict
from gatebook.record.parts import Decision, Effect


def said(effect: Effect, rule: str, kind: StepKind, reason: str | None = None, tool: str = "export") -> str:
    """The sentence about Ann and a tool of the CRM."""
    step = Step(id=rule, kind=kind, effect="deny", matched=True, why="")
    return verdict("Ann", "crm", tool, Explanation(decision=Decision(effect=effect, rule=rule, bundle="b", reason=reason), steps=(step,)))


@pytest.mark.parametrize(
    ("effect", "rule", "kind", "reason", "sentence"),
    [
        ("blocked", "no-bulk", "rule", "Too many.", "Ann may not call export of crm: the policy no-bulk denies it: Too many."),
        ("pending", "look-first", "rule", None, "Ann has to wait for an approval of this call of export of crm: the policy look-first asks for one."),
        ("redacted", "no-pii", "rule", None, "Ann may call export of crm, without what is redacted: the policy no-pii redacts it."),
        ("allowed", "connector/crm:allow.groups[x]", "connector", None, "Ann may call export of crm: the connector itself allows it (connector/crm:allow.groups[x])."),
        ("allowed", "pack/desk:people[ann]", "pack", None, "Ann may call export of crm: the tool pack desk allows it."),
        ("allowed", "grant/req_1", "grant", None, "Ann may call export of crm: access that was granted for a time allows it (grant/req_1)."),
        ("blocked", DEFAULT_DENY, "default", "You have no access.", "Ann may not call export of crm: nothing allows it."),
        ("blocked", "tool-definition", "definition", "Its definition waits.", "Ann may not call export of crm: its definition waits."),
    ],
)  # fmt: skip
def test_each_effect_and_cause_has_its_words(effect: Effect, rule: str, kind: StepKind, reason: str | None, sentence: str) -> None:
    """Who, what, by what, and the reason where it adds something."""
    assert said(effect, rule, kind, reason) == sentence


def test_a_name_can_neither_hide_nor_break_the_line() -> None:
    """What a connector wrote is written out and cut, in the name and in the reason."""
    sentence = said("blocked", "connector/crm:tools.deny[*]", "connector", "The tool a\u202eb is denied.", "a\u202eb\n" + "x" * 500)
    assert "\u202e" not in sentence and "\n" not in sentence and "a<U+202E>b" in sentence and len(sentence) < 400
