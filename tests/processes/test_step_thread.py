"""Threads that work in steps."""

import threading
import time
from collections.abc import Callable

import pytest

from gatebook.processes import step_thread
from gatebook.processes.step_thread import StepThread


class Work:
    """Does what a list says: a number of records that remain, or a failure."""

    def __init__(self, script: list[bool | Exception], notes: list[str]) -> None:
        self._script = script
        self._notes = notes

    def step(self, last: bool) -> bool:
        """Take the next line of the script; with nothing left there is nothing to do."""
        line = self._script.pop(0) if self._script else False
        self._notes.append("last" if last else "step")
        if isinstance(line, Exception):
            raise line
        return line

    def close(self) -> None:
        """Note it."""
        self._notes.append("close")


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures are tried again at once."""
    monkeypatch.setattr(step_thread, "_RETRY_S_MIN", 0.05)


def test_steps_follow_at_once_while_there_is_more() -> None:
    """Only a step without anything left waits."""
    notes: list[str] = []
    thread = StepThread("reader", lambda: Work([True, True, True, False], notes), idle_s=60)
    thread.start()
    until(lambda: len(notes) == 4)
    assert thread.status() == {"state": "running", "steps": 4}
    assert thread.stop(5)


def test_the_last_step_comes_after_the_request_to_stop() -> None:
    """What was written until then is still taken in; then the work is closed."""
    notes: list[str] = []
    thread = StepThread("reader", lambda: Work([False, True, False], notes), idle_s=60)
    thread.start()
    until(lambda: len(notes) == 1)
    assert thread.stop(5)
    assert notes == ["step", "last", "last", "close"]
    assert thread.status()["state"] == "ended"


def test_a_failure_is_shown_and_the_work_begins_anew() -> None:
    """The work that failed is closed, a new one is made, and the failure is over with its first good step."""
    notes: list[str] = []
    made = threading.Event()
    gate = threading.Event()

    def make() -> Work:
        if made.is_set():
            gate.wait(5)
            return Work([], notes)
        made.set()
        return Work([ValueError("no disk")], notes)

    thread = StepThread("reader", make, idle_s=0.01)
    thread.start()
    until(lambda: thread.failure == "ValueError: no disk")
    status = thread.status()
    assert (status["state"], status["failure"]) == ("failing", "ValueError: no disk")
    gate.set()
    until(lambda: thread.failure is None)
    assert notes[:2] == ["step", "close"]
    assert thread.stop(5)


def test_a_work_that_cannot_be_made_is_a_failure_too() -> None:
    """An engine that does not load stops nothing but its own thread's work, and the thread can still be stopped."""

    def make() -> Work:
        raise OSError("engine does not load")

    thread = StepThread("reader", make, idle_s=0.01)
    thread.start()
    until(lambda: thread.failure is not None)
    assert thread.stop(5)


def test_a_work_that_hangs_is_left_behind() -> None:
    """Stopping does not wait for ever."""
    release = threading.Event()

    class Hanging(Work):
        def step(self, last: bool) -> bool:
            release.wait(10)
            return False

    thread = StepThread("reader", lambda: Hanging([], []), idle_s=0.01)
    thread.start()
    assert not thread.stop(0.05)
    release.set()
    assert thread.stop(5)
