"""A worker is small because it leaves to the keeper what only the keeper needs."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from gatebook.control.key_files import create_keys
from gatebook.control.office import run
from gatebook.settings import LogSettings, McpSettings, Settings
from gatebook.state.opening import open_state
from tests.test_app import Deployment, until

FORBIDDEN = ("pydantic", "pydantic_core", "mcp", "scim2_models", "scim2_server", "chdb", "jinja2", "markupsafe")
KEEPERS = ("console", "api", "index", "keeper", "reading", "identity.scim", "identity.oidc", "control.desk")
RESOURCES = """
kind: Connector
name: echo
spec: {{transport: stdio, command: [{python}, {echo}], allow: {{groups: [sales]}}}}
---
kind: Connector
name: personal
spec: {{transport: http, url: 'http://127.0.0.1:9/mcp', credential: {{kind: person}}, allow: {{groups: [sales]}}}}
---
kind: Policy
name: not-so-long
spec:
  effect: deny
  selector: {{connectors: [echo], tools: [sleep]}}
  when: 'args.seconds > 5'
  reason: Not so long.
"""
_LINE = re.compile(r"import time:\s*\d+ \|\s*\d+ \|\s*([\w.]+)")


def imported(errors: Path) -> set[str]:
    """The modules that a process has imported so far, as Python itself tells."""
    return set(_LINE.findall(errors.read_text()))


def test_a_worker_that_serves_imports_nothing_of_the_keeper(tmp_path: Path) -> None:
    """Started as `up` starts it; after calls that are let through, denied, refused and sent to connect an account."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Settings(data_dir=tmp_path / "data", mcp=McpSettings(port=port), log=LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
    settings.data_dir.mkdir(mode=0o700)
    create_keys(settings)
    open_state(settings).close()
    echo = Path(__file__).parent / "fixtures" / "stdio_echo.py"
    run(settings, "apply", {"texts": [{"source": "r", "text": RESOURCES.format(python=sys.executable, echo=echo)}]})
    token = run(settings, "token_create", {"person": "ana", "groups": ["sales"]})["secret"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "GATEBOOK_MCP_PORT": str(port), "GATEBOOK_LOG_RESERVE_BYTES": "0"}
    command = [sys.executable, "-X", "importtime", "-m", "gatebook", "worker", "--slot", "0", "--data", str(settings.data_dir)]
    errors = tmp_path / "errors"
    with errors.open("w") as told:
        process = subprocess.Popen(command, env=environ, stdout=told, stderr=told, text=True)
    worker = Deployment(process, settings, "")
    try:
        until(lambda: _answers(worker, token), 30)
        assert "Not so long" not in _call(worker, token, "echo__sleep", {"seconds": 0})
        assert "Not so long" in _call(worker, token, "echo__sleep", {"seconds": 6})
        assert "/connect/personal" in _call(worker, token, "personal__any", {})
        assert worker.mcp("gw_pat_wrong", "tools/list", {})[0] == 401
    finally:
        process.terminate()
        assert process.wait(20) == 0
    found = imported(errors)
    assert "gatebook.gateway.gate" in found and len(found) > 200
    roots = {*FORBIDDEN, *(f"gatebook.{name}" for name in KEEPERS)}
    assert not sorted(name for name in found if any(name == root or name.startswith(f"{root}.") for root in roots))


def test_the_keeper_does_import_them() -> None:
    """So that the test above can fail: names that no longer exist would never be found."""
    code = "import gatebook.keeper.faces, mcp, chdb, scim2_server, gatebook.control.desk"
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stderr
    found = set(_LINE.findall(told))
    assert not sorted(name for name in (*FORBIDDEN, *(f"gatebook.{name}" for name in KEEPERS)) if name not in found)


def _answers(worker: Deployment, token: str) -> bool:
    try:
        return worker.mcp(token, "ping", {})[0] == 200
    except OSError:
        assert worker.process.poll() is None
        return False


def _call(worker: Deployment, token: str, tool: str, arguments: dict[str, object]) -> str:
    return str(worker.mcp(token, "tools/call", {"name": tool, "arguments": arguments})[1])
