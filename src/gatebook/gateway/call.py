"""One call, top to bottom: plan and decide, record, dispatch, relay, record, answer.

The order of `serve` is the promise of the product: nothing is dispatched before `call.started` is durable, and no final
answer is released before `call.finished` is.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Literal

from gatebook.gateway import answers, bridge, handshake, headers, local, sse, wire
from gatebook.gateway import outcome as judge
from gatebook.gateway.context import Context, now_ns, trace_of
from gatebook.gateway.legs import outgoing
from gatebook.gateway.plan import Plan, Refusal, plan
from gatebook.gateway.recorder import Answer, Asked, Move
from gatebook.gateway.reply import Reply
from gatebook.gateway.sessions import Asked as AskedOfClient
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import Exchange, HttpFailure, InvalidAnswer, Item, Leg
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.gateway.watch import Watch
from gatebook.log.errors import LogUnavailable, RecordTooLarge
from gatebook.log.receipt import Receipt
from gatebook.record.parts import Outcome, Timing

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

CLIENT_GONE = "the client went away"
_DRAIN_S = 1.0


class Live:
    """A call in flight."""

    def __init__(self, context: Context, message: wire.Message, asked: Asked, session: Session | None) -> None:
        self.context = context
        self.message = message
        self.asked = asked
        self.session = session
        self.receipt: Receipt | None = None
        self.leg: Leg | None = None
        self.exchange: Exchange | None = None
        self.plan: Plan | None = None
        self.answer = Answer()
        self.policy_us = 0
        self.log_us = 0
        self.upstream_us = 0
        self.dispatched_ns = 0
        self.detached = False
        self.cancel_asked = False
        self.task: asyncio.Task[None] | None = None
        self.why_cancelled: str | None = None

    @property
    def id(self) -> str | None:
        """Id of the call; None while it has no record."""
        return None if self.receipt is None else self.receipt.id

    def cancel(self, reason: str) -> None:
        """End the call from this side. The task, once it may be interrupted, notes the outcome and ends its reply."""
        if self.why_cancelled is None:
            self.why_cancelled = reason
            if self.task is not None:
                self.task.cancel()

    def timing(self) -> Timing:
        """Where the time went so far."""
        total_us = (now_ns() - self.context.received_ns) // 1000
        spent = self.policy_us + self.log_us + self.upstream_us
        return Timing(
            total_us=total_us,
            gateway_us=max(0, total_us - spent),
            policy_us=self.policy_us,
            log_us=self.log_us,
            upstream_us=self.upstream_us,
        )


async def serve(gate: "Gate", context: Context, message: wire.Message, reply: Reply, session: Session | None, watch: Watch) -> None:
    """Carry one request from its message to its answer."""
    asked = Asked(method=message.method, request_id=message.id, params=message.params)
    live = Live(context, message, asked, session)
    try:
        live.plan = _plan(gate, live)
        release = gate.take_place(context, live.plan.runtime)
    except Refusal as refusal:
        await refuse(gate, live, reply, refusal)
        return
    try:
        if message.method == "initialize" and not context.modern:
            handshake.open_session(gate, live)
        gate.remember(live)
        if not await _record_start(gate, live, reply):
            return
        watch.start(lambda: live.cancel(CLIENT_GONE))
        await _dispatch(gate, live, reply)
    finally:
        release()
        gate.forget(live)


def _plan(gate: "Gate", live: Live) -> Plan:
    context, message, asked = live.context, live.message, live.asked
    began = now_ns()
    try:
        if live.session is not None and message.id in live.session.live:
            raise wire.WireError(wire.INVALID_REQUEST, "a request with this id has not been answered yet")
        head = wire.params_head(message.params)
        meta = wire.raw_map(bytes(head.meta)) if head.meta else {}
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
    return planned


async def refuse(gate: "Gate", live: Live, reply: Reply, refusal: Refusal) -> None:
    """Answer with an error of the gateway's own, recorded first."""
    text, message = str(refusal), live.message
    if message.id is not None and refusal.code in (wire.BLOCKED, wire.OVERLOADED) and message.method == "tools/call":
        body = wire.tool_error(message.id, text, modern=live.context.modern)
    else:
        body = wire.error(message.id, refusal.code, text, refusal.data)
    outcome = judge.refused(refusal.code, text[:500], refusal.error_class)
    total_us = (now_ns() - live.context.received_ns) // 1000
    status = refusal.status if refusal.status != 200 else answers.status_of(live, body)
    try:
        await gate.recorder.refused(live.context, live.asked, outcome, total_us, body).durable()
    except (LogUnavailable, RecordTooLarge):
        status = 503  # nothing was done, so nothing is lost but the note of the refusal; the client is told either way
    await reply.final(status, body)


async def _record_start(gate: "Gate", live: Live, reply: Reply) -> bool:
    began = now_ns()
    try:
        live.receipt = gate.recorder.started(live.context, live.asked)
        await live.receipt.durable()
    except RecordTooLarge as error:
        text = f"the request is too large to be recorded: {error.size_bytes} bytes"
        await refuse(gate, live, reply, Refusal(wire.INVALID_REQUEST, text, status=413, error_class="too_large"))
        return False
    except LogUnavailable as error:
        if _may_go_unrecorded(live):
            gate.let_through(live.asked.connector or "")
            live.receipt = None
            return True
        await reply.final(503, answers.not_recorded(live.message, str(error)))
        return False
    finally:
        live.log_us += (now_ns() - began) // 1000
    return True


def _may_go_unrecorded(live: Live) -> bool:
    runtime = live.plan.runtime if live.plan else None
    return runtime is not None and runtime.connector.spec.on_log_failure == "allow"


async def _dispatch(gate: "Gate", live: Live, reply: Reply) -> None:
    assert live.plan is not None
    runtime = live.plan.runtime
    live.dispatched_ns = now_ns()
    timeout_s = None if live.message.method == "subscriptions/listen" else runtime.timeout_s if runtime else gate.settings.limits.timeout_s
    live.task = asyncio.current_task()
    try:
        if live.why_cancelled is not None:
            raise asyncio.CancelledError
        async with asyncio.timeout(timeout_s):
            final = await (_own_answer(gate, live) if runtime is None else _exchange(gate, live, reply))
    except TimeoutError:
        _abort(live, "timeout")
        final = answers.failed(live, judge.of_failure("timeout", f"no answer within {timeout_s:g} s"))
    except asyncio.CancelledError:
        _abort(live, "cancelled")
        await _end_cancelled(gate, live, reply)
        return
    except (UpstreamError, InvalidAnswer, HttpFailure, bridge.NotBridged, Refusal) as error:
        final = answers.of_error(live, error)
    except Exception as error:  # whatever it is, a call that was started must have an outcome
        gate.note_fault(error)
        _abort(live, "cancelled")
        final = answers.broken(live)
    if final is None:
        return
    live.task = None  # from here on it is too late to cancel
    if not await finish(gate, live, final.outcome, final.body):
        await reply.final(503, answers.not_recorded(live.message, "its outcome could not be recorded", ran=True))
        return
    await _release(live, reply, final)


async def _end_cancelled(gate: "Gate", live: Live, reply: Reply) -> None:
    task, live.task = asyncio.current_task(), None
    reason = live.why_cancelled or "the gateway is stopping"
    await finish(gate, live, judge.of_failure("cancelled", reason), None)
    if live.why_cancelled is None:
        raise asyncio.CancelledError
    if task is not None and task.cancelling():
        task.uncancel()
    if reason != CLIENT_GONE:
        await reply.final(200, wire.error(live.message.id, wire.CANCELLED, f"The request was ended: {reason}."))


async def _own_answer(gate: "Gate", live: Live) -> answers.Final:
    result = await local.answer(gate, live)
    return answers.Final(wire.response(live.message.id or b"null", result), Outcome(status="ok", transport="ok"))


async def _exchange(gate: "Gate", live: Live, reply: Reply) -> answers.Final | None:
    """Send the request and relay what comes before its final answer. None when the answer will come on another stream."""
    assert live.plan is not None and live.plan.runtime is not None
    runtime = live.plan.runtime
    opened = await handshake.begin(gate, live) if live.message.method == "initialize" and not live.context.modern else None
    if isinstance(opened, answers.Final):
        return opened
    leg = opened or await gate.legs.find(runtime, live.context, live.session)
    if (answered := handshake.shortcut(live, leg)) is not None:
        return answered
    sent = outgoing(live.context, live.message, leg, runtime, live.plan.name)
    live.leg = leg
    exchange = live.exchange = await leg.send(sent)
    if exchange.http_status == 404:
        gate.lose_leg(live, leg)
    items = exchange.items()
    resumable = False
    async for item in items:
        message = item.message
        if message is None:
            resumable = resumable or b"id:" in item.raw
        elif message.kind in ("response", "error"):
            if message.id == live.message.id or (exchange.http_status or 0) >= 400:
                live.upstream_us = (now_ns() - live.dispatched_ns) // 1000
                final = answers.final(gate, live, leg, item)
                if exchange.form == "sse":
                    gate.spawn(_drain(gate, live, items))
                else:
                    await items.aclose()
                return final
            note_extra(gate, live, message)
            continue
        await _relay(gate, live, reply, item)
    if resumable and live.session is not None and reply.streaming:
        # SEP-1699: the connector closed the stream and will answer on the one that the client opens next.
        gate.detach(live)
        await reply.end()
        return None
    raise InvalidAnswer("the connector ended its answer before it was complete")


async def _relay(gate: "Gate", live: Live, reply: Reply, item: Item) -> None:
    """Pass on one message that is not the final answer, or an event without a message."""
    message = item.message
    if message is None:
        if item.foreign:
            note_foreign(gate, live.context, item, Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=False))
        elif live.exchange is not None and live.exchange.form == "sse" and reply.can_stream:
            await _open(live, reply)
            await reply.event(item.raw)
        return
    live.answer.messages += 1
    if message.kind == "request" and not _can_be_asked(live, reply):
        await _decline(gate, live, message)
        return
    raw, message = shown(live.session, live.context, live.asked.connector or "", item, live.id)
    move = Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=reply.can_stream)
    try:
        receipt = gate.recorder.relayed(live.context, message, move)
        if message.kind == "request":
            await receipt.durable()
    except (LogUnavailable, RecordTooLarge):
        if not _may_go_unrecorded(live):
            return
    if reply.can_stream:
        await _open(live, reply)
        await reply.event(raw)


def _can_be_asked(live: Live, reply: Reply) -> bool:
    """Tell whether a connector's question can reach the client, and the client's answer the connector."""
    assert live.leg is not None
    return reply.can_stream and live.context.modern == live.leg.modern and (live.session is not None or not isinstance(live.leg, Channel))


async def _decline(gate: "Gate", live: Live, message: wire.Message) -> None:
    """Answer a connector's question in place of a client that cannot be asked, or the connector waits for ever."""
    gate.note(live.context, message, Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=False))
    assert live.leg is not None and message.id is not None
    text = "The client of this call cannot be asked: it speaks another revision of MCP, or has no session."
    answer = wire.response(message.id, b"{}") if message.method == "ping" else wire.error(message.id, wire.METHOD_NOT_FOUND, text)
    with contextlib.suppress(UpstreamError):
        await live.leg.pass_on(wire.parse_answer(answer), ())


def shown(session: Session | None, context: Context, connector: str, item: Item, call: str | None) -> tuple[bytes, wire.Message]:
    """Return the event bytes and the message as the client sees them: on the aggregate, requests get an id of the gateway's own."""
    message = item.message
    assert message is not None
    if session is not None and message.kind == "request" and message.id is not None:
        asked = AskedOfClient(connector, message.id, call)
        if context.connector is None:
            raw = wire.with_id(message, session.ask(asked))
            return sse.event(raw), wire.parse_answer(raw)
        session.asked[message.id] = asked
    return (item.raw if item.raw is not message.raw else sse.event(message.raw)), message


async def _open(live: Live, reply: Reply) -> None:
    if not reply.streaming:
        await reply.begin(answers.session_header(live))


async def finish(gate: "Gate", live: Live, outcome: Outcome, body: bytes | None) -> bool:
    """Record the outcome; False when it could not be made durable."""
    live.upstream_us = live.upstream_us or (now_ns() - live.dispatched_ns) // 1000
    if live.receipt is None:
        return True
    live.answer.response = body
    try:
        await gate.recorder.finished(live.context, live.receipt, outcome, live.timing(), live.answer).durable()
    except LogUnavailable:
        return False
    return True


async def _release(live: Live, reply: Reply, final: answers.Final) -> None:
    headers_out = answers.session_header(live)
    if final.event is not None and reply.can_stream:
        await _open(live, reply)
        await reply.event(final.event)
        await reply.end()
        return
    await reply.final(final.status or answers.status_of(live, final.body), final.body, headers_out)


def _abort(live: Live, reason: Literal["timeout", "cancelled"]) -> None:
    if live.exchange is not None:
        live.exchange.abort(reason)


async def _drain(gate: "Gate", live: Live, items: AsyncGenerator[Item]) -> None:
    """Read on after the final answer, so that the connection can be used again and a second answer is noticed."""
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for item in items:
                if item.message is not None:
                    note_extra(gate, live, item.message)
    except TimeoutError:
        assert live.exchange is not None
        live.exchange.abort("cancelled")
    except (UpstreamError, HttpFailure, InvalidAnswer):
        return
    finally:
        await items.aclose()


def note_foreign(gate: "Gate", context: Context, item: Item, move: Move) -> None:
    """Record an event whose data is no message of MCP. It is not passed on: a client might read an answer in it that nobody recorded."""
    gate.note(context, wire.Message("other", item.raw), move)


def note_extra(gate: "Gate", live: Live, message: wire.Message) -> None:
    """Record a message that the connector should not have sent, and do not pass it on."""
    live.answer.extra_answers += 1
    gate.note(live.context, message, Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=False))
