"""One running process that finds names: start it, ask it, end it. What is said in between is in `presidio_program.py`."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

PROGRAM = Path(__file__).with_name("presidio_program.py")
_START_S = 30.0
_END_S = 5.0
_ANSWER_BYTES_MAX = 64 << 20
_LAST_LINES_CHARS = 400
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ")
# A text at a time on one core: the gateway needs the others.
_OWN = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


class CannotStart(Exception):
    """Raised with a sentence for the operator that says why."""


class Broken(Exception):
    """Raised when the process has ended, or answers what is no answer: end it."""


class NotRead(Exception):
    """Raised when the model failed on these texts; the process goes on. Carries the name of the error."""


class NamesProcess:
    """A running process that has loaded its model. One question at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid
        self._said = b""
        self._draining = asyncio.create_task(self._drain())

    @classmethod
    async def start(cls, python: str, model: str, language: str) -> "NamesProcess":
        """Start the program with an interpreter, and let it load a model. Raises CannotStart."""
        # Isolated: neither the environment nor the current directory adds modules.
        command = (python, "-I", str(PROGRAM), str(os.getpid()))
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={name: os.environ[name] for name in _INHERITED if name in os.environ} | _OWN,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise CannotStart(f"the interpreter {python} cannot be started: {error.strerror}") from error
        started = cls(process)
        try:
            async with asyncio.timeout(_START_S):
                answer = await started._exchange({"model": model, "language": language})
        except TimeoutError:
            await started.end()
            raise CannotStart(f"the model {model!r} was not loaded within {_START_S:g} s") from None
        except Broken as error:
            await started.end()
            raise CannotStart(f"the process ended before it was ready{started._last_line()}") from error
        except asyncio.CancelledError:
            await started.end()
            raise
        if answer.get("ready") is not True:
            await started.end()
            raise CannotStart(str(answer.get("fault") or "the process did not say that it is ready")[:_LAST_LINES_CHARS])
        # From here on it sees payloads, and what it prints might hold some of them.
        started._said = b""
        return started

    @property
    def alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.returncode is None

    async def find(self, texts: Sequence[str], entities: Sequence[str], score_min: float) -> list[tuple[int, int, int, str]]:
        """Return number of the text, start, end and entity of each name. Raises Broken, NotRead. Not to be cancelled unless it is ended then."""
        whole = [text.encode("utf-8", "replace").decode() for text in texts]  # half of a character (a lone surrogate) becomes a `?`
        answer = await self._exchange({"texts": whole, "entities": list(entities), "score_min": score_min})
        if "fault" in answer:
            raise NotRead(str(answer["fault"])[:100])
        try:
            return msgspec.convert(answer.get("finds"), list[tuple[int, int, int, str]])
        except msgspec.ValidationError as error:
            raise Broken("it answered something else") from error

    async def _exchange(self, frame: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        body = msgspec.json.encode(frame)
        try:
            stdin.write(len(body).to_bytes(4, "big") + body)
            await stdin.drain()
            size = int.from_bytes(await stdout.readexactly(4), "big")
            if size > _ANSWER_BYTES_MAX:
                raise Broken("its answer is too large")
            return msgspec.json.decode(await stdout.readexactly(size), type=dict[str, Any])
        except (OSError, RuntimeError, asyncio.IncompleteReadError, msgspec.DecodeError) as error:
            raise Broken("the process has ended") from error

    async def _drain(self) -> None:
        """Read what it prints, so that it never waits for somebody to do so. Only the end of it is kept, and only until it is ready."""
        stderr = self._process.stderr
        assert stderr is not None
        while chunk := await stderr.read(1 << 16):
            self._said = (self._said + chunk)[-_LAST_LINES_CHARS:]

    def _last_line(self) -> str:
        lines = self._said.decode("utf-8", "replace").strip().splitlines()
        return f" ({lines[-1].strip()})" if lines else ""

    async def end(self) -> None:
        """Kill it and wait until it is gone and its pipes are closed."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._draining), _END_S)
        self._draining.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), _END_S)
        # asyncio leaves its ends of the pipes open while anything holds the other ends.
        self._process._transport.close()  # type: ignore[attr-defined]
