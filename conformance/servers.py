"""Starts what a run needs on loopback, each as a process of its own, and ends it: the fixture and the gateway."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from conformance.node import ROOT

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 30
_CONNECTOR = """\
kind: Connector
name: fixture
spec:
  transport: http
  url: {url}
  allow:
    groups: [everyone]
"""
_SETTINGS = """\
node = "conformance"
workers = {workers}
{head}
[mcp]
port = {mcp_port}
auth = "{auth}"

[console]
port = {console_port}
{console}"""


@asynccontextmanager
async def fixture(*words: str) -> AsyncIterator[str]:
    """Run the conformance fixture; yields its URL."""
    command = [sys.executable, "-m", "tests.fixtures.everything", *words]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        assert process.stdout
        line = await asyncio.wait_for(process.stdout.readline(), _START_TIMEOUT_S)
        if not line:
            raise RuntimeError("the fixture did not start")
        yield line.decode().strip()
    finally:
        await _end(process)


class Gateway:
    """A running gateway: `url` of its connector `fixture`, `console_url` of its console, `data` its data directory."""

    def __init__(self, url: str, console_url: str, data: Path, process: asyncio.subprocess.Process) -> None:
        self.url = url
        self.console_url = console_url
        self.data = data
        self._process = process

    async def stop(self) -> None:
        """Stop it as an operator would; its data stays until the context ends."""
        await _end(self._process)


@asynccontextmanager
async def gateway(
    upstream: str, auth: Literal["off", "token"] = "off", *, workers: int = 1, head: str = "", console: str = ""
) -> AsyncIterator[Gateway]:
    """Run a gateway with the connector `fixture`, that everyone may use. The suite cannot send a token, hence `off`.

    `head`: settings of no section; `console`: settings of that section.
    """
    data = Path(tempfile.mkdtemp(prefix="gatebook-conformance-"))
    port, console_port = _free_ports(2)
    output = data / "output"
    (data / "gatebook.toml").write_text(
        _SETTINGS.format(mcp_port=port, console_port=console_port, auth=auth, workers=workers, head=head, console=console)
    )
    (data / "fixture.yaml").write_text(_CONNECTOR.format(url=upstream))
    try:
        await gatebook(data, "init")
        await gatebook(data, "apply", "-f", str(data / "fixture.yaml"))
        with output.open("wb") as file:
            process = await asyncio.create_subprocess_exec(*_command(data, "up"), env=_environment(), stdout=file, stderr=file)
        try:
            await _answering(f"http://127.0.0.1:{port}/mcp/fixture", process, output)
            await _answering(f"http://127.0.0.1:{console_port}/healthz", process, output)
            yield Gateway(f"http://127.0.0.1:{port}/mcp/fixture", f"http://127.0.0.1:{console_port}", data, process)
        finally:
            await _end(process)
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def gatebook(data: Path, *words: str) -> str:
    """Run one verb of the command line to its end; returns what it printed. Raises RuntimeError when it failed."""
    process = await asyncio.create_subprocess_exec(
        *_command(data, *words), env=_environment(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), _START_TIMEOUT_S)
    if process.returncode:
        raise RuntimeError(f"gatebook {' '.join(words)} failed: {output.decode(errors='replace')[-2000:]}")
    return output.decode()


def _command(data: Path, verb: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "gatebook.cli.main", verb, "--data", str(data), *words]


def _free_ports(number: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


async def _answering(url: str, process: asyncio.subprocess.Process, output: Path) -> None:
    """Wait until anything answers at the URL."""
    for _ in range(_START_TIMEOUT_S * 10):
        if process.returncode is not None:
            break
        try:
            await asyncio.to_thread(urllib.request.urlopen, url, timeout=5)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the gateway did not start: {output.read_text()[-2000:]}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Return the environment without the variables that would change the gateway under test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GATEBOOK_")}
