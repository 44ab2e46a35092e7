"""Holds a call against what its session has read: canaries that come back, and flows that could carry private data off."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gatebook.definitions.flows import Toxic
from gatebook.gateway import wire
from gatebook.gateway.plan import Plan
from gatebook.gateway.refusal import by_policy
from gatebook.policy.access import CANARY, TOXIC_FLOW
from gatebook.record.parts import Decision, Finding

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live

_CANARY_SAID = "Data of another answer may not be carried into this call."
_FLOW_SAID = "This session has read untrusted content and private data; what it sends out now needs a look."


def check(gate: "Gate", live: "Live", plan: Plan) -> None:
    """Look at a call of a tool before it is carried out. Raises Refusal."""
    assert plan.runtime is not None and plan.name.value is not None
    if planted := gate.flows.planted(live.message.params or b""):
        _carried(gate, live, plan, planted)
    if gate.flows.action == "none" and not gate.flows.plants:
        return
    live.own_id = gate.recorder.book.new_id()
    session = live.context.session or live.context.principal.subject
    toxic = gate.flows.step(session, plan.runtime.name, plan.name.value, live.own_id)
    if toxic is not None and toxic.kind == "untrusted_private_sink":
        _toxic(gate, live, plan, toxic)


def _carried(gate: "Gate", live: "Live", plan: Plan, planted: list[str]) -> None:
    blocks = gate.flows.canary_action == "block"
    found = Finding(
        detector=CANARY, type=CANARY, severity="critical", part="arguments", action="blocked" if blocks else "logged", count=len(planted)
    )
    live.asked.findings += (found,)
    ids = tuple(f"{CANARY}/{call}" for call in planted)
    matched = (*plan.decision.matched, *ids)
    if not blocks:
        _decide(live, plan, replace(plan.decision, matched=matched, observed=(*plan.decision.observed, *ids)))
        return
    _decide(live, plan, replace(plan.decision, effect="blocked", rule=CANARY, matched=matched, reason=_CANARY_SAID))
    raise by_policy(plan.decision)


def _toxic(gate: "Gate", live: "Live", plan: Plan, toxic: Toxic) -> None:
    action, decision = gate.flows.action, plan.decision
    matched = (*decision.matched, *(f"{TOXIC_FLOW}/{call}" for call in toxic.calls[:-1]), TOXIC_FLOW)
    if action == "alert":
        _decide(live, plan, replace(decision, matched=matched, observed=(*decision.observed, TOXIC_FLOW)))
        return
    approved = [approval for approval in plan.given if TOXIC_FLOW in approval.rules]
    if action == "require_approval" and approved:
        plan.approvals = (*plan.approvals, *(one for one in approved if one not in plan.approvals))
        _decide(live, plan, replace(decision, matched=matched))
        return
    effect = "blocked" if action == "block" else "pending"
    _decide(live, plan, replace(decision, effect=effect, rule=TOXIC_FLOW, matched=matched, reason=_FLOW_SAID))
    raise by_policy(plan.decision)


def _decide(live: "Live", plan: Plan, decision: Decision) -> None:
    plan.decision = live.asked.decision = decision


def plant(gate: "Gate", live: "Live", message: wire.Message) -> wire.Message:
    """Put a canary into the answer of a tool, where one is wanted: one more piece of text at its end."""
    if live.id is None or live.asked.connector is None or live.message.method != "tools/call" or message.result is None:
        return message
    token = gate.flows.canary(live.asked.connector, live.asked.tool or "", live.id)
    members = wire.raw_map(message.result)
    if token is None or "content" not in members or wire.result_head(message.result).is_error:
        return message
    content = [*wire.raw_list(members["content"]), wire.raw(wire.encode({"type": "text", "text": f"ref: {token}"}))]
    members["content"] = wire.raw(wire.encode(content))
    result = wire.encode(members)
    return replace(message, result=result, raw=wire.response(message.id or b"null", result))
