"""The request that the benchmark sends, on the wire of each protocol era, and the check that a subject answers it rightly."""

import json
import urllib.request
from dataclasses import dataclass, field, replace
from typing import Any, Literal

ARGUMENT_BYTES = 1024
LEGACY = "2025-11-25"
MODERN = "2026-07-28"
Era = Literal["legacy", "modern"]

_CLIENT = {"name": "bench", "version": "1"}
_ARGUMENTS = {"text": ("What a client sends is as long as this, more or less. " * 20)[:ARGUMENT_BYTES]}
_TIMEOUT_S = 30


@dataclass(frozen=True)
class Target:
    """Where to send calls and how: the body is `before`, a number that is new in each call, and `after`."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    before: str = ""
    after: str = ""


def open_target(url: str, era: Era, headers: dict[str, str]) -> Target:
    """Do what the era asks for before the first call, make one call and check its answer. Raises RuntimeError when it is wrong."""
    fixed = headers | {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    target = Target(url, fixed, '{"jsonrpc":"2.0","id":')
    target = _modern(target) if era == "modern" else _legacy(target)
    status, _, body = _post(target, (target.before + "1" + target.after).encode())
    if status != 200 or len(body) < 4096 or b'"isError":true' in body or b'"error":' in body:
        raise RuntimeError(f"{url} does not answer a call as it should: {status} {body[:500]!r}")
    return target


def _legacy(target: Target) -> Target:
    params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": _CLIENT}
    hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    _, answer_headers, _ = _post(target, json.dumps(hello).encode())
    headers = target.headers | {"MCP-Protocol-Version": LEGACY}
    if "mcp-session-id" in answer_headers:
        headers["Mcp-Session-Id"] = answer_headers["mcp-session-id"]
    target = replace(target, headers=headers, after=_after({"name": "echo", "arguments": _ARGUMENTS}))
    _post(target, b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
    return target


def _modern(target: Target) -> Target:
    prefix = "io.modelcontextprotocol"
    meta = {f"{prefix}/protocolVersion": MODERN, f"{prefix}/clientCapabilities": {}, f"{prefix}/clientInfo": _CLIENT}
    headers = target.headers | {"MCP-Protocol-Version": MODERN, "Mcp-Method": "tools/call", "Mcp-Name": "echo"}
    return replace(target, headers=headers, after=_after({"name": "echo", "arguments": _ARGUMENTS, "_meta": meta}))


def _after(params: dict[str, Any]) -> str:
    return ',"method":"tools/call","params":' + json.dumps(params, separators=(",", ":")) + "}"


def _post(target: Target, body: bytes) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(target.url, body, target.headers)
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
        return response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
