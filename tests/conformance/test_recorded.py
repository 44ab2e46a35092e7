"""The comparison of a conformance run with the log finds what is missing."""

import json
from typing import Any

import pytest

from conformance.recorded import Recorded, compare
from conformance.tap import Message
from gatebook.record.body import CallFinished, CallRefused, CallStarted, MessageRelayed
from gatebook.record.parts import Actor, Client, Outcome, Source, Timing, Trace

ACTOR = Actor(subject="-", kind="anonymous", auth="none")
OUTCOME = Outcome(status="ok", transport="ok")
TIMING = Timing(total_us=1)
ASKED: dict[str, Any] = {
    "endpoint": "/mcp/fixture",
    "actor": ACTOR,
    "client": Client(),
    "source": Source(ip="127.0.0.1", port=1),
    "trace": Trace(id="0" * 32, parent="0" * 16),
}
PARAMS = {"name": "echo", "arguments": {"text": "hi"}}
REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": PARAMS}
ANSWER = {"jsonrpc": "2.0", "id": 1, "result": {}}
NOTE = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}


def passed(direction: Any, content: Any) -> Message:
    """A message at the tap."""
    return Message(direction, json.dumps(content).encode(), content)


def book() -> list[Recorded]:
    """The records of one call with one notification. Their JSON has other white space than the messages."""
    finished = CallFinished(call="x", started_seq=1, outcome=OUTCOME, timing=TIMING)
    relayed = MessageRelayed(direction="to_client", kind="notification", actor=ACTOR)
    compact: dict[str, Any] = {"separators": (",", ":")}
    return [
        Recorded(CallStarted(method="tools/call", request_id="1", **ASKED), {"arguments": json.dumps(PARAMS, **compact).encode()}),
        Recorded(relayed, {"message": json.dumps(NOTE, **compact).encode()}),
        Recorded(finished, {"response": json.dumps(ANSWER, **compact).encode()}),
    ]


MESSAGES = [passed("to_connector", REQUEST), passed("to_client", NOTE), passed("to_client", ANSWER)]


def test_a_whole_run_is_found() -> None:
    """Each message has a record of its own, and nothing is left over."""
    found = compare(MESSAGES, book())
    assert found.missing == []
    assert found.found == {"requests": 1, "relayed messages": 1, "answers": 1}
    assert not +found.in_log_only


@pytest.mark.parametrize("dropped", [0, 1, 2])
def test_a_record_that_is_not_there_is_missed(dropped: int) -> None:
    """Without its record a message counts as missing, whatever its kind."""
    records = book()
    del records[dropped]
    assert len(compare(MESSAGES, records).missing) == 1


def test_one_record_does_not_stand_for_two_messages() -> None:
    """The same message twice needs two records."""
    assert len(compare([*MESSAGES, MESSAGES[1]], book()).missing) == 1


def test_content_counts_and_not_only_the_number() -> None:
    """An answer with another content than the recorded one is missing."""
    other = passed("to_client", ANSWER | {"result": {"changed": True}})
    assert len(compare([*MESSAGES[:2], other], book()).missing) == 1


def test_a_refusal_without_a_readable_body_is_found() -> None:
    """A body that is no JSON is known by its bytes, its answer by the record of the refusal."""
    refused = CallRefused(method="", outcome=OUTCOME, timing=TIMING, **ASKED)
    messages = [Message("to_connector", b"{nope", None), Message("to_client", b"no", None)]
    assert compare(messages, [Recorded(refused, {"arguments": b"{nope"})]).missing == []
    assert len(compare(messages, []).missing) == 2
