"""Messages from the client that are not requests: notifications, answers to a connector's questions, and the end of a session."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from gatebook.gateway import guarding, headers, wire
from gatebook.gateway.context import Context
from gatebook.gateway.recorder import Move
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import HttpFailure, InvalidAnswer, Leg
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.log.errors import LogUnavailable, RecordTooLarge

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

_CANCEL_GRACE_S = 2.0
_FAILURES = (UpstreamError, HttpFailure, InvalidAnswer, TimeoutError)


async def take(gate: "Gate", context: Context, message: wire.Message, session: Session | None) -> int:
    """Record the message, pass it on where it belongs, and return the HTTP status. Raises Refusal."""
    if message.kind == "notification" and not message.method.startswith("notifications/"):
        # A connector might carry out a call that is sent without an id: no decision, no record of a call, no answer.
        raise Refusal(
            wire.INVALID_REQUEST, f"{message.method[:100]!r} is a request and needs an id", status=400, error_class="invalid_input"
        )
    if context.modern:
        if message.kind != "notification":
            raise Refusal(wire.INVALID_REQUEST, "a response cannot be posted in this protocol version", status=400)
        try:
            headers.check_version((context.protocol or "")[:32])
        except headers.HeaderError as error:
            raise Refusal(error.code, str(error), status=400).with_data(error.data) from error
        await _record(gate, context, message, Move(to_client=False, connector=None, relayed=False))
        return 202
    if session is None:
        return await _without_session(gate, context, message)
    if message.kind == "notification":
        return await _notification(gate, context, message, session)
    return await _answer(gate, context, message, session)


async def _without_session(gate: "Gate", context: Context, message: wire.Message) -> int:
    """A connector without sessions gets the message as it came; on the aggregate it belongs to nobody."""
    runtime = gate.runtimes.get(context.connector or "")
    relayed = runtime is not None and runtime.connector.spec.transport == "http"
    if context.connector is not None and (runtime is None or not gate.may_use(context, runtime)):
        raise Refusal(wire.INVALID_REQUEST, f"there is no connector {context.connector[:64]!r} here", status=404, error_class="not_found")
    looked = await guarding.relayed(gate, message, gate.guards(context, context.connector), to_client=False)
    relayed, message = relayed and looked.withheld is None, looked.message
    move = Move(to_client=False, connector=context.connector, relayed=relayed, findings=looked.findings)
    await _record(gate, context, message, move)
    if not relayed or runtime is None:
        return 202
    try:
        leg = await gate.legs.find(runtime, context, None)
    except _FAILURES as error:
        raise _unreachable(error) from error
    return await _pass_on(gate, leg, message, context)


async def _notification(gate: "Gate", context: Context, message: wire.Message, session: Session) -> int:
    if message.method == "notifications/cancelled":
        return await _cancelled(gate, context, message, session)
    # On a channel, and on the aggregate, the gateway has done the handshake itself and has sent this.
    own = message.method == "notifications/initialized"
    legs = {
        name: leg
        for name, leg in session.legs.items()
        if not (own and (isinstance(leg, Channel) or session.connector is None)) and not leg.modern
    }
    looks = [await guarding.relayed(gate, message, gate.guards(context, name), to_client=False) for name in legs]
    message = next((looked.message for looked in looks if looked.message is not message), message)
    findings = tuple(finding for looked in looks for finding in looked.findings)
    if any(looked.withheld is not None for looked in looks):
        legs = {}
    await _record(gate, context, message, Move(to_client=False, connector=session.connector, relayed=bool(legs), findings=findings))
    if session.connector is not None and legs:
        return await _pass_on(gate, legs[session.connector], message, context)
    for leg in legs.values():
        with contextlib.suppress(Refusal):  # the other connectors must hear of it all the same
            await _pass_on(gate, leg, message, context)
    return 202


async def _cancelled(gate: "Gate", context: Context, message: wire.Message, session: Session) -> int:
    live = session.live.get(wire.cancelled_id(message.params) or b"")
    connector = live.asked.connector if live is not None else session.connector
    leg = session.legs.get(connector or "")
    await _record(
        gate,
        context,
        message,
        Move(to_client=False, connector=connector, call=live.id if live is not None else None, relayed=leg is not None),
    )
    if live is not None:
        live.cancel_asked = True
        # A connector need not answer what was cancelled; the stream must end all the same.
        asyncio.get_running_loop().call_later(_CANCEL_GRACE_S, live.cancel, "the client cancelled it")
    return 202 if leg is None or leg.modern else await _pass_on(gate, leg, message, context)


async def _answer(gate: "Gate", context: Context, message: wire.Message, session: Session) -> int:
    """Pass the client's answer to the connector that asked, under the id that the connector gave its question."""
    asked = session.asked.pop(message.id or b"", None)
    connector = asked.connector if asked is not None else session.connector
    leg = session.legs.get(connector or "")
    if leg is None or (asked is None and session.connector is None):
        await _record(gate, context, message, Move(to_client=False, connector=connector, relayed=False))
        return 202
    looked = await guarding.relayed(gate, message, gate.guards(context, connector), to_client=False)
    call = asked.call if asked is not None else None
    message = looked.message
    move = Move(to_client=False, connector=connector, call=call, relayed=looked.withheld is None, findings=looked.findings)
    await _record(gate, context, message, move)
    if looked.withheld is not None:
        message = wire.parse_answer(wire.error(message.id, wire.BLOCKED, f"The answer was withheld: {looked.withheld}"))
    if asked is not None and asked.id != message.id:
        message = wire.parse_answer(wire.with_id(message, asked.id))
    return await _pass_on(gate, leg, message, context)


async def _pass_on(gate: "Gate", leg: Leg, message: wire.Message, context: Context) -> int:
    """Send it and return the status for the client: the connector's own only where it says the same to both. Raises Refusal."""
    try:
        async with asyncio.timeout(gate.settings.limits.timeout_s):
            status = await leg.pass_on(message, headers.forwarded(context.headers))
    except _FAILURES as error:
        raise _unreachable(error) from error
    if status < 300 or (status in (400, 404) and context.connector is not None):
        return status
    raise Refusal(wire.UPSTREAM_FAILED, f"the connector answered HTTP {status}", status=502, error_class="upstream_invalid")


def _unreachable(error: Exception) -> Refusal:
    text = f"the connector could not be reached: {error or 'no answer in time'}"
    return Refusal(wire.UPSTREAM_FAILED, text, status=502, error_class="timeout" if isinstance(error, TimeoutError) else "upstream_down")


async def _record(gate: "Gate", context: Context, message: wire.Message, move: Move) -> None:
    try:
        await gate.recorder.relayed(context, message, move).durable()
    except (LogUnavailable, RecordTooLarge) as error:
        raise Refusal(
            wire.AUDIT_UNAVAILABLE, "the message could not be recorded and was not passed on", status=503, error_class="log_unavailable"
        ) from error


async def end_session(gate: "Gate", context: Context, session: Session) -> None:
    """End a session: calls in flight are cancelled, connectors are told."""
    message = wire.Message("notification", b"", method="session/delete")
    await _record(gate, context, message, Move(to_client=False, connector=session.connector, relayed=True))
    gate.sessions.drop(session)
    for live in list(session.live.values()):
        live.cancel("the client ended its session")
    await session.close("stopped")
    await gate.close_children(session.id, "stopped")
