"""HTTP by hand, for requests that no client library would send, and what a test then looks for in the log."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from tests.gateway.conftest import ANN, Running

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def raw(running: Running, *pieces: bytes, half_close: bool = False, pause_s: float = 0.0) -> bytes:
    """Send bytes over a plain connection and return all that comes back until it closes, or for two seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(running.url).port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
        if half_close:
            writer.write_eof()
        got = b""
        try:
            async with asyncio.timeout(2):
                while chunk := await reader.read(65536):
                    got += chunk
                    if not half_close and b"\r\n\r\n" in got and _whole(got):
                        break
        except (TimeoutError, ConnectionError):
            pass
        return got
    finally:
        writer.close()


def _whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line[15:])
    return False


def post(body: bytes, *lines: str, path: str = "/mcp/x", length: int | None = None, host: str = "127.0.0.1") -> bytes:
    """Write a POST by hand, so that headers may be wrong."""
    head = [f"POST {path} HTTP/1.1", f"host: {host}", f"authorization: Bearer {ANN}", "content-type: application/json", *lines]
    if not any(line.lower().startswith("transfer-encoding") for line in lines):
        head.append(f"content-length: {len(body) if length is None else length}")
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def one_refusal(running: Running) -> Any:
    """Return the only record of a request; it must be a refusal."""
    (record,) = running.records("call.refused", "call.started", "call.finished", "message.relayed", "auth.failed")
    assert record.type == "call.refused"
    assert record.body.outcome.transport == "not_sent"  # type: ignore[union-attr]
    return record.body
