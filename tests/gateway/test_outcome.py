"""Answers are judged at three levels that stay apart."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway import outcome, wire
from gatebook.record.parts import Outcome


def judged(**members: Any) -> Outcome:
    """Judge an answer with these members."""
    return outcome.of_answer(wire.parse_answer(json.dumps({"jsonrpc": "2.0", "id": 1} | members).encode()), 200)


def test_levels_are_kept_apart() -> None:
    """A result, a tool's error, a JSON-RPC error and a question back have each their own status."""
    assert judged(result={}) == Outcome(status="ok", transport="ok", http_status=200)
    failed = judged(result={"isError": True, "content": [{"type": "text", "text": "No such file"}]})
    assert (failed.status, failed.is_error, failed.rpc_code, failed.error_class) == ("tool_error", True, None, "not_found")
    error = judged(error={"code": -32601, "message": "Method not found"})
    assert (error.status, error.is_error, error.rpc_code, error.error_class) == ("protocol_error", False, -32601, "unsupported")
    assert judged(result={"resultType": "input_required"}).status == "pending"


@pytest.mark.parametrize("result", ["done", [], 7, None, {"isError": "yes"}, {"resultType": 5}, {"isError": True, "content": "text"}])
def test_results_of_odd_shapes_are_judged(result: Any) -> None:
    """A result that no schema allows is still judged, not an error of the gateway's."""
    assert judged(result=result).status in ("ok", "tool_error")


@pytest.mark.parametrize("error", ["no", [], 7, {}, {"code": "x"}, {"code": 1.5, "message": 7}, {"code": 2**70, "message": "m"}, None])
def test_errors_of_odd_shapes_are_judged(error: Any) -> None:
    """An error that is no object, or has a code that is no integer, reads as an internal one."""
    judgement = judged(error=error)
    assert judgement.status == "protocol_error" and judgement.rpc_code is not None and judgement.error_class in outcome.ERROR_CLASSES


@pytest.mark.parametrize(
    ("reason", "status", "transport", "error_class"),
    [
        ("timeout", "timeout", "timeout", "timeout"),
        ("cancelled", "cancelled", "cancelled", "cancelled"),
        ("refused", "upstream_error", "refused", "upstream_down"),
        ("broken", "upstream_error", "broken", "upstream_down"),
        ("too_large", "upstream_error", "broken", "too_large"),
        ("invalid", "upstream_error", "ok", "upstream_invalid"),
    ],
)
def test_failures_have_their_transport_level(reason: str, status: str, transport: str, error_class: str) -> None:
    """Each way to get no answer has its own place."""
    judgement = outcome.of_failure(reason, "why")
    assert (judgement.status, judgement.transport, judgement.error_class, judgement.detail) == (status, transport, error_class, "why")


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (401, "auth"),
        (403, "permission"),
        (404, "not_found"),
        (429, "rate_limited"),
        (500, "upstream_down"),
        (302, "upstream_invalid"),
        (418, "upstream_invalid"),
    ],
)
def test_http_errors_have_a_class(status: int, error_class: str) -> None:
    """An HTTP status without a message is an error of its own level, with the status kept."""
    judgement = outcome.of_failure("http_error", "why", status)
    assert (judgement.transport, judgement.http_status, judgement.error_class) == ("http_error", status, error_class)


@given(st.text(max_size=3000))
def test_every_text_has_a_class(text: str) -> None:
    """Any words at all map to one of the closed set."""
    assert outcome.classify(text) in outcome.ERROR_CLASSES


def test_blocked_is_a_status_of_its_own() -> None:
    """What policy refuses is blocked; what is malformed is a protocol error; neither was sent."""
    assert (outcome.refused(wire.BLOCKED, "no", "policy").status, outcome.refused(wire.PARSE_ERROR, "no").status) == (
        "blocked",
        "protocol_error",
    )
    assert outcome.refused(wire.PARSE_ERROR, "no").transport == "not_sent"
