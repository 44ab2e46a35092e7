"""The ASGI application takes anything: never a failure of its own, always JSON or nothing, always a record."""

import asyncio
import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.gateway.app import GatewayApp
from gatebook.gateway.gate import Gate
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.settings import LimitSettings, LogSettings, McpSettings, Settings
from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import ANN, call, modern, snapshot, spec

GOOD: list[tuple[Any, dict[str, str]]] = [
    (call("ok"), {}), (call("sse_ok"), {}), modern("tools/call", {"name": "ok", "arguments": {}}), modern("tools/list"), modern("server/discover"), ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {}),
    ({"jsonrpc": "2.0", "method": "notifications/initialized"}, {}), ([call("ok"), call("nan", id=2)], {}), ({"jsonrpc": "2.0", "id": 1, "result": {}}, {}),
    ({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}}, {}),
]  # fmt: skip
NAMES = [
    b"mcp-method",
    b"mcp-name",
    b"mcp-protocol-version",
    b"mcp-session-id",
    b"mcp-param-x",
    b"content-type",
    b"authorization",
    b"host",
    b"origin",
    b"accept",
    b"traceparent",
    b"user-agent",
    b"last-event-id",
    b"cookie",
]
values = st.binary(max_size=12) | st.sampled_from(
    [
        b"2026-07-28",
        b"2025-11-25",
        b"tools/call",
        b"ok",
        b"x__ok",
        b"null",
        b"=?base64?b2s=?=",
        b"\xff",
        b"",
        b"http://[::1",
        b"application/json",
    ]
)
headers = st.lists(st.tuples(st.sampled_from(NAMES), values), max_size=3)
replaced = st.sampled_from(
    [
        None,
        [],
        {},
        "",
        "ok",
        "x__ok",
        0,
        1.5,
        2**70,
        True,
        "\ud800",
        {"name": 1},
        [[]],
        "tools/call",
        "resources/read",
        "completion/complete",
        "x" * 300,
    ]
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[bytes, dict[str, str]]:
    """Draw a body that is nearly good, or anything."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.binary(max_size=60)), {}
    body, sent = draw(st.sampled_from(GOOD))
    body = json.loads(json.dumps(body))
    for _ in range(draw(st.integers(0, 2))):
        where: Any = body[0] if isinstance(body, list) and body else body
        for _ in range(draw(st.integers(0, 3))):
            inner = [value for value in where.values() if isinstance(value, dict) and value] if isinstance(where, dict) else []
            where = draw(st.sampled_from(inner)) if inner else where
        if isinstance(where, dict):
            where[
                draw(st.sampled_from(sorted(where) + ["id", "method", "params", "name", "uri", "_meta", "requestState", "ref", "cursor"]))
            ] = copy.deepcopy(draw(replaced))
    text = json.dumps(body).encode()
    if draw(st.integers(0, 4)) == 0 and text:
        at = draw(st.integers(0, len(text) - 1))
        text = text[:at] + draw(st.binary(max_size=3)) + text[at + draw(st.integers(0, 3)) :]
    return text, sent


class Bench:
    """A gateway in a loop of its own, driven without a server."""

    def __init__(self, directory: Path) -> None:
        self.runner = asyncio.Runner()
        self.runner.run(self._open(directory))

    async def _open(self, directory: Path) -> None:
        self.upstream = Hostile()
        await self.upstream.__aenter__()
        conf = Settings(
            data_dir=directory,
            mcp=McpSettings(public_url="http://gate.test"),
            limits=LimitSettings(timeout_s=2.0, drain_s=0.1, body_bytes_max=4096),
            log=LogSettings(segment_bytes=4 << 20, reserve_bytes=1 << 18),
        )
        vault = Vault(directory / "keys", b"m" * 32)
        self.book = Book.open(conf.log_dir, "t-w0", vault, conf.log)
        self.gate = Gate(conf, self.book, vault)
        self.gate.apply(snapshot({"x": spec(url=self.upstream.url), "gone": spec(url="http://127.0.0.1:1/")}))
        self.app = GatewayApp(self.gate)

    async def _close(self) -> None:
        await self.gate.close()
        await self.upstream.__aexit__()
        self.book.close()

    def close(self) -> None:
        """End all."""
        self.runner.run(self._close())
        self.runner.close()

    async def _send(self, method: str, path: str, sent: list[tuple[bytes, bytes]], chunks: list[bytes], gone: bool) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        if not gone:
            events.append({"type": "http.request", "body": b"", "more_body": False})
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if events:
                return events.pop(0)
            if not gone and method != "GET":
                await asyncio.sleep(5)
            return {"type": "http.disconnect"}

        async def send(event: Any) -> None:
            answers.append(event)

        scope = {"type": "http", "method": method, "path": path, "headers": sent, "client": ("127.0.0.1", 5), "query_string": b""}
        async with asyncio.timeout(8):
            await self.app(scope, receive, send)
        return answers

    def send(self, *request: Any) -> list[dict[str, Any]]:
        """Send one request; returns the ASGI events of the answer."""
        return self.runner.run(self._send(*request))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One gateway for all examples."""
    made = Bench(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.close()


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["POST", "POST", "POST", "POST", "GET", "DELETE", "PUT", "é"]), st.sampled_from(["/mcp/x", "/mcp", "/mcp/", "/mcp/gone", "/mcp/none", "/mcp/\ufffd", "/mcp/x/x"]), bodies(), headers, st.integers(1, 40), st.booleans(), st.sampled_from([True, True, True, True, False])
)  # fmt: skip
def test_anything_at_all(
    bench: Bench,
    method: str,
    path: str,
    body: tuple[bytes, dict[str, str]],
    extra: list[tuple[bytes, bytes]],
    size: int,
    gone: bool,
    known: bool,
) -> None:
    """One answer, no failure, JSON or nothing or events, and at least one record on disk."""
    text, routing = body
    sent = [(b"host", b"gate.test"), (b"content-type", b"application/json")] + (
        [(b"authorization", b"Bearer " + ANN.encode())] if known else []
    )
    sent = (
        [pair for pair in sent if pair[0] not in dict(extra) or size % 2]
        + [(name.encode(), value.encode()) for name, value in routing.items()]
        + extra
    )
    before = bench.book.last_seq
    answers = bench.send(method, path, sent, [text[at : at + size * 20] for at in range(0, len(text), size * 20)], gone and size % 4 == 0)
    starts = [event for event in answers if event["type"] == "http.response.start"]
    payload = b"".join(event.get("body", b"") for event in answers if event["type"] == "http.response.body")
    assert len(starts) == 1 or (not starts and gone), answers
    assert bench.book.last_seq > before and bench.book.durable_seq == bench.book.last_seq
    if starts:
        assert starts[0]["status"] != 500, payload
        kind = dict(starts[0]["headers"]).get(b"content-type")
        assert kind in (None, b"application/json", b"text/event-stream") and (payload == b"" or kind is not None)
        if kind == b"application/json":
            json.loads(payload)
    assert bench.gate._per_person == {} and not bench.gate._live
