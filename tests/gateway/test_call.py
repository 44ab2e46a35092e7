"""One call, top to bottom: recorded before it is sent and before it is answered, whatever happens in between."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from gatebook.log.errors import LogUnavailable
from tests.fixtures.hostile import BEHAVIOURS, Exchange, Hostile
from tests.gateway.conftest import ANN, Record, Running, Start, call, modern, spec

PROGRESS = {"progressToken": "p-1"}


def answering(monkeypatch: pytest.MonkeyPatch, look: Callable[[], Any]) -> None:
    """Give the upstream a tool `looks` that does something while the call is under way and answers with what it found."""

    async def looks(exchange: Exchange) -> None:
        await exchange.answer(exchange.result(json.dumps(look())))

    monkeypatch.setitem(BEHAVIOURS, "looks", looks)


def finished(records: list[Record]) -> list[Any]:
    """Return the bodies of call.finished records."""
    return [record.body for record in records]


async def test_a_call_is_on_disk_before_it_is_sent_and_answered(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the moment when the connector has the call, its start is on disk and its outcome is not; when the client has the answer, both are."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        answering(monkeypatch, lambda: [record.type for record in running.records("call.started", "call.finished")])
        body = call("looks", {"a": 2**64}, id="i")
        _, message, _ = await running.post(
            "/mcp/x", body, {"user-agent": "agent/1", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}
        )
        assert json.loads(message["result"]["content"][0]["text"]) == ["call.started"]
        begun, ended = running.records("call.started", "call.finished")
        start, end = begun.body, ended.body
        assert (start.method, start.endpoint, start.connector, start.tool, start.request_id) == (
            "tools/call",
            "/mcp/x",
            "x",
            "looks",
            '"i"',
        )  # type: ignore[union-attr]
        assert (start.client.user_agent, start.trace.id, start.trace.made, start.decision.effect) == ("agent/1", "a" * 32, False, "allowed")  # type: ignore[union-attr]
        assert json.loads(begun.parts["arguments"]) == body["params"] and json.loads(begun.parts["identity"])["id"] == "ann"
        assert (end.call, end.started_seq, json.loads(ended.parts["response"])) == (begun.header.id, begun.header.seq, message)  # type: ignore[union-attr]
        timing = end.timing  # type: ignore[union-attr]
        assert timing.total_us >= timing.upstream_us > 0 and timing.log_us > 0


async def test_bytes_are_relayed_as_they_came(gateway: Start) -> None:
    """Blanks, escapes, long numbers and the order of keys reach the connector, and the client, as they were written."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        body = b'{ "params" : {"arguments":{"b":1.50,"a":18446744073709551616,"e":"\\u00e9\\/ \xc3\xa9"}, "name":"big_integer"},"id":1e0 ,"jsonrpc":"2.0"}'.replace(
            b"1e0", b"10"
        )
        body = body[:-1] + b',\n"method":"tools/call"}'
        sent = {"content-type": "application/json", "authorization": f"Bearer {ANN}"}
        async with running.http.post(running.url + "/mcp/x", data=body, headers=sent) as response:
            got = await response.read()
        assert upstream.requests[0].body == body
        assert b"9223372036854775808" in got


async def test_what_goes_to_the_connector(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller's credentials and addresses stay here; routing and trace headers go on; the connector's own credential is added."""
    monkeypatch.setenv("CRM_KEY", "crm-s3cret")
    fields = {"headers": {"Authorization": "Bearer env:CRM_KEY", "X-Fixed": "1", "Mcp-Param-Tenant": "ours"}}
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, **fields)}) as running:
        body, headers = modern("tools/call", {"name": "ok", "arguments": {}})
        extra = {
            "cookie": "a=b",
            "origin": "http://localhost",
            "x-forwarded-for": "1.2.3.4",
            "x-real-ip": "1.2.3.4",
            "forwarded": "for=1",
            "referer": "http://a",
            "x-api-key": "k",
            "proxy-authorization": "p",
        }
        extra |= {
            "mcp-param-region": "eu",
            "mcp-param-tenant": "theirs",
            "traceparent": "00-" + "1" * 32 + "-" + "2" * 16 + "-01",
            "tracestate": "a=1",
            "baggage": "k=v",
            "te": "trailers",
        }
        status, _, _ = await running.post("/mcp/x", body, headers | extra)
        assert status == 200
        got = next(request for request in upstream.requests if request.rpc_method == "tools/call")
        allowed = {
            "host",
            "accept",
            "content-type",
            "content-length",
            "mcp-protocol-version",
            "mcp-method",
            "mcp-name",
            "mcp-param-region",
            "mcp-param-tenant",
            "traceparent",
            "tracestate",
            "baggage",
            "authorization",
            "x-fixed",
        }
        assert set(got.headers) == allowed
        assert (got.headers["authorization"], got.headers["mcp-param-tenant"], got.headers["mcp-param-region"]) == (
            "Bearer crm-s3cret",
            "ours",
            "eu",
        )
        assert got.raw_headers.lower().count(b"mcp-param-tenant") == 1 and got.headers["host"] in upstream.url
        credential = running.records("call.started")[0].body.credential  # type: ignore[union-attr]
        assert (credential.id, credential.kind) == ("x/header:authorization", "header")
        assert running.records("call.started")[0].body.server == urlsplit(upstream.url).netloc  # type: ignore[union-attr]


@pytest.mark.parametrize("tool", ["echo_request", "http_401", "http_500_html", "dies_before_answer"])
async def test_the_credential_of_a_connector_is_nowhere(
    gateway: Start, monkeypatch: pytest.MonkeyPatch, tool: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No record, error or log line of the gateway holds it; only what the connector itself says back is the connector's affair."""
    monkeypatch.setenv("CRM_KEY", "crm-s3cret")
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, headers={"X-Key": "env:CRM_KEY"})}) as running:
        _, message, _ = await running.post("/mcp/x", call(tool))
        if tool != "echo_request":
            assert "s3cret" not in json.dumps(message)
        for record in running.records():
            assert "s3cret" not in str(record.body)
            assert all(b"s3cret" not in part for name, part in record.parts.items() if name != "response" or tool != "echo_request")
        assert "s3cret" not in caplog.text and ANN not in caplog.text


async def test_a_missing_credential_is_a_clear_error(gateway: Start) -> None:
    """The call and a notification say which reference leads nowhere; nothing is sent without it."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, headers={"X-Key": "env:GATEBOOK_NOT_SET"})}) as running:
        _, message, _ = await running.post("/mcp/x", call("ok"))
        assert message["result"]["isError"] and "env:GATEBOOK_NOT_SET" in message["result"]["content"][0]["text"]
        status, _, _ = await running.post("/mcp/x", {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert status == 502 and upstream.requests == []
        assert finished(await running.settled(1, "call.finished"))[0].outcome.transport == "refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/mcp",
        "http://nothing.invalid/mcp",
        "https://127.0.0.1:1/mcp",
        "http://" + "a" * 70 + ".invalid/mcp",
        "http://[::1]:1/mcp",
    ],
)
async def test_a_connector_that_is_not_there(gateway: Start, url: str) -> None:
    """A connection that cannot be made is a tool error for the model and transport `refused` in the book."""
    async with gateway({"x": spec(url=url)}) as running:
        status, message, _ = await running.post("/mcp/x", call("ok"))
        assert status == 200 and message["result"]["isError"]
        outcome = finished(running.records("call.finished"))[0].outcome
        assert (outcome.status, outcome.transport, outcome.error_class) == ("upstream_error", "refused", "upstream_down")
        _, message, _ = await running.post("/mcp/x", {"jsonrpc": "2.0", "id": 2, "method": "prompts/list"})
        assert message["error"]["code"] == -32051 and message["id"] == 2


@pytest.mark.parametrize("tool", ["stream_garbage", "sse_decorated"])
async def test_what_is_no_message_is_not_passed_on(gateway: Start, tool: str) -> None:
    """An event with data that no parser here understands could be an answer to a parser there: it stays here, on the record."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        sent = {"authorization": f"Bearer {ANN}", "accept": "application/json, text/event-stream"}
        async with running.http.post(running.url + "/mcp/x", json=call(tool), headers=sent) as response:
            raw = await response.read()
        assert b"not json" not in raw and b"data: now" not in raw and b'"isError": false' in raw
        (stray,) = running.records("message.relayed")
        assert (stray.body.kind, stray.body.relayed) == ("other", False) and b"data: " in stray.parts["message"]  # type: ignore[union-attr]


async def test_progress_is_relayed_in_order_and_counted(gateway: Start) -> None:
    """Messages before the answer come first, each with its record; the final outcome counts them."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        body = call("sse_ok")
        body["params"]["_meta"] = PROGRESS
        _, messages, _ = await running.post("/mcp/x", body)
        assert [message.get("method") for message in messages] == ["notifications/progress"] * 2 + [None]
        assert messages[0]["params"]["progressToken"] == "p-1"
        relayed = running.records("message.relayed")
        assert [(record.body.method, record.body.relayed, record.body.direction) for record in relayed] == [
            ("notifications/progress", True, "to_client")
        ] * 2  # type: ignore[union-attr]
        (end,) = finished(running.records("call.finished"))
        assert end.messages == 2 and {record.body.call for record in relayed} == {end.call}  # type: ignore[union-attr]


@pytest.mark.parametrize("tool", ["answers_twice", "stream_wrong_id"])
async def test_answers_that_nobody_asked_for_are_dropped_and_recorded(gateway: Start, tool: str) -> None:
    """A second answer, and one to somebody else's request, do not reach the client."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        _, messages, _ = await running.post("/mcp/x", call(tool, id=5))
        assert [message["id"] for message in messages] == [5]
        (extra,) = await running.settled(1, "message.relayed")
        assert (extra.body.kind, extra.body.relayed) == ("response", False)  # type: ignore[union-attr]
        assert len(running.records("call.finished")) == 1


@pytest.mark.parametrize(
    ("tool", "status", "error"),
    [
        ("http_401", 200, "HTTP 401"),
        ("http_404", 200, "HTTP 404"),
        ("redirect", 200, "HTTP 307"),
        ("http_500_html", 200, "HTTP 500"),
        ("http_429", 200, "HTTP 429"),
    ],
)
async def test_http_errors_of_a_connector_stay_there(gateway: Start, tool: str, status: int, error: str) -> None:
    """The client must not take the connector's 401 for the gateway's: it gets a tool error, the book the HTTP status."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        got, message, headers = await running.post("/mcp/x", call(tool))
        assert got == status and error in message["result"]["content"][0]["text"] and "www-authenticate" not in headers
        outcome = finished(running.records("call.finished"))[0].outcome
        assert outcome.transport == "http_error" and f"HTTP {outcome.http_status}" == error


@pytest.mark.parametrize("http_status", [401, 403, 302, 500])
async def test_a_message_with_an_http_error(gateway: Start, monkeypatch: pytest.MonkeyPatch, http_status: int) -> None:
    """A JSON-RPC error that comes with 401 or a redirect is shown, the status is not; another status is."""

    async def answer(exchange: Exchange) -> None:
        error = {"jsonrpc": "2.0", "id": exchange.request.id, "error": {"code": -32000, "message": "sign in first"}}
        await exchange.answer(
            json.dumps(error).encode(), f"{http_status} Status", "application/json", "location: /x", "www-authenticate: Basic"
        )

    monkeypatch.setitem(BEHAVIOURS, "with_status", answer)
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        status, message, headers = await running.post("/mcp/x", call("with_status"))
        assert status == (500 if http_status == 500 else 200) and message["error"]["message"] == "sign in first"
        assert not {"location", "www-authenticate"} & {name.lower() for name in headers}
        outcome = finished(running.records("call.finished"))[0].outcome
        assert (outcome.http_status, outcome.rpc_code, outcome.status) == (http_status, -32000, "protocol_error")


async def test_an_id_in_use_is_refused(gateway: Start) -> None:
    """In one session a second request with an id that is not answered yet is refused; afterwards the id may be used again."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        session = await opened(running)
        first = asyncio.create_task(running.post("/mcp/x", call("slow_drip", {"pause_s": 0.005}, id="a"), session))
        await asyncio.sleep(0.1)
        status, message, _ = await running.post("/mcp/x", call("ok", id="a"), session)
        assert status == 400 and "has not been answered" in message["error"]["message"]
        assert (await first)[1]["result"]["content"][0]["text"] == "ok"
        assert (await running.post("/mcp/x", call("ok", id="a"), session))[0] == 200
        assert len(running.records("call.refused")) == 1 and len(running.records("call.finished")) == 3


async def opened(running: Running, path: str = "/mcp/x", token: str = ANN) -> dict[str, str]:
    """Open a session of the handshake era; returns its header."""
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}
    status, _, headers = await running.post(path, {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello}, token=token)
    assert status == 200
    session = {"mcp-session-id": headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
    assert (await running.post(path, {"jsonrpc": "2.0", "method": "notifications/initialized"}, session, token))[0] in (200, 202)
    return session


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_a_notification_that_is_a_call_is_not_carried_out(gateway: Start, path: str) -> None:
    """A tools/call without an id has no decision and no answer: it is refused, with and without a session."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, tools={"deny": ["ok"]})}) as running:
        for headers in ({}, await opened(running, path)):
            status, _, _ = await running.post(path, {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "ok"}}, headers)
            assert status == 400
        assert "tools/call" not in [request.rpc_method for request in upstream.requests]
        assert len(running.records("call.refused")) == 2


@pytest.mark.parametrize(("path", "name"), [("/mcp/x", "ok"), ("/mcp", "x__ok")])
async def test_a_denied_tool_is_blocked_and_not_listed(gateway: Start, path: str, name: str) -> None:
    """The model reads why; the book has the decision; the tool is not in the list."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, tools={"deny": ["o*"]})}) as running:
        _, message, _ = await running.post(path, call(name))
        assert message["result"]["isError"] and "is denied" in message["result"]["content"][0]["text"]
        (refused,) = finished(running.records("call.refused"))
        assert (refused.outcome.status, refused.decision.effect, refused.decision.rule) == (
            "blocked",
            "blocked",
            "connector/x:tools.deny[o*]",
        )
        assert upstream.requests == []
        session = await opened(running, path)
        _, listed, _ = await running.post(path, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, session)
        names = {tool["name"] for tool in listed["result"]["tools"]}
        assert name not in names and name.replace("ok", "nan") in names


@pytest.mark.parametrize("method", ["tools/call", "initialize", "tools/list"])
async def test_a_closed_log_stops_calls(gateway: Start, method: str) -> None:
    """What cannot be recorded is not carried out: 503, the reason, and nothing reaches the connector."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        running.gate.recorder.book.close()
        status, message, _ = await running.post("/mcp/x", call("ok", id=4) | {"method": method})
        assert (status, message["id"], message["error"]["code"]) == (503, 4, -32050)
        assert message["error"]["data"]["reason"] == "audit_unavailable" and message["error"]["data"]["carried_out"] is False
        status, _, _ = await running.post("/mcp/x", {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        assert status == 503
        assert (await running.post("/mcp/x", b"{"))[0] == 503
        assert (await running.post("/mcp/x", call("ok"), token=None))[0] == 401
        assert upstream.requests == [] and running.gate._per_person == {}


async def test_an_outcome_that_cannot_be_recorded_withholds_the_answer(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the log fails in the middle of a call, the client is told that the call ran, and not what it said."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        answering(monkeypatch, lambda: running.gate.recorder.book.close() or "private")
        status, message, _ = await running.post("/mcp/x", call("looks"))
        assert (status, message["error"]["code"], message["error"]["data"]["carried_out"]) == (503, -32050, True)
        assert "private" not in json.dumps(message)


async def test_a_connector_may_go_on_without_the_log(gateway: Start, caplog: pytest.LogCaptureFixture) -> None:
    """With on_log_failure: allow its calls go through, loudly; the other connectors refuse."""
    async with (
        Hostile() as upstream,
        gateway({"x": spec(url=upstream.url, on_log_failure="allow"), "y": spec(url=upstream.url)}) as running,
    ):
        running.gate.recorder.book.close()
        with pytest.raises(LogUnavailable):
            running.gate.recorder.book.append(None)  # type: ignore[arg-type]
        status, messages, _ = await running.post("/mcp/x", call("sse_ok"))
        assert status == 200 and len(messages) == 3
        assert "UNRECORDED CALL" in caplog.text
        assert (await running.post("/mcp/y", call("ok")))[0] == 503


@pytest.mark.parametrize(
    ("limits", "fields", "who"),
    [
        ({"person_concurrency_max": 2}, {}, "you have 2"),
        ({"concurrency_max": 2}, {}, "the gateway has 2"),
        ({}, {"limits": {"concurrency_max": 2}}, "the connector x has 2"),
    ],
)
async def test_limits_refuse_with_a_reason(gateway: Start, limits: dict[str, Any], fields: dict[str, Any], who: str) -> None:
    """Above a limit a call is refused at once, clearly and on the record; below it again, it is served."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, **fields)}, **limits) as running:
        busy = [asyncio.create_task(running.post("/mcp/x", call("slow_drip", {"pause_s": 0.005}, id=number))) for number in (1, 2)]
        await asyncio.sleep(0.15)
        status, message, _ = await running.post("/mcp/x", call("ok", id=3))
        assert (status, message["id"]) == (503, 3) and message["result"]["isError"] and who in message["result"]["content"][0]["text"]
        (refused,) = finished(running.records("call.refused"))
        assert refused.outcome.error_class == "overloaded"
        await asyncio.gather(*busy)
        assert (await running.post("/mcp/x", call("ok")))[0] == 200


async def test_a_flood_of_messages_arrives_whole(gateway: Start) -> None:
    """Thousands of notifications before the answer are relayed in order, each recorded."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        _, messages, _ = await running.post("/mcp/x", call("flood", {"count": 1500}))
        assert [message["params"]["data"] for message in messages[:-1]] == [f"message {number}" for number in range(1500)]
        assert len(running.records("message.relayed")) == 1500


async def test_a_fault_of_our_own_is_an_answer_and_an_outcome(gateway: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails inside, the call that was started ends, in the book and for the client."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        running.gate.runtimes["x"].pool = None
        status, message, _ = await running.post("/mcp/x", call("ok", id=8))
        assert (status, message["id"], message["error"]["code"]) == (500, 8, -32603)
        (end,) = finished(running.records("call.finished"))
        assert (end.outcome.error_class, end.outcome.rpc_code) == ("internal", -32603)
        assert "AssertionError" in caplog.text
