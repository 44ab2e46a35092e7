"""From a message to a plan: headers held against the body, the connector found, policy asked, arguments looked at. Nothing is sent yet."""

from typing import TYPE_CHECKING

from gatebook.gateway import answers, carrying, guarding, headers, wire
from gatebook.gateway.context import now_ns, trace_of
from gatebook.gateway.eliciting import is_own_state, without_own_state
from gatebook.gateway.plan import Plan, plan
from gatebook.gateway.refusal import Refusal

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live


def prepare(gate: "Gate", live: "Live") -> Plan:
    """Read what a request is for, decide, and look at its arguments; raises Refusal, with what is known noted for the record.

    Raises Unread when names have to be looked for in the arguments first; then prepare again.
    """
    context, message, asked = live.context, live.message, live.asked
    began = now_ns()
    tool = None
    # A call that waits for an approval is prepared several times.
    asked.findings = ()
    try:
        if live.session is not None and message.id in live.session.live:
            raise wire.WireError(wire.INVALID_REQUEST, "a request with this id has not been answered yet")
        head = wire.params_head(message.params)
        meta = wire.raw_map(bytes(head.meta)) if head.meta else {}
        live.repeated = live.repeated or is_own_state(head.request_state)
        asked.trace = trace_of(wire.text_of(meta.get("traceparent")), context.headers)
        if context.modern:
            headers.check_modern(context.headers, message, head)
            answers.note_client(context, meta)
            context.session = gate.sessions.stateless((context.principal.person, context.client.name or "", context.endpoint))
        planned = plan(gate, context, message, head)
        runtime = planned.runtime
        asked.tool, asked.decision = planned.name.value, planned.decision
        if runtime is not None:
            asked.connector, asked.credential, asked.server = runtime.name, runtime.credential, runtime.server
            if message.method == "tools/call" and (tool := runtime.catalog.tools.get(planned.name.value or "")) is not None:
                asked.tool_hash = tool.hash
                if context.modern:
                    headers.check_params(context.headers, tool.headers, bytes(head.arguments))
        if context.modern:
            asked.round = gate.rounds.continued(head.request_state, asked, context)
            _drop_own_state(live)
    except wire.WireError as error:
        raise Refusal(error.code, str(error), status=400 if context.modern or error.code == wire.INVALID_REQUEST else 200) from error
    except headers.HeaderError as error:
        raise Refusal(error.code, str(error), status=400).with_data(error.data) from error
    except Refusal as refusal:
        asked.decision = refusal.decision
        connector, name = refusal.asked or (context.connector, None)
        asked.connector = asked.connector or connector
        asked.tool = asked.tool or name or head.name or head.uri
        raise
    finally:
        live.policy_us = (now_ns() - began) // 1000
    looked = None
    if planned.asked is not None and not planned.asked.connect and gate.guarding.any:
        live.guards = gate.guarding.of(planned.asked, planned.decision)
        looked = guarding.look_at_arguments(gate, live)
    # From here on nothing is done twice: what a session has carried is counted.
    if planned.asked is not None and planned.asked.tool is not None:
        carrying.check(gate, live, planned)
    if looked is not None:
        guarding.arguments(live, tool, looked)
    return planned


def _drop_own_state(live: "Live") -> None:
    message = live.message
    params = without_own_state(message.params)
    if params is not message.params and message.id is not None:
        live.asked.params = params
        live.message = wire.parse_answer(wire.request(message.id, message.method, params))
