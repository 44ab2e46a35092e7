"""Several clients on one pair of pipes: ids and progress tokens do not meet, and what belongs to nobody is shown to nobody."""

import asyncio
import json
from typing import Any

import pytest

from gatebook.gateway import wire
from gatebook.gateway.upstream.channel import Channel, ChannelExchange
from gatebook.gateway.upstream.exchange import HttpFailure, Outgoing
from gatebook.gateway.upstream.h1 import UpstreamError


class Pipe:
    """A transport whose other end is the test."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.broken = False

    async def write(self, message: bytes) -> None:
        """Keep the message."""
        if self.broken:
            raise UpstreamError("broken", "gone")
        self.sent.append(json.loads(message))

    async def close(self, reason: str) -> None:
        """End."""


def made(*, exclusive: bool = False) -> tuple[Channel, Pipe, list[wire.Message]]:
    """Make a channel, its pipe and the list of its strays."""
    pipe, strays = Pipe(), list[wire.Message]()
    return Channel(pipe, lambda message: strays.append(message), exclusive=exclusive), pipe, strays


async def asked(channel: Channel, identifier: bytes = b"1", token: Any = None) -> ChannelExchange:
    """Send a request of a client."""
    params = json.dumps({"name": "t"} | ({"_meta": {"progressToken": token}} if token is not None else {})).encode()
    return await channel.send(Outgoing(wire.parse_answer(wire.request(identifier, "tools/call", params)), (), 1000))


async def got(exchange: ChannelExchange) -> list[dict[str, Any]]:
    """Return all messages up to the final answer."""
    return [json.loads(item.raw) async for item in exchange.items()]


def say(channel: Channel, **message: Any) -> None:
    """Let the connector say something."""
    channel.take(json.dumps({"jsonrpc": "2.0"} | message).encode())


async def test_the_same_ids_get_their_own_answers() -> None:
    """Two clients with the id 1: each answer goes to its own, in any order, under the client's id."""
    channel, pipe, _ = made()
    ann, bob = await asked(channel), await asked(channel)
    one, two = (message["id"] for message in pipe.sent)
    assert one != two
    say(channel, id=two, result={"for": "bob"})
    say(channel, id=one, result={"for": "ann"})
    assert (await got(ann), await got(bob)) == (
        [{"jsonrpc": "2.0", "id": 1, "result": {"for": "ann"}}],
        [{"jsonrpc": "2.0", "id": 1, "result": {"for": "bob"}}],
    )
    assert channel.in_flight == 0


async def test_progress_finds_its_own_call() -> None:
    """The same token twice is told apart on the channel and put back for the client; a late report is nobody's."""
    channel, pipe, strays = made()
    ann, bob = await asked(channel, token=5), await asked(channel, token=5)
    tokens = [message["params"]["_meta"]["progressToken"] for message in pipe.sent]
    assert len(set(tokens)) == 2
    say(channel, method="notifications/progress", params={"progressToken": tokens[1], "progress": 1})
    say(channel, id=pipe.sent[1]["id"], result={})
    assert [message.get("params", {}).get("progressToken") for message in await got(bob)] == [5, None]
    say(channel, method="notifications/progress", params={"progressToken": tokens[1], "progress": 2})
    assert [message.method for message in strays] == ["notifications/progress"]
    say(channel, id=pipe.sent[0]["id"], error={"code": 1, "message": "m"})
    assert len(await got(ann)) == 1


async def test_what_nobody_can_place_is_shown_to_nobody() -> None:
    """With two calls in flight, or one that was given up, a message without an address is a stray."""
    channel, pipe, strays = made()
    ann, bob = await asked(channel), await asked(channel)
    say(channel, method="notifications/message", params={"data": "whose?"})
    ann.abort("timeout")
    say(channel, method="notifications/message", params={"data": "ann's"})
    say(channel, id="q", method="elicitation/create", params={})
    assert len(strays) == 3
    say(channel, id=pipe.sent[0]["id"], result={})
    say(channel, method="notifications/message", params={"data": "bob's"})
    say(channel, id=pipe.sent[1]["id"], result={})
    assert len(await got(bob)) == 2 and channel.extra_answers == 1


async def test_giving_up_tells_the_connector() -> None:
    """A time-out sends notifications/cancelled with the id of the channel; the client's own cancellation is translated and sent once."""
    channel, pipe, _ = made(exclusive=True)
    first, second = await asked(channel, b'"a"'), await asked(channel, b'"b"')
    first.abort("timeout")
    with pytest.raises(UpstreamError):
        await got(first)
    await channel.pass_on(wire.parse_answer(wire.notification("notifications/cancelled", b'{"requestId":"b","reason":"r"}')), ())
    second.abort("cancelled")
    await channel.pass_on(wire.parse_answer(wire.notification("notifications/cancelled", b'{"requestId":"unknown"}')), ())
    await asyncio.sleep(0)
    cancelled = [message["params"]["requestId"] for message in pipe.sent if message["method"] == "notifications/cancelled"]
    assert sorted(cancelled) == sorted(message["id"] for message in pipe.sent if message["method"] == "tools/call")


async def test_the_end_of_the_transport_ends_everything() -> None:
    """Whoever waits hears how it ended; whoever comes later hears it too; a listener's stream ends."""
    channel, pipe, _ = made(exclusive=True)
    exchange, listening = await asked(channel), await channel.listen(())
    with pytest.raises(HttpFailure):
        await channel.listen(())
    channel.lost(UpstreamError("broken", "exit code 3"))
    for work in (got(exchange), asked(channel), channel.pass_on(wire.parse_answer(wire.notification("notifications/x")), ())):
        with pytest.raises(UpstreamError, match="exit code 3"):
            await work
    assert [item async for item in listening.items()] == [] and channel.in_flight == 0


async def test_a_request_that_cannot_be_written_is_not_in_flight() -> None:
    """A broken pipe fails the call and leaves nothing behind."""
    channel, pipe, _ = made()
    pipe.broken = True
    with pytest.raises(UpstreamError):
        await asked(channel, token=1)
    assert channel.in_flight == 0 and not channel._tokens


async def test_a_listener_gets_what_belongs_to_no_call() -> None:
    """On a session's own channel, updates go to the stream; what is no message goes nowhere."""
    channel, _, strays = made(exclusive=True)
    listening = await channel.listen(())
    say(channel, method="notifications/tools/list_changed")
    channel.take(b"garbage")
    channel.take(b'{"jsonrpc":"2.0","id":99,"result":{}}')
    listening.abort("cancelled")
    assert [json.loads(item.raw)["method"] async for item in listening.items()] == ["notifications/tools/list_changed"]
    assert len(strays) == 2


async def test_a_client_that_reads_nothing_does_not_fill_memory() -> None:
    """Beyond the bound of its queue, messages are dropped, but never an answer; other clients get theirs."""
    channel, pipe, strays = made()
    slow = await asked(channel, token=1)
    token = pipe.sent[0]["params"]["_meta"]["progressToken"]
    for number in range(3000):
        say(channel, method="notifications/progress", params={"progressToken": token, "progress": number})
    other = await asked(channel, b"2")
    say(channel, id=pipe.sent[1]["id"], result={})
    assert len(await got(other)) == 1 and len(strays) > 1000
    say(channel, id=pipe.sent[0]["id"], result={"final": True})
    assert (await got(slow))[-1]["result"] == {"final": True}
