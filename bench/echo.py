"""The connector that the benchmark calls: a raw ASGI application that answers `tools/call` with 4 KB, of both protocol eras.

It does as little as can be done, so that what is measured is the gateway. `python -m bench.echo` prints its port.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvicorn
import uvloop
from msgspec import Raw, Struct

RESULT_BYTES = 4096
_TEXT = ("Gatebook measures itself with this sentence. " * (RESULT_BYTES // 44))[:RESULT_BYTES]
_TOOL = {
    "name": "echo",
    "description": "Returns text.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
}
_SERVER = {"name": "echo", "version": "1"}
_CAPABILITIES: dict[str, object] = {"tools": {}}
_HEADERS = [(b"content-type", b"application/json")]

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Message(Struct):
    """As much of a JSON-RPC message as the connector looks at."""

    method: str = ""
    id: Raw = Raw()


_decode = msgspec.json.Decoder(Message).decode
_CALLED = msgspec.json.encode({"content": [{"type": "text", "text": _TEXT}], "isError": False})
_CALLED_MODERN = _CALLED[:-1] + b',"resultType":"complete"}'
_LISTED = {"tools": [_TOOL], "resultType": "complete", "ttlMs": 60_000, "cacheScope": "public"}
_RESULTS = {
    "initialize": {"protocolVersion": "2025-11-25", "capabilities": _CAPABILITIES, "serverInfo": _SERVER},
    "server/discover": {
        "supportedVersions": ["2026-07-28"],
        "capabilities": _CAPABILITIES,
        "serverInfo": _SERVER,
        "resultType": "complete",
        "ttlMs": 60_000,
        "cacheScope": "public",
    },
    "tools/list": _LISTED,
    "ping": {},
}
_ENCODED = {method: msgspec.json.encode(result) for method, result in _RESULTS.items()}


class Echo:
    """The ASGI application. `GET /count` returns how many tool calls it has answered."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            counting = scope["path"] == "/count"
            await _answer(send, 200 if counting else 405, b"%d" % self.calls if counting else b"")
            return
        event = await receive()
        body = event["body"]
        while event.get("more_body"):
            event = await receive()
            body += event["body"]
        message = _decode(body)
        if not bytes(message.id):
            await _answer(send, 202, b"")
            return
        await _answer(send, 200, b'{"jsonrpc":"2.0","id":%b,%b}' % (bytes(message.id), self._outcome(message.method, scope["headers"])))

    def _outcome(self, method: str, headers: list[tuple[bytes, bytes]]) -> bytes:
        if method == "tools/call":
            self.calls += 1
            return b'"result":' + (_CALLED_MODERN if (b"mcp-protocol-version", b"2026-07-28") in headers else _CALLED)
        if method in _ENCODED:
            return b'"result":' + _ENCODED[method]
        return b'"error":{"code":-32601,"message":"Method not found"}'


async def _answer(send: Send, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, (b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve on a free port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(Echo(), http="httptools", loop="uvloop", lifespan="off", access_log=False, log_level="warning")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main()
