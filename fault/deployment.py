"""A real Gatebook on this machine, and the ways to hurt its processes. All of them end, by their ids, when it is closed.

Supervised it is `gatebook up`, which starts again what was killed; otherwise one worker and the keeper, started by `start`.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psutil

from gatebook.cli.init import prepare
from gatebook.control import unix_socket
from gatebook.control.client import KeeperAbsent, KeeperClient, KeeperRefused
from gatebook.settings import Settings, load

_READY_S = 90.0
_STOP_S = 60.0
_CONFIG = """workers = {workers}
[mcp]
port = {mcp}
[console]
port = {console}
[limits]
drain_s = 1.0
timeout_s = 30.0
[log]
segment_bytes = {segment_bytes}
reserve_bytes = {reserve_bytes}
seal_interval_s = 0.5
"""
UP = "up"
KEEPER = "keeper"


class NotReady(Exception):
    """A process did not come up in time; the text holds the end of what it said."""


def wait_until(true: Callable[[], bool], timeout_s: float, every_s: float = 0.02) -> bool:
    """Wait for a condition; returns False when it did not come true in time."""
    until = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(every_s)
    return True


class Deployment:
    """Processes over one data directory. `environ` is added to that of every process of the product, and of nothing else."""

    def __init__(self, data_dir: Path, *, supervised: bool, workers: int = 1, environ: Mapping[str, str] | None = None) -> None:
        self.supervised = supervised
        self.worker_names = [f"worker {slot}" for slot in range(workers)]
        self.names = [KEEPER, *self.worker_names]
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("GATEBOOK_")}
        self._added = dict(environ or {})
        self._own: dict[str, subprocess.Popen[str]] = {}
        self._seen: dict[int, psutil.Process] = {}
        data_dir.mkdir(parents=True, exist_ok=True)
        mcp, console = _free_ports(2)
        text = _CONFIG.format(workers=workers, mcp=mcp, console=console, segment_bytes=1 << 20, reserve_bytes=1 << 18)
        (data_dir / "gatebook.toml").write_text(text)
        self.settings: Settings = load(None, {}, data_dir=data_dir)
        self.said = data_dir / "said.log"
        prepare(self.settings)

    def command(self, *words: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run one verb of the command line, without what is done to the processes. Raises CalledProcessError."""
        line = [sys.executable, "-m", "gatebook", *words, "--data", str(self.settings.data_dir)]
        return subprocess.run(line, env=self._environ, capture_output=True, text=True, check=check, timeout=300)

    def add_to_environ(self, **added: str) -> None:
        """Set variables for processes that are started from now on."""
        self._added.update(added)

    def start(self, *names: str) -> None:
        """Start everything, or without a supervisor only these, and wait until it serves. Raises NotReady."""
        wanted = names or ((UP,) if self.supervised else tuple(self.names))
        before = {} if self.supervised else dict.fromkeys(wanted, 0)
        for name in wanted:
            self.launch(name)
        self.await_ready(before or dict.fromkeys(self.names, 0))

    def launch(self, name: str) -> int:
        """Start one process and do not wait for it; returns its id."""
        words = {UP: [UP, "--json"], KEEPER: [KEEPER]}.get(name) or ["worker", "--slot", name.split()[1]]
        line = [sys.executable, "-m", "gatebook", *words, "--data", str(self.settings.data_dir)]
        with self.said.open("a") as said:
            process = self._own[name] = _popen(line, {**self._environ, **self._added}, said)
        self._remember(process.pid)
        return process.pid

    def pids(self) -> dict[str, int]:
        """Ids of the processes that run, by name."""
        found = {name: process.pid for name, process in self._own.items() if process.poll() is None}
        if UP in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                for child in psutil.Process(found[UP]).children():
                    with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                        if name := _name_of(child.cmdline()):
                            found[name] = child.pid
                            self._seen[child.pid] = child
        return found

    def kill(self, *names: str, number: signal.Signals = signal.SIGKILL) -> dict[str, int]:
        """Send a signal, SIGKILL unless told otherwise, to all of these at once; returns the ids they had."""
        pids = self.pids()
        hit = {name: pids[name] for name in names if name in pids}
        for pid in hit.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        for name in hit if number == signal.SIGKILL else ():
            if name in self._own:
                self._own[name].wait()
        return hit

    def await_ready(self, instead_of: Mapping[str, int], timeout_s: float = _READY_S) -> None:
        """Wait until each named process serves with another id than the one given. Raises NotReady."""
        late: list[str] = []

        def ready() -> bool:
            pids = self.pids()
            late[:] = [name for name, old in instead_of.items() if pids.get(name, old) == old or not self.serves(name, pids[name])]
            return not late

        if not wait_until(ready, timeout_s, 0.05):
            raise NotReady(f"not ready after {timeout_s:g} s: {', '.join(late)}\n{self.said.read_text()[-3000:]}")

    def keeper(self) -> KeeperClient:
        """The keeper's socket."""
        return KeeperClient(self.settings.keeper_socket, "fault")

    def status(self) -> dict[str, Any] | None:
        """What the keeper says of itself; None when it does not answer."""
        try:
            found: dict[str, Any] = KeeperClient(self.settings.keeper_socket, "fault", 2.0).get("/status")
        except (KeeperAbsent, KeeperRefused):
            return None
        return found

    def await_orphans(self, timeout_s: float) -> list[str]:
        """Wait until no process of the product is left although the supervisor is gone; returns those that stay."""
        wait_until(lambda: not self._alive(), timeout_s)
        return [f"{process.pid} {' '.join(process.cmdline()[2:5])}" for process in self._alive()]

    def verify(self, *words: str) -> dict[str, Any]:
        """What `gatebook verify --json` prints, with its exit code under `code`."""
        done = self.command("verify", "--json", *words, check=False)
        try:
            return {**json.loads(done.stdout), "code": done.returncode}
        except ValueError:
            return {"ok": False, "code": done.returncode, "first_bad": {"message": done.stderr[-500:]}}

    def close(self) -> list[str]:
        """Stop everything in order; returns what had to be killed."""
        self.pids()
        ordered = [name for name in (UP, *self.worker_names, KEEPER) if name in self._own]
        for name in ordered:
            process = self._own[name]
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_S)
        left = self._alive()
        for one in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        for process in self._own.values():
            process.wait()
        return [str(one.pid) for one in left]

    def _alive(self) -> list[psutil.Process]:
        return [process for process in self._seen.values() if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]

    def _remember(self, pid: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            self._seen[pid] = psutil.Process(pid)

    def serves(self, name: str, pid: int) -> bool:
        """Whether the process answers."""
        if name == KEEPER:
            status = self.status()
            return status is not None and status["pid"] == pid
        with contextlib.suppress(OSError):
            unix_socket.connect(self.settings.worker_socket(int(name.split()[1])), 1.0).close()
            return True
        return False


def _popen(line: Sequence[str], environ: Mapping[str, str], said: IO[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(line, env=environ, stdin=subprocess.DEVNULL, stdout=said, stderr=said, text=True, start_new_session=True)


def _name_of(command: Sequence[str]) -> str | None:
    if KEEPER in command:
        return KEEPER
    return f"worker {command[command.index('--slot') + 1]}" if "--slot" in command else None


def _free_ports(number: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
