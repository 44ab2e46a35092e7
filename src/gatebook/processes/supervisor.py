"""Keeps child processes running: starts, restarts with growing pauses, stops in order. A child that fails never takes another with it."""

import asyncio
import fcntl
import logging
import os
import socket
import time
from collections.abc import Mapping, Sequence

from gatebook.processes.supervised import ARGUMENT, READY

_PAUSE_S_MIN = 0.5
_PAUSE_S_MAX = 30.0
_STEADY_S = 60.0
_KILL_AFTER_S = 10.0
_logger = logging.getLogger(__name__)


class Child:
    """One process that should always run."""

    def __init__(self, name: str, command: Sequence[str], environ: Mapping[str, str], drain_s: float) -> None:
        self.name = name
        self.ready = asyncio.Event()
        self.starts = 0
        self._command = command
        self._environ = environ
        self._drain_s = drain_s
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def start(self) -> None:
        """Keep the process running from now on."""
        self._task = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    async def stop(self) -> None:
        """SIGTERM, wait for it to drain, SIGKILL when it does not; then it stays down."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), self._drain_s + _KILL_AFTER_S)
            except TimeoutError:
                _logger.error("%s (process %d) did not stop in time; killed", self.name, process.pid)
                process.kill()
                await process.wait()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        pause_s = _PAUSE_S_MIN
        while not self._stopping:
            began_s = time.monotonic()
            code = await self._run_once()
            if self._stopping:
                return
            pause_s = _PAUSE_S_MIN if time.monotonic() - began_s > _STEADY_S else pause_s
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            _logger.error("%s ended with %s; starting it again in %g s", self.name, how, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(_PAUSE_S_MAX, pause_s * 2)

    async def _run_once(self) -> int:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            command = [*self._command, ARGUMENT, str(theirs.fileno())]
            # A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which then stops children in order.
            self._process = await asyncio.create_subprocess_exec(
                *command, env=dict(self._environ), pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL, start_new_session=True
            )
            theirs.close()
            self.starts += 1
            waiting = asyncio.create_task(self._wait_ready(ours))
            code = await self._process.wait()
            waiting.cancel()
            self.ready.clear()
            return code
        finally:
            theirs.close()
            ours.close()

    async def _wait_ready(self, ours: socket.socket) -> None:
        if await asyncio.get_running_loop().sock_recv(ours, len(READY)) == READY:
            self.ready.set()


class InstanceLock:
    """One supervisor per data directory, by a lock that ends with the process."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def take(self) -> bool:
        """Take the lock; False when another process has it."""
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        return True

    def release(self) -> None:
        """Let go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
