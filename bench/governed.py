"""Policies and guardrails for the benchmark: a hundred rules of which a few are about the tool that is called, and all detectors in both directions."""

import yaml

OTHERS = ("github", "crm", "warehouse", "mail", "drive", "calendar", "tickets", "payroll", "wiki", "chat")


def documents(policies: int) -> str:
    """YAML of so many policies: one allows the call, two deny it by its arguments (and do not match), the others are about other connectors."""
    specs: list[dict[str, object]] = [
        {"effect": "allow", "selector": {"groups": ["staff"], "connectors": ["echo"]}},
        {"effect": "deny", "selector": {"connectors": ["echo"]}, "when": "args.?limit.orValue(0) > 1000", "reason": "Too much at once."},
        {"effect": "deny", "selector": {"tools": ["echo*"]}, "when": "args.?text.orValue('').contains('drop table')", "reason": "No."},
    ]
    for number in range(len(specs), policies):
        connector = OTHERS[number % len(OTHERS)]
        selector: dict[str, object] = {"groups": [f"group-{number % 17}"], "connectors": [connector], "tools": [f"tool_{number}_*"]}
        spec: dict[str, object] = {"effect": ("deny", "allow", "require_approval", "alert_only")[number % 4], "selector": selector}
        specs.append(spec | ({"when": f"args.?n.orValue(0) > {number}"} if number % 5 == 0 else {}))
    made = [{"kind": "Policy", "name": f"policy-{number:04}", "spec": spec} for number, spec in enumerate(specs)]
    made.append({"kind": "Governance", "name": "default", "spec": {"default": "deny"}})
    made.append({"kind": "Guardrail", "name": "secrets", "spec": {"detectors": ["secret/*"], "action": "block"}})
    made.append({"kind": "Guardrail", "name": "personal", "spec": {"detectors": ["pii/*", "label/*"], "action": "redact"}})
    made.append({"kind": "Guardrail", "name": "indicators", "spec": {"detectors": ["indicator/*"], "action": "log"}})
    return str(yaml.safe_dump_all(made, sort_keys=False))
