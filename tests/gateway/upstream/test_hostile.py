"""Every way in which the hostile upstream misbehaves: the caller gets one answer, the book one outcome, the next caller nothing of it."""

import asyncio
import json
from typing import Any

import pytest

from tests.fixtures import hostile_http, hostile_messages  # noqa: F401
from tests.fixtures.hostile import BEHAVIOURS, Hostile
from tests.gateway.conftest import BOB, Start, call, modern, spec

SMALL = {"bytes": 1 << 20, "count": 50, "pause_s": 0.0}
TIMEOUT_S = 0.5
BROKEN = ("upstream_error", "broken", "upstream_down")
INVALID = ("upstream_error", "ok", "upstream_invalid")
OK = ("ok", "ok", None)
TIMEOUT = ("timeout", "timeout", "timeout")
# Status, transport and error class of the outcome by what the upstream does.
OUTCOMES: dict[tuple[str, str, str | None], str] = {
    OK: "ok echo_request http_1_0 slow_drip closes_after extra_answer_bytes private_headers huge_response big_integer "
    "sse_ok talks_on stream_wrong_id sse_crlf sse_cr sse_multiline sse_decorated sse_split flood asks_the_client",
    BROKEN: "dies_before_answer dies_in_headers dies_mid_body half_closed not_http bad_chunk header_flood dies_mid_stream dies_mid_event",
    INVALID: "wrong_content_type no_content_type http_202 compressed garbage_body empty_body invalid_json two_documents lone_surrogate nan "
    "deep_nesting not_an_object a_batch wrong_version wrong_id wrong_id_type null_id result_and_error neither only_a_notification a_request "
    "last_event_unended ends_without_answer",
    TIMEOUT: "never_answers only_headers stream_never_answers huge_event",
    ("upstream_error", "broken", "too_large"): "endless_response",
    ("protocol_error", "ok", "internal"): "http_500_json",
    ("upstream_error", "http_error", "upstream_down"): "http_500_html",
    ("upstream_error", "http_error", "auth"): "http_401",
    ("upstream_error", "http_error", "not_found"): "http_404",
    ("upstream_error", "http_error", "rate_limited"): "http_429",
    ("upstream_error", "http_error", "upstream_invalid"): "redirect",
}
EXPECTED = {tool: outcome for outcome, tools in OUTCOMES.items() for tool in tools.split()}
PRIVATE = {"set-cookie", "www-authenticate", "x-powered-by", "access-control-allow-origin", "location"}


def own_answers(raw: bytes, kind: str, request_id: Any) -> list[dict[str, Any]]:
    """Return the final answers with this id in what the client got; lines that are no JSON are left out."""
    texts = [raw]
    if kind == "text/event-stream":
        lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
        texts = [b"\n".join(line[5:] for line in event.split(b"\n") if line.startswith(b"data:")) for event in lines]
    found = []
    for text in texts:
        try:
            message = json.loads(text.decode(errors="replace"))
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("id") == request_id and "method" not in message:
            found.append(message)
    return found


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("tool", sorted(BEHAVIOURS))
async def test_one_answer_one_outcome(gateway: Start, tool: str, era: str) -> None:
    """The caller gets exactly one answer in time, the book says once what happened, and Bob's next call gets Bob's answer."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, timeout_s=TIMEOUT_S) as running:
        body, headers = call(tool, SMALL, 41), {}
        if era == "modern":
            body, headers = modern("tools/call", {"name": tool, "arguments": SMALL}, 41)
        sent = {"accept": "application/json, text/event-stream", "authorization": f"Bearer {BOB}"} | headers
        async with asyncio.timeout(10), running.http.post(f"{running.url}/mcp/x", json=body, headers=sent) as answer:
            raw = await answer.read()
            assert len(own_answers(raw, answer.content_type, 41)) == 1, raw[-500:]
            assert not PRIVATE & {name.lower() for name in answer.headers}
        status, message, _ = await running.post("/mcp/x", call("ok", id=42), token=BOB)
        assert (status, message["id"], message["result"]["content"][0]["text"]) == (200, 42, "ok")
        first, _ = await running.settled(2, "call.finished")
        outcome = first.body.outcome  # type: ignore[union-attr]
        if tool in EXPECTED:
            assert (outcome.status, outcome.transport, outcome.error_class) == EXPECTED[tool]


async def test_a_redirect_is_not_followed(gateway: Start) -> None:
    """The upstream cannot send the gateway, and with it a credential, anywhere else."""
    async with Hostile() as upstream, Hostile() as elsewhere, gateway({"x": spec(url=upstream.url)}) as running:
        await running.post("/mcp/x", call("redirect", {"to": elsewhere.url}))
        assert len(upstream.requests) == 1
        assert elsewhere.requests == []


async def test_nothing_of_the_caller_is_forwarded(gateway: Start) -> None:
    """The caller's token, cookies, Origin and Host stay in the gateway."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        await running.post("/mcp/x", call("echo_request"), {"cookie": "session=secret", "accept-encoding": "gzip"})
        headers = upstream.requests[0].headers
        assert not {"authorization", "cookie", "origin", "accept-encoding", "x-forwarded-for"} & set(headers)
        assert headers["host"] in upstream.url


@pytest.mark.parametrize("tool", ["never_answers", "stream_never_answers", "endless_response"])
async def test_a_caller_that_leaves_cancels_the_upstream(gateway: Start, tool: str) -> None:
    """Closing the connection reaches the upstream, and the book says cancelled."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, response_bytes_max=1 << 30) as running:
        asking = asyncio.create_task(running.post("/mcp/x", call(tool)))
        # Only once the connector has the request: before that there is nothing to cancel there.
        async with asyncio.timeout(10):
            while not upstream.requests:  # noqa: ASYNC110 - the fixture keeps a list, not an event
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await upstream.until_left(tool)
        (finished,) = await running.settled(1, "call.finished")
        assert finished.body.outcome.status == "cancelled"  # type: ignore[union-attr]


def test_the_table_names_real_behaviours() -> None:
    """A name that is misspelt would be a check that never runs."""
    assert set(EXPECTED) <= set(BEHAVIOURS)
