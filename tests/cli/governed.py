"""A whole deployment as processes, with a connector whose tools wait for an approval or can be asked for, and somebody who calls them."""

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gatebook.control.client import KeeperRefused
from gatebook.control.office import keeper_client, run
from tests.test_app import Deployment, start, stop, until

ECHO = Path(__file__).parents[1] / "fixtures" / "stdio_echo.py"
RESOURCES = f"""
kind: Connector
name: tools
spec: {{transport: stdio, command: [{sys.executable}, {ECHO}], allow: {{groups: [sales]}}, tool_approval: none}}
---
kind: Policy
name: look-first
spec: {{effect: require_approval, selector: {{tools: [echo]}}, reason: Somebody looks at this first.}}
---
kind: Policy
name: no-pids
spec: {{effect: deny, requestable: true, selector: {{tools: [pid]}}, reason: Process ids are not for everybody.}}
"""


class Governed:
    """The deployment, and Ana who calls."""

    def __init__(self, deployment: Deployment, token: str) -> None:
        self.deployment = deployment
        self.data = str(deployment.settings.data_dir)
        self._token = token

    def call(self, tool: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        """Call a tool as Ana; returns whether it went through, and the text."""
        result = self.deployment.mcp(self._token, "tools/call", {"name": f"tools__{tool}", "arguments": arguments})[1]["result"]
        return not result.get("isError", False), result["content"][0]["text"]

    def refused(self, tool: str, arguments: dict[str, Any]) -> str:
        """Call a tool that does not go through; returns the id of the record, once the book can be asked about it."""
        through, text = self.call(tool, arguments)
        assert not through and ("/approvals/" in text or "/access/" in text)
        id = text.partition("/approvals/" if "/approvals/" in text else "/access/")[2][:36]
        client = keeper_client(self.deployment.settings)

        def is_found() -> bool:
            try:
                return any(row["call_id"] == id for row in client.get("/api/v1/calls?limit=20")["calls"])
            except KeeperRefused:
                return False  # the index is still being opened

        until(is_found, 30)
        return id

    def goes_through(self, tool: str, arguments: dict[str, Any], timeout_s: float = 3.0) -> bool:
        """Whether a call goes through before the time is over; a decision is in force on all workers within a second."""
        ends_s = time.monotonic() + timeout_s
        while time.monotonic() < ends_s:
            if self.call(tool, arguments)[0]:
                return True
            time.sleep(0.1)
        return False

    def stays_out(self, tool: str, arguments: dict[str, Any]) -> bool:
        """Whether, a second from now, no call goes through on any worker."""
        time.sleep(1.2)
        return not any(self.call(tool, arguments)[0] for _ in range(8))


@contextlib.contextmanager
def governed(path: Path) -> Iterator[Governed]:
    """A deployment in a directory that is not there yet."""
    deployment = start(path)
    try:
        settings = deployment.settings
        until(lambda: bool(keeper_client(settings).get("/status")["healthy"]), 30)
        token = run(settings, "token_create", {"person": "ana", "person_name": "Ana Lima", "groups": ["sales"]})["secret"]
        run(settings, "apply", {"texts": [{"source": "r", "text": RESOURCES}]})
        time.sleep(1.2)
        assert json.dumps(deployment.mcp(token, "tools/list", {})[1]).count("tools__") >= 4
        yield Governed(deployment, token)
    finally:
        assert stop(deployment) == 0
