"""What comes in over HTTP is checked in a fixed order; each refusal is a clear answer and exactly one record."""

import asyncio
import io
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import ANN, Start, call, modern, spec
from tests.gateway.plain_http import PING, one_refusal, post, raw


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700), (b"{", -32700), (b"\xff\xfe", -32700), (b"\xef\xbb\xbf{}", -32700), (b"null", -32600), (b"7", -32600), (b'"x"', -32600), (b"{}", -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"x"}', -32600), (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600), (b"[]", -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 70 + b"]" * 70 + b"}", -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":{"v":NaN}}}', -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":{"v":"\\ud800"}}}', -32700),
    ],
)  # fmt: skip
async def test_bodies_that_are_no_message(gateway: Start, body: bytes, code: int) -> None:
    """The answer is HTTP 400 with the JSON-RPC code and id null; the body is in the record, and nothing was sent on."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        status, message, _ = await running.post("/mcp/x", body)
        assert (status, message["error"]["code"], message["id"]) == (400, code, None)
        refused = one_refusal(running)
        assert (refused.outcome.status, refused.outcome.rpc_code, refused.outcome.error_class) == ("protocol_error", code, "invalid_input")
        assert running.records("call.refused")[0].parts.get("arguments", b"") == body
        assert upstream.requests == []


@pytest.mark.parametrize(
    ("method", "allow"), [("PUT", "GET, POST, DELETE"), ("OPTIONS", "GET, POST, DELETE"), ("PATCH", "GET, POST, DELETE")]
)
async def test_http_methods_that_are_not_served(gateway: Start, method: str, allow: str) -> None:
    """405 with what is allowed, and a record that names the method."""
    async with gateway({}) as running:
        async with running.http.request(method, running.url + "/mcp", headers={"authorization": f"Bearer {ANN}"}) as response:
            assert (response.status, response.headers["allow"]) == (405, allow)
        assert one_refusal(running).http_method == method


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_modern_client_has_post_only(gateway: Start, method: str) -> None:
    """Sessions and their stream do not exist in the stateless era."""
    async with gateway({}) as running:
        headers = {"authorization": f"Bearer {ANN}", "mcp-protocol-version": "2026-07-28", "mcp-session-id": "x"}
        async with running.http.request(method, running.url + "/mcp", headers=headers) as response:
            assert (response.status, response.headers["allow"]) == (405, "POST")
        assert one_refusal(running).http_method == method


@pytest.mark.parametrize(
    "kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data; x=application/json"]
)
async def test_only_json_is_read(gateway: Start, kind: str) -> None:
    """Another content type is 415: a web page can send those across origins without asking."""
    async with gateway({}) as running:
        status, _, _ = await running.post("/mcp", PING, {"content-type": kind})
        assert status == 415 and one_refusal(running).outcome.error_class == "invalid_input"


async def test_parameters_of_the_content_type_do_not_matter(gateway: Start) -> None:
    """A charset, blanks and capital letters are all JSON."""
    async with gateway({}) as running:
        assert (await running.post("/mcp", PING, {"content-type": " Application/JSON ; charset=utf-8"}))[0] == 200


async def test_a_path_that_is_none_of_ours(gateway: Start) -> None:
    """What is outside of /mcp is a plain 404 that says where MCP is."""
    async with gateway({}) as running:
        for path in ("/", "/mcpx", "/sse", "/mcp%2e"):
            assert (await running.post(path, PING))[0] == 404


@pytest.mark.parametrize("path", ["/mcp/nothing", "/mcp/x/y", "/mcp/X", "/mcp/" + "n" * 5000, "/mcp/%ff", "/mcp/é", "/mcp/x%00"])
async def test_an_unknown_connector(gateway: Start, path: str) -> None:
    """404 and a record, however odd the name, for requests and for notifications."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        status, message, _ = await running.post(path, call("ok", id="q"))
        assert (status, message["id"]) == (404, "q") and "no connector" in message["error"]["message"]
        refused = one_refusal(running)
        assert refused.outcome.error_class == "not_found" and len(refused.connector or "") <= 200
        status, _, _ = await running.post(path, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert status == 404 and len(running.records("call.refused")) == 2 and upstream.requests == []


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("tool", ["nothing", "nothing__x", "x__", "__ok", "ok", ""])
async def test_an_unknown_tool_of_the_aggregate(gateway: Start, tool: str, era: str) -> None:
    """A name that leads to no connector is invalid params under the request's own id."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        body, headers = (call(tool, id=9), {}) if era == "legacy" else modern("tools/call", {"name": tool, "arguments": {}}, 9)
        status, message, _ = await running.post("/mcp", body, headers | ({"mcp-name": tool} if era == "modern" else {}))
        assert (status, message["id"], message["error"]["code"]) == (200 if era == "legacy" else 400, 9, -32602)
        assert one_refusal(running).outcome.error_class == "not_found" and upstream.requests == []


@pytest.mark.parametrize("params", [None, {}, {"name": None}, {"name": 7}, {"name": ["ok"]}, [], ["ok"]])
async def test_a_call_without_a_name(gateway: Start, params: Any) -> None:
    """A tools/call that names nothing is invalid params and goes nowhere."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        body = {"jsonrpc": "2.0", "id": 3, "method": "tools/call"} | ({} if params is None else {"params": params})
        _, message, _ = await running.post("/mcp/x", body)
        assert message["error"]["code"] == -32602 and message["id"] == 3
        assert one_refusal(running).outcome.error_class == "invalid_input" and upstream.requests == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mcp-name": "other"}, -32020), ({"mcp-name": None}, -32020), ({"mcp-method": "tools/list"}, -32020), ({"mcp-method": None}, -32020), ({"mcp-name": "=?base64?!!?="}, -32020),
        ({"mcp-protocol-version": "2099-01-01"}, -32020),
    ],
)  # fmt: skip
async def test_headers_that_disagree_with_the_body(gateway: Start, change: dict[str, Any], code: int) -> None:
    """The body decides; a header that says something else is refused, and nothing goes on."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        body, headers = modern("tools/call", {"name": "ok", "arguments": {}})
        headers = {name: value for name, value in (headers | change).items() if value is not None}
        status, message, _ = await running.post("/mcp/x", body, headers)
        assert (status, message["error"]["code"]) == (400, code)
        assert one_refusal(running).outcome.error_class == "invalid_input" and upstream.requests == []


async def test_an_unknown_version_is_told_what_is_served(gateway: Start) -> None:
    """-32022 with the supported versions, so that the client can choose again."""
    async with gateway({}) as running:
        body, headers = modern("server/discover")
        body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = headers["mcp-protocol-version"] = "2099-01-01"
        status, message, _ = await running.post("/mcp", body, headers)
        assert (status, message["error"]["code"], message["error"]["data"]) == (
            400,
            -32022,
            {"supported": ["2026-07-28"], "requested": "2099-01-01"},
        )
        assert one_refusal(running).outcome.error_class == "unsupported"


@pytest.mark.parametrize("name", ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Param-Region", "Content-Type"])
async def test_headers_that_come_twice(gateway: Start, name: str) -> None:
    """Two copies of a header that decides are refused: two readers would take a different one each."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        body, headers = modern("tools/call", {"name": "ok", "arguments": {}})
        lines = [f"{key}: {value}" for key, value in headers.items()]
        answer = await raw(running, post(json.dumps(body).encode(), *lines, f"{name}: a", f"{name}: a"))
        assert answer.startswith(b"HTTP/1.1 400 ") and b"-32020" in answer
        assert one_refusal(running).outcome.rpc_code == -32020 and upstream.requests == []


@pytest.mark.parametrize("how", ["length", "chunked", "lying"])
async def test_a_body_that_is_too_large(gateway: Start, how: str) -> None:
    """413 and a record, whether the size is announced or not; the worker does not keep what is above the limit."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, body_bytes_max=10_000) as running:
        body = json.dumps(call("ok", {"v": "x" * 20_000})).encode()
        if how == "chunked":
            pieces = [
                post(b"", "transfer-encoding: chunked"),
                *(b"%x\r\n%s\r\n" % (len(body[at : at + 5000]), body[at : at + 5000]) for at in range(0, len(body), 5000)),
                b"0\r\n\r\n",
            ]
            answer = await raw(running, *pieces)
        elif how == "length":
            answer = await raw(running, post(body))
        else:
            answer = await raw(running, post(body[:15_000], length=1 << 30))
        assert answer.startswith(b"HTTP/1.1 413 ") and b"larger than 10000 bytes" in answer
        assert one_refusal(running).outcome.error_class == "too_large" and upstream.requests == []


async def test_a_request_that_no_record_can_hold(gateway: Start) -> None:
    """A body within its limit that does not fit into a segment is 413, not a failure."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        big = io.BytesIO(json.dumps(call("ok", {"v": "x" * (3 << 20)}, id="big")).encode())
        sent = {"authorization": f"Bearer {ANN}", "content-type": "application/json"}
        async with running.http.post(running.url + "/mcp/x", data=big, headers=sent) as response:
            status, message = response.status, await response.json()
        assert (status, message["id"]) == (413, "big") and "too large to be recorded" in message["error"]["message"]
        assert one_refusal(running).outcome.error_class == "too_large" and upstream.requests == []
        assert (await running.post("/mcp/x", call("ok")))[0] == 200


async def test_a_client_that_stops_in_its_body(gateway: Start) -> None:
    """A connection that ends before its body does is a record, and no call."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(running.url).port)
        writer.write(post(b'{"jsonrpc":', length=500))
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await running.settled(1, "call.refused")
        assert one_refusal(running).outcome.error_class == "cancelled" and upstream.requests == []


@pytest.mark.parametrize("tool", ["never_answers", "stream_never_answers"])
async def test_a_half_closed_client_is_gone(gateway: Start, tool: str) -> None:
    """A client that shuts its side in the middle of a call ends it: the connector's stream is closed and the record says cancelled."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        await raw(running, post(json.dumps(call(tool)).encode()), half_close=True, pause_s=0.2)
        await upstream.until_left(tool)
        (finished,) = await running.settled(1, "call.finished")
        assert (finished.body.outcome.status, finished.body.outcome.detail) == ("cancelled", "the client went away")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "first",
    [
        b"GARBAGE\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"POST /mcp HTTP/9.9\r\n\r\n",
        b"POST /mcp HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
    ],
)
async def test_what_is_not_http(gateway: Start, first: bytes) -> None:
    """The connection gets an error and ends; the next one is served."""
    async with gateway({}) as running:
        assert not (await raw(running, first)).startswith(b"HTTP/1.1 2")
        assert (await running.post("/mcp", PING))[0] == 200


async def test_smuggling_by_two_lengths_is_refused(gateway: Start) -> None:
    """A body with a length and chunks at the same time does not hide a second request."""
    async with gateway({}) as running:
        hidden = b"0\r\n\r\n" + post(json.dumps(PING).encode(), path="/mcp")
        answer = await raw(running, post(hidden, "transfer-encoding: chunked", f"content-length: {len(hidden)}"))
        assert b"200 OK" not in answer
        assert running.records("call.started") == []


async def test_a_batch_is_answered_as_one(gateway: Start) -> None:
    """Each request of a batch has its own call and answer, in order; notifications are recorded; failures of one do not touch the others."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        batch = [
            call("ok", id=1),
            {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}},
            call("http_500_html", id="b"),
            {"jsonrpc": "2.0", "id": 3, "method": "tools/call"},
            call("echo_request", id=4),
        ]
        status, messages, _ = await running.post("/mcp/x", batch)
        assert status == 200 and [message["id"] for message in messages] == [1, "b", 3, 4]
        assert messages[1]["result"]["isError"] and messages[2]["error"]["code"] == -32602
        assert [len(running.records(kind)) for kind in ("call.started", "call.finished", "call.refused", "message.relayed")] == [3, 3, 1, 1]


async def test_a_bad_message_in_a_batch_leaves_the_others_their_answers(gateway: Start) -> None:
    """A notification that is refused does not take the answers of the requests beside it away."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        status, messages, _ = await running.post(
            "/mcp/x", [call("ok", id=1), {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "ok"}}]
        )
        assert status == 200 and [message["id"] for message in messages] == [1]
        assert len(running.records("call.refused")) == 1 and len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("batch", "headers"),
    [
        ([], {}), ([PING] * 51, {}), ([PING, PING], {}), ([{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}], {}), ([PING], {"mcp-protocol-version": "2025-06-18"}),
        ([PING], {"mcp-protocol-version": "2026-07-28"}), ([1, 2], {}), ([[PING]], {}),
    ],
)  # fmt: skip
async def test_batches_that_are_refused(gateway: Start, batch: Any, headers: dict[str, str]) -> None:
    """Empty, too long, with an id twice, with an initialize, or of a revision without batches: one refusal for the whole."""
    async with gateway({}) as running:
        status, message, _ = await running.post("/mcp", batch, headers)
        assert status == 400 and message["error"]["code"] == -32600
        one_refusal(running)
