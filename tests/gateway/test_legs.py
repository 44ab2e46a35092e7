"""Which leg a client gets: tests/gateway/test_eras.py has the pairs of eras; here is what a connector's silence does."""

import sys

import pytest

from gatebook.gateway import legs
from tests.gateway.conftest import Start, modern, spec

_SILENT = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["method"] == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "silent", "version": "1"}}
    elif message["method"] == "tools/call":
        result = {"content": [{"type": "text", "text": "heard"}]}
    else:
        continue
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


async def test_a_server_that_ignores_what_it_does_not_know_is_greeted_in_the_older_way(
    gateway: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some servers do not answer server/discover at all; after a while the gateway shakes hands."""
    monkeypatch.setattr(legs, "_PROBE_S", 0.5)
    silent = spec(transport="stdio", command=[sys.executable, "-c", _SILENT])
    async with gateway({"silent": silent}) as running:
        body, headers = modern("tools/call", {"name": "anything"})
        status, answer, _ = await running.post("/mcp/silent", body, headers)
        assert (status, answer["result"]["content"][0]["text"]) == (200, "heard")
