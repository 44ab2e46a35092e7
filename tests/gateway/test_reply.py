"""A reply is one whole HTTP response, however it is put together."""

from collections.abc import MutableMapping
from typing import Any

from gatebook.gateway.reply import BatchReply, Reply


class Wire:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.events: list[MutableMapping[str, Any]] = []

    async def send(self, event: MutableMapping[str, Any]) -> None:
        """Take an ASGI event."""
        self.events.append(event)

    @property
    def body(self) -> bytes:
        """All bytes of the body."""
        return b"".join(event.get("body", b"") for event in self.events)


async def test_json_has_its_length() -> None:
    """A body that is known has a length and a type, and ends."""
    wire = Wire()
    await Reply(wire.send).final(400, b"{}", [(b"x", b"1")])
    headers = dict(wire.events[0]["headers"])
    assert (wire.events[0]["status"], headers[b"content-length"], headers[b"content-type"], headers[b"x"]) == (
        400,
        b"2",
        b"application/json",
        b"1",
    )
    assert wire.body == b"{}" and not wire.events[-1].get("more_body")


async def test_after_events_the_answer_is_an_event() -> None:
    """Once a stream has begun, the status is 200 for good and the answer is the last event."""
    wire = Wire()
    reply = Reply(wire.send)
    await reply.begin()
    await reply.event(b"data: 1\n\n")
    await reply.final(503, b'{"a":1}')
    assert wire.events[0]["status"] == 200 and reply.done
    assert wire.body == b'data: 1\n\nevent: message\ndata: {"a":1}\n\n'
    assert [event.get("more_body", False) for event in wire.events[1:]] == [True, True, True, False]


async def test_the_answer_of_a_batch_is_kept() -> None:
    """An answer to one message of a batch is not sent by itself."""
    reply = BatchReply()
    await reply.final(200, b"{}")
    assert reply.body == b"{}" and not reply.can_stream
