"""The stream of a session of the handshake era (GET): what its connectors send that belongs to no request."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gatebook.gateway import answers, call, guarding, headers, relay, sse, wire
from gatebook.gateway.context import Context
from gatebook.gateway.recorder import Move
from gatebook.gateway.refusal import Refusal
from gatebook.gateway.reply import Reply
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.exchange import Exchange, HttpFailure, InvalidAnswer, Item, Leg
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.log.errors import LogUnavailable, RecordTooLarge

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

_LOOK_S = 0.5
_LISTEN_AGAIN_S = 1.0
_QUEUE_MAX = 256
_Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Queue = asyncio.Queue[tuple[str, Exchange, Item] | None]


class Way(Struct, frozen=True):
    """Where what the connectors send goes."""

    context: Context
    session: Session
    reply: Reply


async def serve(gate: "Gate", context: Context, session: Session, receive: _Receive, reply: Reply) -> None:
    """Relay until the client or the connector ends the stream, or access is withdrawn. Raises Refusal when there is none to be had."""
    work = asyncio.create_task(_relay(gate, Way(context, session, reply)))
    gone = asyncio.create_task(_gone(receive))
    session.listening += 1
    try:
        with gate.severing.streaming(context.principal, session.connector, work.cancel):
            await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if work.done() and not work.cancelled():
            work.result()
        if reply.streaming:
            await reply.end()
        elif not gone.done():
            raise Refusal(wire.INVALID_REQUEST, "access was withdrawn", status=403, error_class="permission")
    finally:
        session.listening -= 1
        await _end(work, gone)


async def _relay(gate: "Gate", way: Way) -> None:
    queue: _Queue = asyncio.Queue(_QUEUE_MAX)
    first = await _open_first(way.context, way.session)
    await way.reply.begin()
    reader = asyncio.create_task(_follow(way.session, queue) if first is None else _read(*first, queue, last=True))
    try:
        while (entry := await queue.get()) is not None:
            await _pass(gate, way, *entry)
    finally:
        await _end(reader)


async def _end(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _open_first(context: Context, session: Session) -> tuple[str, Exchange] | None:
    """On one connector's endpoint its own answer decides: one that has no such stream says 405, and so does the gateway."""
    if session.connector is None:
        return None
    leg = session.legs.get(session.connector)
    if leg is None or leg.modern:
        raise Refusal(wire.INVALID_REQUEST, "the connector has no stream of its own", status=405, error_class="unsupported")
    try:
        return session.connector, await leg.listen(headers.forwarded(context.headers))
    except HttpFailure as error:
        status = error.status if 400 <= error.status < 500 and error.status not in (401, 403, 407) else 502
        raise Refusal(wire.INVALID_REQUEST, str(error), status=status, error_class="unsupported") from error
    except UpstreamError as error:
        raise Refusal(wire.UPSTREAM_FAILED, str(error), status=502, error_class="upstream_down") from error


async def _follow(session: Session, queue: _Queue) -> None:
    """On the aggregate, listen to each connector as soon as the session has opened it."""
    heard: dict[str, Leg] = {}
    listeners: list[asyncio.Task[None]] = []
    try:
        while True:
            for name, leg in list(session.legs.items()):
                if heard.get(name) is not leg and not leg.modern:
                    heard[name] = leg
                    listeners.append(asyncio.create_task(_listen(session, name, leg, queue)))
            await asyncio.sleep(_LOOK_S)
    finally:
        await _end(*listeners)


async def _listen(session: Session, name: str, leg: Leg, queue: _Queue) -> None:
    """Listen to one connector, again when it ends its stream; one that has none is not asked twice."""
    with contextlib.suppress(HttpFailure, UpstreamError, Refusal):
        while session.legs.get(name) is leg:
            await _read(name, await leg.listen(()), queue, last=False)
            await asyncio.sleep(_LISTEN_AGAIN_S)


async def _read(name: str, exchange: Exchange, queue: _Queue, *, last: bool) -> None:
    items = exchange.items()
    try:
        async for item in items:
            await queue.put((name, exchange, item))
    except (UpstreamError, InvalidAnswer, HttpFailure):
        pass
    finally:
        await items.aclose()
    if last:
        await queue.put(None)


async def _gone(receive: _Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pass(gate: "Gate", way: Way, name: str, exchange: Exchange, item: Item) -> None:
    message, context, session, reply = item.message, way.context, way.session, way.reply
    if message is None:
        if item.foreign:
            relay.note_foreign(gate, context, item, Move(to_client=True, connector=name, relayed=False))
        elif session.connector is not None and exchange.form == "sse":
            await reply.event(item.raw)
        return
    if message.kind in ("response", "error"):
        live = session.live.get(message.id or b"")
        if live is None or not live.detached:
            gate.note(context, message, Move(to_client=True, connector=name, relayed=False))
            return
        # SEP-1699: the answer to a call whose own stream the connector had closed.
        live.detached = False
        gate.forget(live)
        if live.task is not None:
            live.task.cancel()
        final = await answers.late(gate, live, message)
        if await call.finish(gate, live, final.outcome, final.kept or final.body):
            await reply.event(item.raw if exchange.form == "sse" and final.body is message.raw else sse.event(final.body))
        else:
            await reply.event(sse.event(answers.not_recorded(live.message, "its outcome could not be recorded", ran=True)))
        return
    looked = await guarding.relayed(gate, message, gate.guards(context, name), to_client=True)
    if looked.withheld is not None:
        gate.note(context, looked.message, Move(to_client=True, connector=name, relayed=False, findings=looked.findings))
        return
    raw, message = relay.shown(session, context, name, relay.with_message(item, looked.message), None)
    try:
        receipt = gate.recorder.relayed(context, message, Move(to_client=True, connector=name, findings=looked.findings))
        if message.kind == "request":
            await receipt.durable()
    except (LogUnavailable, RecordTooLarge):
        return
    await reply.event(raw)
