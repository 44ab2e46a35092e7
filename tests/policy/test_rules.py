"""Rules as they are written."""

import msgspec
import pytest

from gatebook.policy.rules import PRECEDENCE, Grant, Limit, Rule
from gatebook.policy.selectors import Selector, ToolPack
from gatebook.policy.windows import Window

DOCUMENT = {
    "id": "exports-at-night",
    "effect": "require_approval",
    "selector": {"not_groups": ["data"], "tools": ["export_*"], "times": [{"from": "22:00", "to": "06:00"}]},
    "when": "args.rows > 100",
    "limit": {"per_s": 3600, "calls_max": 5},
    "approvers": ["leads"],
    "tests": [{"person": "ana", "connector": "crm", "tool": "export_all", "args": {"rows": 5}, "expect": "allow"}],
}


def test_a_rule_reads_from_a_document() -> None:
    """Nested parts become structs; what is left out has its default."""
    rule = msgspec.convert(DOCUMENT, Rule)
    assert rule.selector == Selector(not_groups=("data",), tools=("export_*",), times=(Window(from_="22:00", to="06:00"),))
    assert (rule.mode, rule.severity, rule.limit) == ("enforce", "medium", Limit(per_s=3600, calls_max=5))
    assert msgspec.convert(msgspec.to_builtins(rule), Rule) == rule


@pytest.mark.parametrize(
    "change",
    [{"effects": "deny"}, {"effect": "block"}, {"mode": "test"}, {"limit": {"calls_max": 5}}, {"limit": {"per_s": 0}}, {"tests": [{}]}],
)
def test_what_a_rule_does_not_know_is_refused(change: dict[str, object]) -> None:
    """Unknown fields and values, and limits without a time."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**DOCUMENT, **change}, Rule)


def test_every_field_has_a_description() -> None:
    """Pages and forms are made from them."""
    schemas = msgspec.json.schema_components([Rule, Grant, ToolPack])[1]
    described = {name: schemas[name]["properties"] for name in ("Rule", "Limit", "Case", "Grant", "Selector", "Window", "ToolPack")}
    assert not [
        f"{name}.{field}" for name, fields in described.items() for field, schema in fields.items() if not schema.get("description")
    ]


def test_every_effect_has_its_rank() -> None:
    """Deny first, what only watches last."""
    assert PRECEDENCE == ("deny", "require_approval", "redact", "allow", "alert_only")
