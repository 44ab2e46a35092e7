"""A thread of the keeper that does one kind of work in steps. When a step fails it says so, waits and begins anew; nothing else stops."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

_RETRY_S_MIN = 1.0
_RETRY_S_MAX = 60.0
_logger = logging.getLogger(__name__)


class Work(Protocol):
    """What the thread does. Made in the thread, used by it alone, made anew after a failure."""

    def step(self, last: bool) -> bool:
        """Do one piece. True: there is more to do at once. `last`: the process stops, there is no later."""
        ...

    def close(self) -> None:
        """Let go of files and locks."""
        ...


class StepThread:
    """Calls `make()` in a thread, then the step of what it made, again and again, `idle_s` apart when there is nothing to do."""

    def __init__(self, name: str, make: Callable[[], Work], idle_s: float) -> None:
        self.name = name
        self._make = make
        self._idle_s = idle_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._failure: str | None = None
        self._failing_since_s: float | None = None
        self._steps = 0
        self._retry_s = _RETRY_S_MIN

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Do what is still there to do, then end. Returns False when that takes longer than `timeout_s`."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def failure(self) -> str | None:
        """Why the last step failed; None when it did not."""
        return self._failure

    def status(self) -> dict[str, Any]:
        """State for people: running, failing or ended; the failure, and for how long."""
        if self._failing_since_s is not None:
            seconds = round(time.monotonic() - self._failing_since_s, 1)
            return {"state": "failing", "failure": self._failure, "failing_s": seconds}
        return {"state": "running" if self._thread.is_alive() else "ended", "steps": self._steps}

    def _run(self) -> None:
        while True:
            try:
                self._work()
                return
            except Exception as error:
                self._note(error)
            if self._stopping.wait(self._retry_s):
                return
            self._retry_s = min(_RETRY_S_MAX, self._retry_s * 2)

    def _work(self) -> None:
        work = self._make()
        try:
            while True:
                # Asked before the step: what happened until the request to stop is still seen by a last step.
                last = self._stopping.is_set()
                more = work.step(last)
                self._steps += 1
                self._recovered()
                if more:
                    continue
                if last:
                    return
                self._stopping.wait(self._idle_s)
        finally:
            work.close()

    def _note(self, error: Exception) -> None:
        failure = f"{type(error).__name__}: {error}"
        # The whole trace once for each kind of failure; after that a line is enough.
        trace = error if failure != self._failure else None
        _logger.error("%s failed: %s; next try in %g s", self.name, failure, self._retry_s, exc_info=trace)
        self._failure = failure
        self._failing_since_s = self._failing_since_s or time.monotonic()

    def _recovered(self) -> None:
        if self._failing_since_s is not None:
            _logger.info("%s works again", self.name)
        self._failure = self._failing_since_s = None
        self._retry_s = _RETRY_S_MIN
