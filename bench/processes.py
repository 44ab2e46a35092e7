"""Starts what is measured, each on its CPU, and reads what it used."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).resolve().parent.parent
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Usage:
    """What a process and all its children used up to now."""

    cpu_s: float
    resident_bytes: int


class Running:
    """A started process and its children."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.pid = process.pid

    def usage(self) -> Usage:
        """CPU time and resident memory of the whole tree."""
        parent = psutil.Process(self.pid)
        cpu_s, resident_bytes = 0.0, 0
        for process in (parent, *parent.children(recursive=True)):
            times = process.cpu_times()
            cpu_s += times.user + times.system
            resident_bytes += process.memory_info().rss
        return Usage(cpu_s, resident_bytes)


@contextmanager
def started(command: Sequence[str], cpu: int | None, log: Path, variables: dict[str, str] | None = None) -> Iterator[Running]:
    """Run a command on one CPU, or on all when it is None, until the context ends. Its standard output is a pipe, its errors go to `log`."""
    with log.open("a") as errors:
        process = _start([*(() if cpu is None else ("taskset", "-c", str(cpu))), *command], errors, os.environ | (variables or {}))
        try:
            yield Running(process)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()


def wait_for_port(port: int, running: Running, log: Path) -> None:
    """Return when something listens on the port. Raises RuntimeError with the end of the log when it does not come up."""
    until = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < until and running.process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{running.process.args!r} did not come up: {log.read_text()[-2000:]}")


def free_port() -> int:
    """Return a port of the loopback interface that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def gatebook(*words: str) -> str:
    """Run one verb of the command line; returns what it printed. Raises CalledProcessError."""
    command = [sys.executable, "-m", "gatebook", *words]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def _start(command: Sequence[str], errors: IO[str], environment: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
