"""The connector of the fault tests: a real MCP server over HTTP that writes down each call it executes before it does anything else.

`python -m fault.connector JOURNAL` prints its port and appends the key of each executed call to JOURNAL, one a line. It outlives every
kill of the gateway, so the journal is the truth about what was dispatched. Tools: `work` answers after `delay_ms`, as JSON or, with
`form: sse`, as an event; `block` answers only when its HTTP client goes away, that is: never.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import uvicorn
import uvloop
from msgspec import Raw, Struct

_TOOLS = [{"name": name, "inputSchema": {"type": "object", "properties": {"key": {"type": "string"}}}} for name in ("work", "block")]
_SERVER: dict[str, object] = {"serverInfo": {"name": "fault", "version": "1"}, "capabilities": {"tools": {}}}
_CACHED: dict[str, object] = {"resultType": "complete", "ttlMs": 60_000, "cacheScope": "public"}
_RESULTS: dict[str, dict[str, object]] = {
    "initialize": {"protocolVersion": "2025-11-25", **_SERVER},
    "server/discover": {"supportedVersions": ["2026-07-28", "2025-11-25"], **_SERVER, **_CACHED},
    "tools/list": {"tools": _TOOLS, **_CACHED},
    "ping": {},
}
_FILLER = "The connector has done what it was asked to do. " * 20

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Arguments(Struct):
    """Arguments of both tools."""

    key: str = ""
    delay_ms: int = 0
    form: str = "json"


class _Params(Struct):
    name: str = ""
    arguments: Arguments = msgspec.field(default_factory=Arguments)


class _Message(Struct):
    method: str = ""
    id: Raw = msgspec.field(default_factory=Raw)
    params: _Params = msgspec.field(default_factory=_Params)


_decode = msgspec.json.Decoder(_Message).decode


class Connector:
    """The ASGI application."""

    def __init__(self, journal_fd: int) -> None:
        self._journal_fd = journal_fd

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            await _answer(send, 405, b"")
            return
        body, more = b"", True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        message = _decode(body)
        if not bytes(message.id):
            await _answer(send, 202, b"")
        elif message.method == "subscriptions/listen":
            await _listen(message, receive, send)
        elif message.method != "tools/call":
            await _answer(send, 200, _reply(message, _RESULTS.get(message.method)))
        else:
            await self._execute(message, receive, send)

    async def _execute(self, message: _Message, receive: Receive, send: Send) -> None:
        arguments = message.params.arguments
        os.write(self._journal_fd, f"{arguments.key}\n".encode())
        if message.params.name == "block":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await asyncio.sleep(arguments.delay_ms / 1000)
        text = f"{arguments.key}: {_FILLER[: 50 + len(_FILLER) * (arguments.delay_ms % 7) // 7]}"
        reply = _reply(message, {"content": [{"type": "text", "text": text}], "isError": False, "resultType": "complete"})
        await _answer(send, 200, reply, sse=arguments.form == "sse")


async def _listen(message: _Message, receive: Receive, send: Send) -> None:
    """Hold a stream open until its client goes away."""
    note = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {}}
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    await send({"type": "http.response.body", "body": b"data: " + msgspec.json.encode(note) + b"\n\n", "more_body": True})
    while (await receive())["type"] != "http.disconnect":
        pass


def _reply(message: _Message, result: object | None) -> bytes:
    outcome = {"error": {"code": -32601, "message": "Method not found"}} if result is None else {"result": result}
    return msgspec.json.encode({"jsonrpc": "2.0", "id": message.id, **outcome})


async def _answer(send: Send, status: int, body: bytes, *, sse: bool = False) -> None:
    kind = b"text/event-stream" if sse else b"application/json"
    data = b"event: message\ndata: " + body + b"\n\n" if sse else body
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(data))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


def main(journal: str) -> None:
    """Serve on a free port of the loopback interface."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    journal_fd = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    config = uvicorn.Config(Connector(journal_fd), http="httptools", loop="uvloop", lifespan="off", access_log=False, log_level="error")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main(sys.argv[1])
