"""The stream of a session of the handshake era (GET): what its connectors send that belongs to no request."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from gatebook.gateway import answers, call, headers, sse, wire
from gatebook.gateway import outcome as judge
from gatebook.gateway.context import Context
from gatebook.gateway.plan import Refusal
from gatebook.gateway.recorder import Move
from gatebook.gateway.reply import Reply
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.exchange import Exchange, HttpFailure, InvalidAnswer, Item
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.log.errors import LogUnavailable

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate

_LOOK_S = 0.5
_QUEUE_MAX = 256
_Queue = asyncio.Queue[tuple[str, Exchange, Item] | None]


async def serve(gate: "Gate", context: Context, session: Session, receive: Callable[[], Awaitable[MutableMapping[str, Any]]], reply: Reply) -> None:
    """Relay until the client or the connector ends the stream. Raises Refusal when there is none to be had."""
    queue: _Queue = asyncio.Queue(_QUEUE_MAX)
    readers: dict[str, asyncio.Task[None]] = {}
    first = await _open_first(context, session)
    await reply.begin()
    if first is not None:
        readers[first[0]] = asyncio.create_task(_read(first[0], first[1], queue, last=True))
    session.listening += 1
    tasks = [asyncio.create_task(_gone(receive, queue)), asyncio.create_task(_follow(context, session, queue, readers))]
    try:
        while (entry := await queue.get()) is not None:
            await _pass(gate, context, session, reply, *entry)
        await reply.end()
    finally:
        session.listening -= 1
        for task in (*tasks, *readers.values()):
            task.cancel()
        await asyncio.gather(*tasks, *readers.values(), return_exceptions=True)


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
        status = error.status if 400 <= error.status < 500 and error.status not in (401, 403) else 502
        raise Refusal(wire.INVALID_REQUEST, str(error), status=status, error_class="unsupported") from error
    except UpstreamError as error:
        raise Refusal(wire.UPSTREAM_FAILED, str(error), status=502, error_class="upstream_down") from error


async def _follow(context: Context, session: Session, queue: _Queue, readers: dict[str, asyncio.Task[None]]) -> None:
    """On the aggregate, listen to each connector as soon as the session has opened it."""
    while session.connector is None:
        for name, leg in list(session.legs.items()):
            if name in readers or leg.modern:
                continue
            with contextlib.suppress(HttpFailure, UpstreamError):
                readers[name] = asyncio.create_task(_read(name, await leg.listen(()), queue, last=False))
        await asyncio.sleep(_LOOK_S)


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


async def _gone(receive: Callable[[], Awaitable[MutableMapping[str, Any]]], queue: _Queue) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    await queue.put(None)


async def _pass(gate: "Gate", context: Context, session: Session, reply: Reply, name: str, exchange: Exchange, item: Item) -> None:
    message = item.message
    if message is None:
        if session.connector is not None and exchange.form == "sse":
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
        if await call.finish(gate, live, judge.of_answer(message), message.raw):
            await reply.event(item.raw if exchange.form == "sse" else sse.event(message.raw))
        else:
            await reply.event(sse.event(answers.not_recorded(live.message, "its outcome could not be recorded", ran=True)))
        return
    raw, message = call.shown(session, context, name, item, None)
    try:
        receipt = gate.recorder.relayed(context, message, Move(to_client=True, connector=name))
        if message.kind == "request":
            await receipt.durable()
    except LogUnavailable:
        return
    await reply.event(raw)
