"""What a request is for: which connector, under which name, and whether it may go there. Decided on the body, before anything is sent."""

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gatebook.gateway import headers, pinning, scoping, wire
from gatebook.gateway.approving import fitting
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.context import Context
from gatebook.gateway.counts import Counted
from gatebook.gateway.governing import Wanted, own_decision
from gatebook.gateway.legs import Name
from gatebook.gateway.refusal import Refusal, by_policy
from gatebook.identity.scopes import reaches
from gatebook.policy.request import Request
from gatebook.record.parts import Decision
from gatebook.state.approvals import Approval

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

SEPARATOR = "__"
LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
_BY_URI = ("resources/read", "resources/subscribe", "resources/unsubscribe")


class Plan:
    """Where a request goes. Without a runtime the gateway answers it itself.

    `asked` is what policy was asked; `counted` what the call counts for; `given` the approvals of exactly this call, `approvals` those that it needs.
    """

    __slots__ = ("approvals", "asked", "counted", "decision", "given", "name", "runtime")

    def __init__(self, runtime: Runtime | None, name: Name, decision: Decision, asked: Request | None = None) -> None:
        self.runtime = runtime
        self.name = name
        self.decision = decision
        self.asked = asked
        self.counted: tuple[Counted, ...] = ()
        self.given: tuple[Approval, ...] = ()
        self.approvals: tuple[Approval, ...] = ()


def plan(gate: "Gate", context: Context, message: wire.Message, head: wire.ParamsHead) -> Plan:
    """Find the connector and decide. Raises Refusal."""
    key = headers.NAME_KEYS.get(message.method)
    value = head.name if key == "name" else head.uri if key == "uri" else None
    if key is not None and value is None:
        raise Refusal(wire.INVALID_PARAMS, f"params.{key} is missing")
    name = Name(key, value)
    if context.connector is not None:
        runtime = gate.runtimes.get(context.connector)
        if runtime is None:
            raise _unknown_connector(context.connector)
    else:
        runtime, name = _of_aggregate(gate, context, message, head, name)
    if runtime is None:
        return Plan(None, name, own_decision(gate.bundle))
    planned = _decided(gate, context, runtime, message, head, name)
    decision = planned.decision
    if decision.effect not in ("blocked", "pending"):
        return planned
    if not gate.governing.connects(context.principal, runtime.name):
        # To somebody without access a connector is as unknown as one that does not exist; the record knows better.
        unknown = _unknown_connector(runtime.name) if context.connector is not None else _unknown_name(message, head)
        unknown.decision, unknown.error_class, unknown.asked = decision, "policy", (runtime.name, name.value)
        raise unknown
    refusal = by_policy(decision)
    refusal.asked = (runtime.name, name.value)
    raise refusal


def _decided(gate: "Gate", context: Context, runtime: Runtime, message: wire.Message, head: wire.ParamsHead, name: Name) -> Plan:
    governing, arguments = gate.governing, bytes(head.arguments)
    tool = name.value if message.method == "tools/call" else None
    given = governing.approvals(context.principal.person, runtime.name, tool) if tool is not None else []
    now_us = time.time_ns() // 1000
    given = fitting(given, gate.keys.arguments, arguments, now_us)
    approved = frozenset(rule for approval in given for rule in approval.rules)
    request = governing.request(context, Wanted(runtime, message.method, tool, arguments or None, approved), now_us)
    tally = gate.counts.tally(governing.bundle.rules, now_us / 1e6)
    decision = governing.decide(request, tally.above)
    if tool is not None and decision.effect != "blocked" and (standing := gate.pinning.standing(runtime, tool)) != "approved":
        decision = replace(decision, effect="blocked", rule=pinning.RULE, reason=gate.pinning.reason(standing, runtime, tool))
        if standing == "unlisted":
            # The connector would say the same (MCP 2026-07-28, server/tools, "Error handling"), so the client hears it in the same form.
            unknown = _unknown_name(message, head)
            unknown.decision, unknown.asked = decision, (runtime.name, tool)
            raise unknown
    planned = Plan(runtime, name, decision, request)
    planned.counted = tuple(tally.counted)
    planned.given = tuple(given)
    # An approval that no matching policy asks for is not used up.
    planned.approvals = tuple(approval for approval in given if set(approval.rules) & set(planned.decision.matched))
    return planned


def _of_aggregate(gate: "Gate", context: Context, message: wire.Message, head: wire.ParamsHead, name: Name) -> tuple[Runtime | None, Name]:
    method = message.method
    if method in ("tools/call", "prompts/get"):
        assert name.value is not None
        connector, separator, rest = name.value.partition(SEPARATOR)
        scoping.check(gate.settings.mcp_url, context, connector if separator else None)
        runtime = gate.runtimes.get(connector) if separator else None
        if runtime is None or not rest:
            raise _unknown_name(message, head)
        return runtime, Name(name.key, rest, changed=True)
    if method in _BY_URI:
        return _of_resource(gate, context, head.uri or ""), Name("uri", head.uri)
    if method == "completion/complete":
        return _of_completion(gate, context, message)
    return None, name


def permitted(gate: "Gate", context: Context) -> list[Runtime]:
    """Return the connectors that the person may use with this token, by name."""
    scopes = context.principal.scopes
    return [runtime for name, runtime in sorted(gate.runtimes.items()) if reaches(scopes, name) and gate.may_use(context, runtime)]


def _of_resource(gate: "Gate", context: Context, uri: str) -> Runtime:
    runtimes = permitted(gate, context)
    owners = [runtime for runtime in runtimes if runtime.catalog.has_resource(uri)]
    if len(owners) == 1:
        return owners[0]
    if len(owners) > 1:
        names = ", ".join(f"/mcp/{runtime.name}" for runtime in owners)
        raise Refusal(
            wire.INVALID_PARAMS, f"several connectors have the resource {uri[:200]!r}; ask one of {names}", error_class="invalid_input"
        )
    if len(runtimes) == 1:
        return runtimes[0]
    raise Refusal(
        wire.INVALID_PARAMS, f"no connector has listed the resource {uri[:200]!r}; list the resources first", error_class="not_found"
    )


def _of_completion(gate: "Gate", context: Context, message: wire.Message) -> tuple[Runtime, Name]:
    reference = wire.raw_map(bytes(wire.raw_map(message.params).get("ref", b"{}")))
    named = wire.text_of(reference.get("name"))
    if named is None:
        return _of_resource(gate, context, wire.text_of(reference.get("uri")) or ""), Name(None, None)
    connector, separator, rest = named.partition(SEPARATOR)
    scoping.check(gate.settings.mcp_url, context, connector if separator else None)
    runtime = gate.runtimes.get(connector) if separator else None
    if runtime is None:
        raise Refusal(wire.INVALID_PARAMS, f"unknown prompt {named[:200]!r}", error_class="not_found")
    reference["name"] = wire.raw(wire.encode(rest))
    return runtime, Name("ref", None, changed=True, json=wire.encode(reference))


def _unknown_connector(name: str) -> Refusal:
    return Refusal(wire.INVALID_REQUEST, f"there is no connector {name[:64]!r} here", status=404, error_class="not_found")


def _unknown_name(message: wire.Message, head: wire.ParamsHead) -> Refusal:
    kind = "tool" if message.method == "tools/call" else "prompt" if message.method == "prompts/get" else "resource"
    return Refusal(wire.INVALID_PARAMS, f"unknown {kind} {(head.name or head.uri or '')[:200]!r}", error_class="not_found")
