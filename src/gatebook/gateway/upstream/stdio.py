"""One child process of a stdio connector: a message a line on its pipes (MCP, transports, stdio).

stderr is the child's own log; the last lines are kept for the person who has to find out why it failed.
"""

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence

import psutil

from gatebook.gateway.upstream.h1 import UpstreamError

_STDERR_LINES = 20
_STDERR_LINE_CHARS = 400
_STOP_GRACE_S = 2.0
_LAST_WORDS_S = 0.3
_LOOK_S = 0.25
# What a child needs to run at all. Everything else in the gateway's environment, above all its secrets, stays here.
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "USER", "LOGNAME")


class Child:
    """A running child. `on_line` gets each line of its stdout, `on_end` is called once when it has ended."""

    def __init__(self, process: asyncio.subprocess.Process, line_bytes_max: int) -> None:
        self._process = process
        self._line_bytes_max = line_bytes_max
        self.pid = process.pid
        self.stderr: deque[str] = deque(maxlen=_STDERR_LINES)
        self.memory_bytes_max = 0
        self.end_reason = ""
        self.exit_code: int | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str], cwd: str | None, line_bytes_max: int) -> "Child":
        """Start the program in a session of its own. Raises UpstreamError, `refused`, when that is not possible."""
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**inherited, **env},
                cwd=cwd,
                limit=line_bytes_max,
                start_new_session=True,
            )
        except OSError as error:
            raise UpstreamError("refused", f"the program {command[0]!r} cannot be started: {error.strerror}") from error
        return cls(process, line_bytes_max)

    def watch(self, on_line: Callable[[bytes], None], on_end: Callable[["Child"], None]) -> None:
        """Begin to read."""
        reading = (asyncio.create_task(self._read_stdout(on_line)), asyncio.create_task(self._read_stderr()))
        self._tasks = [asyncio.create_task(self._until_end(reading, on_end)), *reading]

    async def _until_end(self, reading: tuple[asyncio.Task[None], ...], on_end: Callable[["Child"], None]) -> None:
        """Wait for the end of the process, or of its stdout, without which it is of no use.

        One may come without the other: what it has started may hold its pipes open, and it may close stdout and live on.
        """
        # Process.wait() returns only when the pipes are closed as well, so it does not tell.
        while not reading[0].done() and self._process.returncode is None:
            await asyncio.wait(reading[:1], timeout=_LOOK_S)
        await asyncio.wait(reading, timeout=_LAST_WORDS_S)
        self.kill()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _STOP_GRACE_S)
        self.exit_code = self._process.returncode
        for task in reading:
            task.cancel()
        # asyncio leaves its ends of the pipes open while anything holds the other ends.
        self._process._transport.close()  # type: ignore[attr-defined]
        on_end(self)

    async def _read_stdout(self, on_line: Callable[[bytes], None]) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while line := await stdout.readline():
                if line.strip():
                    on_line(line.rstrip(b"\r\n"))
                    await asyncio.sleep(0)  # readline() does not wait for what is there already, and whoever gets the line must have a turn
        except ValueError:
            self.end_reason = self.end_reason or "crashed"
            self.stderr.append(f"(stopped: a line on stdout was longer than {self._line_bytes_max} bytes)")
            self.kill()

    async def _read_stderr(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(64 * 1024):
            for line in chunk.decode("utf-8", "replace").splitlines():
                self.stderr.append(line[:_STDERR_LINE_CHARS])

    async def write(self, message: bytes) -> None:
        """Send one message. Raises UpstreamError when the child is gone."""
        stdin = self._process.stdin
        assert stdin is not None
        # A line end between tokens is legal JSON and would cut the message in two here.
        line = message.replace(b"\r", b" ").replace(b"\n", b" ") if b"\n" in message or b"\r" in message else message
        try:
            stdin.write(line + b"\n")
            await stdin.drain()
        except (ConnectionError, RuntimeError) as error:
            raise UpstreamError("broken", "the connector's process has ended") from error

    async def close(self, reason: str) -> None:
        """Stop it as the specification says: close stdin, then SIGTERM, then SIGKILL; with all that it started."""
        self.end_reason = self.end_reason or reason
        if self._process.stdin is not None:
            self._process.stdin.close()
        for stop in (None, signal.SIGTERM, signal.SIGKILL):
            if stop is not None:
                self.kill(stop)
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_GRACE_S / 2 if stop is None else _STOP_GRACE_S)
                break
            except TimeoutError:
                continue
        self.kill()
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=_STOP_GRACE_S)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal the child and all that it started."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def sample_memory(self) -> int:
        """Return the resident memory of the child and its children in bytes, and remember the largest."""
        try:
            process = psutil.Process(self.pid)
            used = process.memory_info().rss + sum(child.memory_info().rss for child in process.children(recursive=True))
        except psutil.Error:
            return 0
        self.memory_bytes_max = max(self.memory_bytes_max, used)
        return int(used)

    @property
    def last_words(self) -> str:
        """How it ended, in one sentence, with the last line of its stderr."""
        code = self.exit_code
        how = "has ended" if code is None else f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"the connector's process {how}" + (f" ({self.stderr[-1]})" if self.stderr else "")
