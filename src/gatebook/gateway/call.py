"""One call, top to bottom: plan and decide, record, dispatch, relay, record, answer.

The order of `serve` is the promise of the product: nothing is dispatched before `call.started` is durable, and no final
answer is released before `call.finished` is.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from gatebook.gateway import answers, approving, bridge, handshake, local, wire
from gatebook.gateway import outcome as judge
from gatebook.gateway.context import Context, now_ns
from gatebook.gateway.legs import outgoing
from gatebook.gateway.live import Live
from gatebook.gateway.prepare import prepare
from gatebook.gateway.recorder import Asked
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.refusing import refuse
from gatebook.gateway.relay import note_extra, open_stream, relay
from gatebook.gateway.reply import Reply
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.exchange import HttpFailure, InvalidAnswer, Item
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.gateway.watch import Watch
from gatebook.log.errors import LogUnavailable, RecordTooLarge
from gatebook.record.parts import Outcome

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

CLIENT_GONE = "the client went away"
_DRAIN_S = 1.0


async def serve(gate: "Gate", context: Context, message: wire.Message, reply: Reply, session: Session | None, watch: Watch) -> None:
    """Carry one request from its message to its answer."""
    asked = Asked(method=message.method, request_id=message.id, params=message.params)
    live = Live(context, message, asked, session)
    try:
        live.plan = await approving.patiently(gate, live, prepare)
        await _attach_credential(live)
        await approving.use(gate, live)
        release = gate.take_place(context, live.plan.runtime)
    except Refusal as refusal:
        await refuse(gate, live, reply, refusal)
        return
    # Before anything is waited for, so that calls at the same time do not all slip through under a limit.
    _count(gate, live, "calls", 1)
    _count(gate, live, "arguments", len(live.asked.params or b""))
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


async def _attach_credential(live: Live) -> None:
    """Have the credential ready, so that the record of the call names it. Raises Refusal when the person has to connect first."""
    runtime = live.plan.runtime if live.plan is not None else None
    if runtime is not None and runtime.connector.spec.credential.kind != "none":
        authority = runtime.authority(live.context.principal.person)
        live.asked.credential = authority.credential
        await authority.ready()
        live.asked.credential = authority.credential


async def _record_start(gate: "Gate", live: Live, reply: Reply) -> bool:
    began = now_ns()
    try:
        live.receipt = gate.recorder.started(live.context, live.asked, live.own_id)
        await live.receipt.durable()
    except RecordTooLarge as error:
        text = f"the request is too large to be recorded: {error.size_bytes} bytes"
        await refuse(gate, live, reply, Refusal(wire.INVALID_REQUEST, text, status=413, error_class="too_large"))
        return False
    except LogUnavailable as error:
        if live.may_go_unrecorded:
            gate.let_through(live.asked.connector or "")
            live.receipt = None
            return True
        await reply.final(503, answers.not_recorded(live.message, str(error)))
        return False
    finally:
        live.log_us += (now_ns() - began) // 1000
    return True


def _count(gate: "Gate", live: Live, what: str, amount: int) -> None:
    for counted in live.plan.counted if live.plan is not None else ():
        if counted.what == what:
            gate.counts.add(counted, amount, time.time())


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
    if not await finish(gate, live, final.outcome, final.kept or final.body):
        await reply.final(503, answers.not_recorded(live.message, "its outcome could not be recorded", ran=True))
        return
    await _release(live, reply, final)


async def _end_cancelled(gate: "Gate", live: Live, reply: Reply) -> None:
    task, live.task = asyncio.current_task(), None
    reason = live.why_cancelled or "the gateway is stopping"
    await finish(gate, live, replace(judge.of_failure("cancelled", reason), error_class=live.cancelled_class), None)
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
                final = await answers.final(gate, live, leg, item)
                if exchange.form == "sse":
                    gate.spawn(_drain(gate, live, items))
                else:
                    await items.aclose()
                return final
            note_extra(gate, live, message)
            continue
        await relay(gate, live, reply, item)
    if resumable and live.session is not None and reply.streaming:
        # SEP-1699: the connector closed the stream and will answer on the one that the client opens next.
        gate.detach(live)
        await reply.end()
        return None
    raise InvalidAnswer("the connector ended its answer before it was complete")


async def finish(gate: "Gate", live: Live, outcome: Outcome, body: bytes | None) -> bool:
    """Record the outcome; False when it could not be made durable."""
    live.upstream_us = live.upstream_us or (now_ns() - live.dispatched_ns) // 1000
    if live.receipt is None:
        return True
    live.answer.response = body
    _count(gate, live, "response", len(body or b""))
    try:
        await gate.recorder.finished(live.context, live.receipt, outcome, live.timing(), live.answer).durable()
    except LogUnavailable:
        return False
    return True


async def _release(live: Live, reply: Reply, final: answers.Final) -> None:
    headers_out = answers.session_header(live)
    if final.event is not None and reply.can_stream:
        await open_stream(live, reply)
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
