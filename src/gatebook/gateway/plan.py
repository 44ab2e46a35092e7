"""What a request is for: which connector, under which name, and whether it may go there. Decided on the body, before anything is sent."""

from typing import TYPE_CHECKING, Any

from gatebook.gateway import headers, wire
from gatebook.gateway.connectors import Runtime
from gatebook.gateway.context import Context
from gatebook.gateway.legs import Name
from gatebook.policy.access import AccessRequest, decide, granted
from gatebook.record.parts import Decision, ErrorClass

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

SEPARATOR = "__"
_DECISIONS_MAX = 10_000
LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
_BY_URI = ("resources/read", "resources/subscribe", "resources/unsubscribe")


class Refusal(Exception):
    """The gateway answers the request itself, with an error."""

    def __init__(
        self, code: int, text: str, *, status: int = 200, error_class: ErrorClass | None = None, decision: Decision | None = None
    ) -> None:
        super().__init__(text)
        self.code = code
        self.status = status
        self.error_class = error_class
        self.decision = decision
        self.data: dict[str, Any] | None = None
        self.asked: tuple[str, str | None] | None = None
        """Connector, and tool as the connector names it, where a decision about them was made."""

    def with_data(self, data: dict[str, Any] | None) -> "Refusal":
        """Add the `data` member of the JSON-RPC error."""
        self.data = data
        return self


class Plan:
    """Where a request goes. Without a runtime the gateway answers it itself."""

    __slots__ = ("decision", "name", "runtime")

    def __init__(self, runtime: Runtime | None, name: Name, decision: Decision) -> None:
        self.runtime = runtime
        self.name = name
        self.decision = decision


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
    tool = name.value if message.method == "tools/call" else None
    principal = context.principal
    decision = _decided(gate, context, runtime, tool)
    if decision.effect == "blocked":
        assert runtime is not None
        if not granted(principal.person, principal.email, principal.groups, runtime.rules):
            # To somebody without access a connector is as unknown as one that does not exist; the record knows better.
            unknown = _unknown_connector(runtime.name) if context.connector is not None else _unknown_name(message, head)
            unknown.decision, unknown.error_class, unknown.asked = decision, "policy", (runtime.name, name.value)
            raise unknown
        blocked = Refusal(wire.BLOCKED, decision.reason or "Blocked by policy.", error_class="policy", decision=decision)
        blocked.asked = (runtime.name, name.value)
        raise blocked
    return Plan(runtime, name, decision)


def _decided(gate: "Gate", context: Context, runtime: Runtime | None, tool: str | None) -> Decision:
    """Decide, once for each person, connector and tool while a configuration is in force: it depends on nothing else."""
    who = context.principal
    key = (who.person, who.email, who.groups, None if runtime is None else runtime.name, tool)
    decision = gate.decisions.get(key)
    if decision is None:
        request = AccessRequest(person=who.person, email=who.email, groups=who.groups, tool=tool)
        decision = decide(request, None if runtime is None else runtime.rules, gate.bundle)
        if len(gate.decisions) >= _DECISIONS_MAX:
            gate.decisions.clear()
        gate.decisions[key] = decision
    return decision


def _of_aggregate(gate: "Gate", context: Context, message: wire.Message, head: wire.ParamsHead, name: Name) -> tuple[Runtime | None, Name]:
    method = message.method
    if method in ("tools/call", "prompts/get"):
        assert name.value is not None
        connector, separator, rest = name.value.partition(SEPARATOR)
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
    """Return the connectors that the person may use, by name."""
    who = context.principal
    return [runtime for _, runtime in sorted(gate.runtimes.items()) if granted(who.person, who.email, who.groups, runtime.rules)]


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
