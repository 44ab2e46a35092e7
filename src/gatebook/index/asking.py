"""One question under way: whether somebody still waits for the answer. When nobody does, its query in the engine is stopped.

The question that a thread works on is in its context, so that no function between the reader and the engine has to hand it on;
`asyncio.to_thread` and `contextvars.copy_context().run` take it along into the thread.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_RETRY_S: Final = 0.05
_TRIES_MAX: Final = 200


class AskCancelled(Exception):
    """Nobody waits for the answer any more."""


class Ask:
    """One question. `heavy`: it may wait for lighter ones, and gets one thread of the engine. Thread-safe; one may run several queries."""

    def __init__(self, *, heavy: bool = False) -> None:
        self.heavy = heavy
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._cancelled = False
        self._stops: dict[int, Callable[[], None]] = {}
        self._numbers = 0

    @property
    def cancelled(self) -> bool:
        """Whether the answer is not wanted any more."""
        return self._cancelled

    def cancel(self) -> None:
        """Stop what runs for this question and let nothing new begin. Returns at once; the engine needs some milliseconds."""
        with self._lock:
            begun = self._cancelled or not self._stops
            self._cancelled = True
        if not begun:
            threading.Thread(target=self._stop_all, name="cancel", daemon=True).start()

    @contextmanager
    def running(self, stop: Callable[[], None]) -> Iterator[None]:
        """A query of this question runs inside; `stop` ends it early, and is only called meanwhile. Raises AskCancelled when it is too late."""
        with self._lock:
            if self._cancelled:
                raise AskCancelled("the question was cancelled")
            self._numbers += 1
            number = self._numbers
            self._stops[number] = stop
        try:
            yield
        finally:
            with self._lock:
                del self._stops[number]
                self._idle.notify_all()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no query of this question runs any more; False when that did not come in time."""
        with self._lock:
            return self._idle.wait_for(lambda: not self._stops, timeout_s)

    def _stop_all(self) -> None:
        """Again and again: a query that had only just been handed over is not known to the engine yet."""
        with self._lock:
            for _ in range(_TRIES_MAX):
                # Under the lock, so that a session that goes on to the next question is not hit.
                for stop in self._stops.values():
                    stop()
                if self._idle.wait_for(lambda: not self._stops, _RETRY_S):
                    return


_CURRENT: ContextVar[Ask | None] = ContextVar("ask", default=None)


def current_ask() -> Ask | None:
    """Return the question that this thread or task works on; None for work that nobody can cancel, such as inserting."""
    return _CURRENT.get()


@contextmanager
def asking(ask: Ask) -> Iterator[Ask]:
    """What runs inside, also in threads that take the context along, belongs to this question."""
    token = _CURRENT.set(ask)
    try:
        yield ask
    finally:
        _CURRENT.reset(token)
