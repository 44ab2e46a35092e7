"""What is compared: direct calls, Gatebook, and FastMCP's proxy as shipped and tuned. A further gateway is one more function here.

A subject is a context manager that starts its process on CPU 0 and yields a `Subject`. The upstream runs already.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import processes, wire
from bench.governed import documents
from bench.processes import ROOT, Running

GATEWAY_CPU = 0
LOAD_CPU = 1
FASTMCP_PYTHON = ROOT / ".tools" / "bench-fastmcp" / "bin" / "python"

_CONNECTOR = """\
kind: Connector
name: echo
spec:
  transport: http
  url: {url}
  allow:
    groups: [staff]
"""
# 64 connections of one person are the benchmark's case, not an abuse.
_SETTINGS = """\
[mcp]
port = {port}

[limits]
person_concurrency_max = 256
"""


@dataclass(frozen=True)
class Subject:
    """Something that answers calls: its targets by era, and the process that is measured."""

    name: str
    targets: dict[wire.Era, wire.Target]
    process: Running


@dataclass(frozen=True)
class Upstream:
    """The running echo connector."""

    url: str
    process: Running
    directory: Path


Opener = Callable[[Upstream], AbstractContextManager[Subject]]


@contextmanager
def upstream(directory: Path) -> Iterator[Upstream]:
    """Run the echo connector beside the load."""
    log = directory / "echo.log"
    with processes.started([sys.executable, "-m", "bench.echo"], LOAD_CPU, log) as running:
        assert running.process.stdout
        port = int(running.process.stdout.readline())
        yield Upstream(f"http://127.0.0.1:{port}/mcp", running, directory)


@contextmanager
def direct(up: Upstream) -> Iterator[Subject]:
    """Calls without a gateway; the CPU is that of the connector."""
    yield _subject("direct", up.url, {}, up.process, ("legacy", "modern"))


@contextmanager
def gatebook(up: Upstream) -> Iterator[Subject]:
    """One gateway worker: token check, access rules, two durable records per call, payloads encrypted."""
    with _worker(up, "gatebook", "") as subject:
        yield subject


@contextmanager
def governed(up: Upstream) -> Iterator[Subject]:
    """The same with a hundred policies, and all detectors looking at arguments and responses."""
    with _worker(up, "gatebook governed", documents(100)) as subject:
        yield subject


@contextmanager
def _worker(up: Upstream, name: str, governance: str) -> Iterator[Subject]:
    directory = up.directory / name.replace(" ", "-")
    data, log, port = directory / "data", directory / "worker.log", processes.free_port()
    data.mkdir(parents=True)
    (data / "gatebook.toml").write_text(_SETTINGS.format(port=port))
    connector = directory / "echo.yaml"
    connector.write_text(_CONNECTOR.format(url=up.url) + (f"---\n{governance}" if governance else ""))
    place = ("--data", str(data))
    processes.gatebook("init", *place)
    processes.gatebook("apply", "-f", str(connector), *place)
    token = processes.gatebook("token", "create", "bench@example.com", "--groups", "staff", *place).strip()
    with processes.started([sys.executable, "-m", "gatebook", "worker", "--slot", "0", *place], GATEWAY_CPU, log) as running:
        processes.wait_for_port(port, running, log)
        url = f"http://127.0.0.1:{port}/mcp/echo"
        yield _subject(name, url, {"Authorization": f"Bearer {token}"}, running, ("legacy", "modern"))


def fastmcp(variant: str, eras: tuple[wire.Era, ...]) -> Opener:
    """FastMCP's `create_proxy`, `shipped` or `tuned` (one SSL context for the process)."""

    @contextmanager
    def opened(up: Upstream) -> Iterator[Subject]:
        log, port = up.directory / f"fastmcp-{variant}.log", processes.free_port()
        command = [str(FASTMCP_PYTHON), "bench/fastmcp_proxy.py", up.url, str(port), variant]
        with processes.started(command, GATEWAY_CPU, log) as running:
            processes.wait_for_port(port, running, log)
            yield _subject(f"fastmcp {variant}", f"http://127.0.0.1:{port}/mcp", {}, running, eras)

    return opened


def fastmcp_version() -> str:
    """Version of FastMCP in its environment. Raises CalledProcessError or FileNotFoundError when it is not installed."""
    code = "import importlib.metadata as m; print(m.version('fastmcp'))"
    return subprocess.run([FASTMCP_PYTHON, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _subject(name: str, url: str, headers: dict[str, str], process: Running, eras: tuple[wire.Era, ...]) -> Subject:
    return Subject(name, {era: wire.open_target(url, era, headers) for era in eras}, process)
