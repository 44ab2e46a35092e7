"""Policies and tool packs as documents."""

import pytest

from gatebook.policy.rules import Rule
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.state.documents import DocumentError, parse_documents

POLICY = """\
kind: Policy
name: no-exports
spec:
  effect: deny
  selector: {groups: [sales], connectors: [crm], tools: ["export_*"]}
  reason: Ask the data team.
"""
PACK = """\
kind: ToolPack
name: reading
spec:
  tools: {crm: ["get_*"]}
  allow: {groups: [support]}
"""


def problem(text: str) -> str:
    """Return the one thing that is wrong with a file."""
    with pytest.raises(DocumentError) as caught:
        parse_documents(text, "p.yaml")
    (found,) = caught.value.problems
    return found


def test_a_policy_becomes_the_rule_that_decides() -> None:
    """The name is the rule's id; what is not written has its default."""
    (document,) = parse_documents(POLICY, "p.yaml")
    selector = Selector(groups=("sales",), connectors=("crm",), tools=("export_*",))
    assert document.spec.rule(document.name) == Rule(id="no-exports", effect="deny", selector=selector, reason="Ask the data team.")


def test_a_tool_pack_becomes_the_grant_that_decides() -> None:
    """Its people and groups are those of `allow`."""
    (document,) = parse_documents(PACK, "p.yaml")
    assert document.spec.pack(document.name) == ToolPack(name="reading", tools={"crm": ("get_*",)}, groups=("support",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("effect: deny", "effect: forbid", "p.yaml:4: Policy no-exports: spec.effect: invalid enum value 'forbid'; "
         "it is one of alert_only, allow, deny, redact, require_approval"),
        ("effect: deny", "effect: denny", "p.yaml:4: Policy no-exports: spec.effect: invalid enum value 'denny'; did you mean 'deny'?"),
        ("effect: deny", "effect: deny\n  limit: {per_s: 60, cals_max: 5}",
         "p.yaml:5: Policy no-exports: spec.limit.cals_max: unknown field; did you mean 'calls_max'?"),
        ("effect: deny", "effect: deny\n  tests:\n    - person: ann\n      conector: crm",
         "p.yaml:7: Policy no-exports: spec.tests.0.conector: unknown field; did you mean 'connector'?"),
        ("{groups:", "{times: [{form: '08:00'}], groups:",
         "p.yaml:5: Policy no-exports: spec.selector.times.0.form: unknown field; did you mean 'from'?"),
        ("selector:", "selectr:", "p.yaml:5: Policy no-exports: spec.selectr: unknown field; did you mean 'selector'?"),
        ("groups:", "gruops:", "p.yaml:5: Policy no-exports: spec.selector.gruops: unknown field; did you mean 'groups'?"),
        ("no-exports", "No_Exports", "p.yaml:2: Policy No_Exports: name: must be 1 to 63 of a-z, 0-9 and -, and must begin with a letter or digit"),
        ("reason:", "redact: [pii/iban]\n  reason:",
         "p.yaml:6: Policy no-exports: spec.redact: names the detectors of effect redact, and is for no other effect"),
        ("effect: deny", "effect: redact",
         "p.yaml:3: Policy no-exports: spec.redact: names the detectors of effect redact, and is for no other effect"),
        ("effect: deny", "effect: alert_only\n  requestable: true", "p.yaml:5: Policy no-exports: spec.requestable: is only for effect deny"),
        ("effect: deny", "effect: alert_only\n  approvers: [ops]",
         "p.yaml:5: Policy no-exports: spec.approvers: is only for effect require_approval, or deny with requestable"),
        ("effect: deny", "effect: allow\n  limit: {per_s: 60, calls_max: 5}",
         "p.yaml:5: Policy no-exports: spec.limit: is only for effect deny, require_approval or alert_only"),
        ("effect: deny", "effect: deny\n  limit: {per_s: 0, calls_max: 5}",
         "p.yaml:5: Policy no-exports: spec.limit.per_s: expected `int` >= 1"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_policy_names_its_place(old: str, new: str, expected: str) -> None:
    """File, line, field, and what is wrong with it."""
    assert problem(POLICY.replace(old, new, 1)) == expected


def test_a_tool_pack_without_tools_is_refused() -> None:
    """A pack that names nothing would grant nothing, and somebody would wonder why."""
    assert problem(PACK.replace('["get_*"]', "[]")) == "p.yaml:4: ToolPack reading: spec.tools.crm: names no connector or no tool"
    assert "expected `object` of length >= 1" in problem(PACK.replace('{crm: ["get_*"]}', "{}"))
