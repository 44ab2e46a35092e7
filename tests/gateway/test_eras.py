"""Clients and connectors of all eras and transports, with a client and servers that are not ours."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from gatebook.state.connectors import ConnectorSpec
from tests.fixtures.hostile import Exchange, Hostile
from tests.gateway.conftest import ANN, BOB, Record, Running, Start, call, modern, spec
from tests.gateway.test_call import opened

ROOT = Path(__file__).parent.parent.parent
SDK_CHILD = [sys.executable, "-m", "tests.fixtures.stdio_sdk"]


@contextlib.contextmanager
def serving(*words: str) -> Iterator[str]:
    """Run a server of the fixtures; yields the URL that it prints."""
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def urls() -> Iterator[dict[str, str]]:
    """The fixture servers: one of both eras, one of each alone, and one of the older transport."""
    with contextlib.ExitStack() as stack:
        found = {era: stack.enter_context(serving("tests.fixtures.everything", "--era", era)) for era in ("both", "legacy", "modern")}
        yield found | {"sse": stack.enter_context(serving("tests.fixtures.sse_server"))}


@contextlib.asynccontextmanager
async def connected(running: Running, path: str, mode: str, token: str = ANN, **options: Any) -> AsyncIterator[Client]:
    """A client of the SDK at the gateway."""
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=20) as http:
        async with Client(streamable_http_client(running.url + path, http_client=http), mode=mode, **options) as client:
            yield client


async def text_of(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool; returns its text."""
    result = await client.call_tool(tool, arguments)
    return str(result.content[0].text)  # type: ignore[union-attr]


async def fill_in(_: Any, params: types.ElicitRequestParams) -> types.ElicitResult:
    """Answer every form."""
    return types.ElicitResult(
        action="accept", content={"name": "Ada", "ok": True, "color": "blue", "username": "ada", "email": "a@example.com"}
    )


async def sample(_: Any, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
    """Answer as a model would."""
    return types.CreateMessageResult(role="assistant", content=types.TextContent(text="Paris"), model="m")


def calls(running: Running, tool: str) -> list[Record]:
    """Return the call.started records of a tool."""
    return [record for record in running.records("call.started") if record.body.tool == tool]  # type: ignore[union-attr]


def outcome_of(running: Running, call: str) -> Any:
    """Return the only outcome of a call."""
    (end,) = [record.body for record in running.records("call.finished") if record.body.call == call]  # type: ignore[union-attr]
    return end.outcome  # type: ignore[union-attr]


@pytest.mark.parametrize("server", ["both", "legacy", "modern"])
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28", "auto"])
@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_plain_tools_work_between_all_eras(gateway: Start, urls: dict[str, str], server: str, mode: str, path: str) -> None:
    """List, call, a tool's error, prompts, resources and completion, for each client with each connector, alone and in the aggregate."""
    prefix = "x__" if path == "/mcp" else ""
    async with gateway({"x": spec(url=urls[server])}) as running, connected(running, path, mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert prefix + "test_simple_text" in names and all(name.startswith(prefix) for name in names)
        assert await text_of(client, prefix + "echo", text="Grüße \u2028 🌍") == "Grüße \u2028 🌍"
        failed = await client.call_tool(prefix + "test_error_handling", {})
        assert failed.is_error
        prompts = await client.list_prompts()
        assert prompts.prompts[0].name.startswith(prefix)
        got = await client.get_prompt(prefix + "test_simple_prompt")
        assert got.messages
        resources = (await client.list_resources()).resources
        assert (await client.read_resource(resources[0].uri)).contents
        (begun,) = calls(running, "echo")
        assert outcome_of(running, begun.header.id).status == "ok" and begun.body.connector == "x"  # type: ignore[union-attr]
        (begun,) = calls(running, "test_error_handling")
        assert (outcome_of(running, begun.header.id).status, outcome_of(running, begun.header.id).is_error) == ("tool_error", True)


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_a_handshake_connector_asks_the_client(gateway: Start, urls: dict[str, str], path: str, transport: str) -> None:
    """Elicitation and sampling reach the client inside the call, the answers go back, and both are on the record of the call."""
    connector = spec(url=urls["legacy"]) if transport == "http" else _child()
    prefix = "x__" if path == "/mcp" else ""
    async with (
        gateway({"x": connector}) as running,
        connected(running, path, "legacy", elicitation_callback=fill_in, sampling_callback=sample) as client,
    ):
        tool = "test_elicitation" if transport == "http" else "greet"
        said = await text_of(client, prefix + tool, **({"message": "Who?"} if transport == "http" else {}))
        assert "Ada" in said or "accept" in said
        (begun,) = calls(running, tool)
        asked = [record.body for record in running.records("message.relayed") if record.body.call == begun.header.id]  # type: ignore[union-attr]
        assert [(message.direction, message.kind, message.method) for message in asked] == [
            ("to_client", "request", "elicitation/create"),
            ("to_connector", "response", None),
        ]  # type: ignore[union-attr]
        if transport == "http":
            assert "Paris" in await text_of(client, prefix + "test_sampling", prompt="Capital?")


def _child(**fields: Any) -> ConnectorSpec:
    return spec(transport="stdio", command=SDK_CHILD, cwd=str(ROOT), **fields)


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_rounds_are_one_logical_call(gateway: Start, urls: dict[str, str], path: str) -> None:
    """input_required, then the same call with the answers: each round is a call of its own, linked to the first."""
    prefix = "x__" if path == "/mcp" else ""
    async with (
        gateway({"x": spec(url=urls["modern"])}) as running,
        connected(running, path, "2026-07-28", elicitation_callback=fill_in) as client,
    ):
        assert "Three rounds" in await text_of(client, prefix + "test_input_required_result_multi_round")
        rounds = calls(running, "test_input_required_result_multi_round")
        first = rounds[0].header.id
        assert [(record.body.round.first, record.body.round.number) if record.body.round else None for record in rounds] == [
            None,
            (first, 2),
            (first, 3),
        ]  # type: ignore[union-attr]
        assert [outcome_of(running, record.header.id).status for record in rounds] == ["pending", "pending", "ok"]


async def test_the_state_of_a_call_is_its_persons(gateway: Start, urls: dict[str, str]) -> None:
    """Bob cannot go on with the state that Ann's call got, nor Ann with it for another tool."""
    async with gateway({"x": spec(url=urls["modern"])}) as running:
        tool = "test_input_required_result_request_state"
        body, headers = modern("tools/call", {"name": tool, "arguments": {}})
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"form": {}}}
        _, message, _ = await running.post("/mcp/x", body, headers)
        state = message["result"]["requestState"]
        answers = {"inputResponses": {"confirm": {"action": "accept", "content": {"ok": True}}}, "requestState": state}
        body["params"] |= answers
        status, message, _ = await running.post("/mcp/x", body | {"id": 2}, headers, BOB)
        assert (status, message["error"]["code"]) == (400, -32602)
        other, other_headers = modern("tools/call", {"name": "test_input_required_result_elicitation", "arguments": {}, **answers}, 3)
        assert (await running.post("/mcp/x", other, other_headers))[0] == 400
        assert [record.body.outcome.error_class for record in running.records("call.refused")] == ["permission"] * 2  # type: ignore[union-attr]
        _, message, _ = await running.post("/mcp/x", body | {"id": 4}, headers)
        assert "state-ok" in message["result"]["content"][0]["text"]


@pytest.mark.parametrize(("mode", "server"), [("2026-07-28", "legacy"), ("legacy", "modern")])
async def test_a_question_across_the_eras_is_a_clear_error(gateway: Start, urls: dict[str, str], mode: str, server: str) -> None:
    """What cannot be bridged yet ends in an error that says so, in time, with an outcome."""
    tool = "test_elicitation" if server == "legacy" else "test_input_required_result_elicitation"
    async with (
        gateway({"x": spec(url=urls[server])}) as running,
        connected(running, "/mcp/x", mode, elicitation_callback=fill_in) as client,
    ):
        if server == "legacy":
            with pytest.raises(MCPError, match="cannot be asked"):
                await client.call_tool(tool, {"message": "Who?"})
            assert [record.body.relayed for record in running.records("message.relayed") if record.body.method == "elicitation/create"] == [
                False
            ]  # type: ignore[union-attr]
        else:
            with pytest.raises(MCPError, match="asks for input"):
                await client.call_tool(tool, {})
        (begun,) = calls(running, tool)
        assert outcome_of(running, begun.header.id).status in ("protocol_error", "tool_error")


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_progress_reaches_the_caller(gateway: Start, urls: dict[str, str], path: str, mode: str) -> None:
    """Reports arrive in order before the answer."""
    prefix = "x__" if path == "/mcp" else ""
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with gateway({"x": spec(url=urls["both"])}) as running, connected(running, path, mode) as client:
        await client.call_tool(prefix + "test_tool_with_progress", {}, progress_callback=note)
        assert seen == [0.0, 50.0, 100.0]
        assert len(running.records("message.relayed")) >= 3


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_child_of_both_eras(gateway: Start, mode: str) -> None:
    """A stdio server of the SDK speaks with each client in the client's own era, with progress."""
    seen: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async with gateway({"x": _child()}) as running, connected(running, "/mcp/x", mode, elicitation_callback=fill_in) as client:
        assert await text_of(client, "echo", text="hi") == "hi"
        await client.call_tool("count", {"to": 3}, progress_callback=note)
        assert seen == [1.0, 2.0, 3.0]
        assert await text_of(client, "greet") == "Hello, Ada!"


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_older_transport_as_a_connector(gateway: Start, urls: dict[str, str], path: str, mode: str) -> None:
    """A server of HTTP+SSE serves clients of both eras; a client of the handshake era can be asked."""
    prefix = "x__" if path == "/mcp" else ""
    async with (
        gateway({"x": spec(transport="sse", url=urls["sse"])}) as running,
        connected(running, path, mode, elicitation_callback=fill_in) as client,
    ):
        assert await text_of(client, prefix + "echo", text="hi") == "hi"
        if mode == "legacy":
            assert await text_of(client, prefix + "greet") == "Hello, Ada!"


async def test_an_sse_server_cannot_lead_the_credential_away(gateway: Start) -> None:
    """An endpoint on another host is refused; nothing is posted there."""
    with serving("tests.fixtures.sse_server", "--endpoint", "http://127.0.0.2:9/messages") as url:
        async with gateway({"x": spec(transport="sse", url=url, headers={"X-Key": "plain"})}) as running:
            _, message, _ = await running.post("/mcp/x", call("echo", {"text": "hi"}))
            assert message["result"]["isError"] and "another host" in message["result"]["content"][0]["text"]


async def events(response: Any) -> AsyncIterator[tuple[str | None, Any]]:
    """Yield id and message of the events of a response."""
    buffer = b""
    async for chunk in response.content.iter_any():
        buffer += chunk.replace(b"\r\n", b"\n")
        while b"\n\n" in buffer:
            event, _, buffer = buffer.partition(b"\n\n")
            fields = dict(line.split(b":", 1) for line in event.split(b"\n") if b":" in line and not line.startswith(b":"))
            data = fields.get(b"data", b"").strip()
            yield (fields[b"id"].strip().decode() if b"id" in fields else None), (json.loads(data) if data else None)


async def test_a_stream_that_the_connector_closed_is_taken_up_again(gateway: Start, urls: dict[str, str]) -> None:
    """The answer that comes on the next GET, by Last-Event-ID, ends the call that the POST began."""
    async with gateway({"x": spec(url=urls["legacy"])}) as running:
        session = await opened(running) | {"authorization": f"Bearer {ANN}", "accept": "application/json, text/event-stream"}
        last: str | None = None
        async with running.http.post(running.url + "/mcp/x", json=call("test_reconnection", id="r"), headers=session) as response:
            async for identifier, message in events(response):
                last = identifier or last
                assert message is None or message.get("id") != "r"
        assert last is not None and running.records("call.finished")[-1].body.call != calls(running, "test_reconnection")[0].header.id  # type: ignore[union-attr]
        async with (
            running.http.get(running.url + "/mcp/x", headers=session | {"last-event-id": last, "accept": "text/event-stream"}) as response,
            asyncio.timeout(5),
        ):
            async for _, message in events(response):
                if message is not None and message.get("id") == "r":
                    break
        (begun,) = calls(running, "test_reconnection")
        await running.settled(2, "call.finished")
        assert outcome_of(running, begun.header.id).status == "ok"


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_resources_can_be_subscribed_to(gateway: Start, urls: dict[str, str], path: str) -> None:
    """Subscribing reaches the connector that has the resource, as a call of its own."""
    async with gateway({"x": spec(url=urls["legacy"])}) as running, connected(running, path, "legacy") as client:
        resources = (await client.list_resources()).resources
        await client.subscribe_resource(str(resources[0].uri))
        await client.unsubscribe_resource(str(resources[0].uri))
        for method in ("resources/subscribe", "resources/unsubscribe"):
            (begun,) = [record for record in running.records("call.started") if record.body.method == method]  # type: ignore[union-attr]
            assert outcome_of(running, begun.header.id).status == "ok" and begun.body.connector == "x"  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_what_belongs_to_no_call_comes_on_the_stream(gateway: Start, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Updates and questions that a connector sends by itself reach the client's own stream, recorded; the answer finds its way back."""
    well = Hostile._serve_well
    update = {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": {"uri": "test://a"}}
    question = {"jsonrpc": "2.0", "id": "q-1", "method": "roots/list"}

    async def serve(self: Hostile, exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.start_stream()
            await exchange.chunk(b"data: no message\n\n")
            await exchange.event(json.dumps(update).encode())
            await exchange.event(json.dumps(question).encode())
            await exchange.hang()
        await well(self, exchange)

    monkeypatch.setattr(Hostile, "_serve_well", serve)
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        session = await opened(running, path)
        await running.post(path, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, session)
        sent = session | {"authorization": f"Bearer {ANN}", "accept": "text/event-stream"}
        async with running.http.get(running.url + path, headers=sent) as response, asyncio.timeout(5):
            got = [message async for _, message in _first(events(response), 2)]
        assert got[0] == update and got[1]["method"] == "roots/list" and (got[1]["id"] == "q-1") == (path == "/mcp/x")
        await running.post(path, {"jsonrpc": "2.0", "id": got[1]["id"], "result": {"roots": []}}, session)
        assert upstream.requests[-1].message == {"jsonrpc": "2.0", "id": "q-1", "result": {"roots": []}}
        noted = [
            (record.body.kind, record.body.direction, record.body.relayed, record.body.connector)
            for record in running.records("message.relayed")
        ]  # type: ignore[union-attr]
        assert noted[-4:] == [
            ("other", "to_client", False, "x"),
            ("notification", "to_client", True, "x"),
            ("request", "to_client", True, "x"),
            ("response", "to_connector", True, "x"),
        ]


async def _first(source: AsyncIterator[tuple[str | None, Any]], count: int) -> AsyncIterator[tuple[str | None, Any]]:
    async for item in source:
        yield item
        count -= 1
        if not count:
            return


async def test_listening_for_changes_and_cutting_it_off(gateway: Start, urls: dict[str, str]) -> None:
    """subscriptions/listen stays open, brings changes, and ends as cancelled when the client leaves."""
    async with gateway({"x": spec(url=urls["both"])}, timeout_s=0.5) as running:
        body, headers = modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, "sub")
        sent = headers | {"authorization": f"Bearer {ANN}", "accept": "application/json, text/event-stream"}
        async with running.http.post(running.url + "/mcp/x", json=body, headers=sent) as response, asyncio.timeout(5):
            await asyncio.sleep(0.7)
            trigger, trigger_headers = modern("tools/call", {"name": "test_trigger_tool_change", "arguments": {}}, 2)
            await running.post("/mcp/x", trigger, trigger_headers)
            async for _, message in events(response):
                if message is not None and message.get("method") == "notifications/tools/list_changed":
                    break
            response.close()
        (begun,) = [record for record in running.records("call.started") if record.body.method == "subscriptions/listen"]  # type: ignore[union-attr]
        await running.settled(2, "call.finished")
        assert outcome_of(running, begun.header.id).status == "cancelled"


async def test_a_cancelled_call_ends(gateway: Start) -> None:
    """notifications/cancelled of the handshake era reaches the connector and ends the call's stream."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        session = await opened(running)
        waiting = asyncio.create_task(running.post("/mcp/x", call("never_answers", id="c"), session))
        await asyncio.sleep(0.2)
        status, _, _ = await running.post(
            "/mcp/x", {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "c"}}, session
        )
        assert status == 202 and upstream.requests[-1].message["params"] == {"requestId": "c"}
        _, message, _ = await asyncio.wait_for(waiting, 4)
        assert message["error"]["code"] == -32055
        (begun,) = calls(running, "never_answers")
        assert outcome_of(running, begun.header.id).detail == "the client cancelled it"
        noted = [record.body for record in running.records("message.relayed") if record.body.method == "notifications/cancelled"]  # type: ignore[union-attr]
        assert [note.call for note in noted] == [begun.header.id]  # type: ignore[union-attr]
