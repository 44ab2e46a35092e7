"""Verifies the whole log every day: in a process of its own with the lowest priority, so that neither calls nor questions notice."""

import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from gatebook.reading.health import Verified

FIRST_S: Final = 60.0
AGAIN_S: Final = 86_400.0
_SHARE: Final = 20
_CODE: Final = "import os, sys; os.nice(19); from gatebook.cli.main import main; sys.exit(main())"
_logger = logging.getLogger(__name__)


class VerifyingFailed(Exception):
    """The verification could not be run."""


class Verifying:
    """Work of a StepThread. `verified` is the last result, None before the first; it may be read from any thread."""

    def __init__(self, data_dir: Path, first_s: float = FIRST_S, again_s: float = AGAIN_S) -> None:
        """Begin after `first_s`, and `again_s` after each end; later when the log is so long that it would take more than a twentieth of the time."""
        self.verified: Verified | None = None
        self._command = [sys.executable, "-c", _CODE, "verify", "--data", str(data_dir)]
        self._again_s = again_s
        self._due_s = time.monotonic() + first_s
        self._began_s = 0.0
        self._process: subprocess.Popen[str] | None = None

    def step(self, last: bool) -> bool:
        """Begin, or look whether it has ended. Raises VerifyingFailed when it could not do its work."""
        if self._process is None:
            if not last and time.monotonic() >= self._due_s:
                self._began_s = time.monotonic()
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
                )
        elif (code := self._process.poll()) is not None:
            process, self._process = self._process, None
            self._ended(code, process)
        return False

    def close(self) -> None:
        """End what runs; the next start begins again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None

    def _ended(self, code: int, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        with process.stderr:
            said = process.stderr.read(1000).strip()
        ended_s = time.monotonic()
        self._due_s = ended_s + max(self._again_s, _SHARE * (ended_s - self._began_s))
        if code not in (0, 1):
            raise VerifyingFailed(said or f"it ended with code {code}")
        self.verified = Verified(at_us=time.time_ns() // 1000, ok=code == 0)
        if code:
            _logger.error("the log is not as it was written; `gatebook verify` names the place")
