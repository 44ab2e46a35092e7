"""What connectors send beside the final answer: notifications, questions, messages of other people's servers. Recorded, looked at, passed on."""

import contextlib
from typing import TYPE_CHECKING

from gatebook.gateway import answers, guarding, sse, wire
from gatebook.gateway.context import Context
from gatebook.gateway.recorder import Move
from gatebook.gateway.reply import Reply
from gatebook.gateway.sessions import Asked as AskedOfClient
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.channel import Channel
from gatebook.gateway.upstream.exchange import Item
from gatebook.gateway.upstream.h1 import UpstreamError
from gatebook.log.errors import LogUnavailable, RecordTooLarge

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live


async def relay(gate: "Gate", live: "Live", reply: Reply, item: Item) -> None:
    """Pass on one message that is not the final answer, or an event without a message."""
    message = item.message
    if message is None:
        if item.foreign:
            note_foreign(gate, live.context, item, Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=False))
        elif live.exchange is not None and live.exchange.form == "sse" and reply.can_stream:
            await open_stream(live, reply)
            await reply.event(item.raw)
        return
    live.answer.messages += 1
    if message.kind == "request" and not _can_be_asked(live, reply):
        await _decline(gate, live, message)
        return
    looked = await guarding.relayed(gate, message, live.guards, to_client=True)
    if looked.withheld is not None:
        await _withhold(gate, live, looked)
        return
    raw, message = shown(live.session, live.context, live.asked.connector or "", with_message(item, looked.message), live.id)
    move = Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=reply.can_stream, findings=looked.findings)
    try:
        receipt = gate.recorder.relayed(live.context, message, move)
        if message.kind == "request":
            await receipt.durable()
    except (LogUnavailable, RecordTooLarge):
        if not live.may_go_unrecorded:
            return
    if reply.can_stream:
        await open_stream(live, reply)
        await reply.event(raw)


async def _withhold(gate: "Gate", live: "Live", looked: guarding.Looked) -> None:
    """Record a message that must not reach the client; a question is answered in its place."""
    move = Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=False, findings=looked.findings)
    gate.note(live.context, looked.message, move)
    assert live.leg is not None
    if looked.message.kind == "request" and looked.message.id is not None:
        answer = wire.error(looked.message.id, wire.BLOCKED, f"The question was withheld: {looked.withheld}")
        with contextlib.suppress(UpstreamError):
            await live.leg.pass_on(wire.parse_answer(answer), ())


def with_message(item: Item, message: wire.Message) -> Item:
    """The item with another message; the same where that is its own."""
    return item if message is item.message else Item(sse.event(message.raw), message)


def _can_be_asked(live: "Live", reply: Reply) -> bool:
    """Tell whether a connector's question can reach the client, and the client's answer the connector."""
    assert live.leg is not None
    return reply.can_stream and live.context.modern == live.leg.modern and (live.session is not None or not isinstance(live.leg, Channel))


async def _decline(gate: "Gate", live: "Live", message: wire.Message) -> None:
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


async def open_stream(live: "Live", reply: Reply) -> None:
    """Begin the stream of a reply, unless it has begun."""
    if not reply.streaming:
        await reply.begin(answers.session_header(live))


def note_foreign(gate: "Gate", context: Context, item: Item, move: Move) -> None:
    """Record an event whose data is no message of MCP. It is not passed on: a client might read an answer in it that nobody recorded."""
    gate.note(context, wire.Message("other", item.raw), move)


def note_extra(gate: "Gate", live: "Live", message: wire.Message) -> None:
    """Record a message that the connector should not have sent, and do not pass it on."""
    live.answer.extra_answers += 1
    gate.note(live.context, message, Move(to_client=True, connector=live.asked.connector, call=live.id, relayed=False))
