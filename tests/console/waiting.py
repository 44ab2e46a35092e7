"""Calls of a stage that wait for an approval, or were denied so that somebody may ask for access; and the policies that say so."""

import json
from typing import Any

from gatebook.control.caller import local_caller
from gatebook.record.body import CallRefused
from gatebook.record.parts import Actor, Client, Decision, Outcome, Source, Timing, Trace
from gatebook.state.documents import parse_documents
from gatebook.state.snapshot import Person
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, Planned

POLICIES = """
kind: Policy
name: ask-before-export
spec: {effect: require_approval, selector: {tools: [export_*]}, approvers: [security], reason: Exports of contacts are looked at first.}
---
kind: Policy
name: ask-before-payment
spec: {effect: require_approval, selector: {tools: [pay_*]}, reason: Payments need a second pair of eyes.}
---
kind: Policy
name: no-deletions
spec: {effect: deny, selector: {tools: [delete_*]}, requestable: true, approvers: [tomasz@northwind.example], reason: Nothing is deleted by AI clients.}
---
kind: Policy
name: never-drop
spec: {effect: deny, selector: {tools: [drop_*]}, reason: Tables are never dropped.}
---
kind: Governance
name: default
spec: {approvers: [legal], grant_hours_max: 48}
"""
EXPORT = {"segment": "all", "format": "csv"}


def person(name: str) -> Person:
    """Somebody of the stage by their first name."""
    return next(one for one in PEOPLE if one.id.startswith(f"{name}@"))


async def govern(stage: Stage) -> None:
    """Apply the policies."""
    await stage.desk.apply(parse_documents(POLICIES, "policies.yaml"), local_caller("root", stage.vault.subject), "governed from now on")


def refuse(stage: Stage, who: Person, decision: Decision, tool: str, arguments: Any, ago_us: int = 60_000_000) -> str:
    """Record a call of crm that policy did not let through, as the gateway does; returns its id."""
    status = "pending" if decision.effect == "pending" else "blocked"
    body = CallRefused(
        method="tools/call",
        endpoint="/mcp",
        actor=Actor(subject=stage.vault.subject(who.id), kind="person", auth="token", token="tok_00000001"),
        client=Client(name="Claude Desktop", version="1.9.4", user_agent="ClaudeDesktop/1.9.4"),
        source=Source(ip="10.20.0.7", port=40_000),
        trace=Trace(id="0" * 31 + "1", parent="0" * 15 + "1", made=True),
        decision=decision,
        connector="crm",
        tool=tool,
        protocol="2026-07-28",
        request_id="7",
        session="ses_waiting",
        outcome=Outcome(status=status, transport="not_sent", rpc_code=-32055, error_class="policy", detail=decision.reason),
        timing=Timing(total_us=640, gateway_us=580, policy_us=60),
    )
    params = json.dumps({"name": f"crm__{tool}", "arguments": arguments}).encode()
    return stage.play(Planned(person=who, opening=body, arguments=params), ago_us)


def pend(stage: Stage, who: Person, arguments: Any = EXPORT, *, tool: str = "export_contacts", ago_us: int = 60_000_000) -> str:
    """Record a call that waits; returns its id."""
    rule = "ask-before-export" if tool.startswith("export_") else "ask-before-payment"
    reason = "Exports of contacts are looked at first." if rule == "ask-before-export" else "Payments need a second pair of eyes."
    decision = Decision(effect="pending", rule=rule, bundle="5b1f0c9a7d3e4412", matched=("connector/crm:allow.groups[everyone]", rule), reason=reason)  # fmt: skip
    return refuse(stage, who, decision, tool, arguments, ago_us)


def deny(stage: Stage, who: Person, rule: str = "no-deletions", tool: str = "delete_customer", ago_us: int = 60_000_000) -> str:
    """Record a call that was denied; returns its id."""
    matched = () if rule == "default-deny" else ("connector/crm:allow.groups[everyone]", rule)
    decision = Decision(effect="blocked", rule=rule, bundle="5b1f0c9a7d3e4412", matched=matched, reason="Nothing is deleted by AI clients.")
    return refuse(stage, who, decision, tool, {"id": 4012}, ago_us)
