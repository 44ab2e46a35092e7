"""The readers of the log and the state stop or die: calls go on, and everything catches up when they are back."""

import fcntl
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fault.catch_up import await_sealed, index_faults
from fault.deployment import KEEPER
from fault.result import Result
from fault.stage import Stage, open_stage

_CALLS_MIN = 300
_TIMEOUT_S = 40.0
# The bytes of the WAL's index that SQLite locks: write, checkpoint, recovery, and five read marks (wal.c, "WAL_LOCK").
_WAL_LOCKS = range(120, 128)


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """Stop the keeper with SIGSTOP, kill it and leave it dead, and lock everybody out of state."""
    result = Result("readers stopped")
    began_s = time.monotonic()
    with open_stage(directory, supervised=False) as stage:
        stage.callers.go()
        stage.await_acknowledged(100)
        with _measured(stage, result, "keeper stopped"):
            stage.deployment.kill(KEEPER, number=signal.SIGSTOP)
            result.expect(stage.await_acknowledged(_CALLS_MIN, _TIMEOUT_S), "calls did not go on while the keeper was stopped")
            result.expect(stage.deployment.status() is None, "the keeper answered although it was stopped")
            stage.deployment.kill(KEEPER, number=signal.SIGCONT)
        _catch_up(stage, result, "after SIGCONT")
        with _measured(stage, result, "keeper dead"):
            stage.deployment.kill(KEEPER)
            result.expect(stage.await_acknowledged(_CALLS_MIN, _TIMEOUT_S), "calls did not go on while the keeper was dead")
        stage.deployment.start(KEEPER)
        _catch_up(stage, result, "after the keeper's restart")
        with _measured(stage, result, "state out of reach"), _state_locked(stage.deployment.settings.state_path):
            stage.await_acknowledged(_CALLS_MIN, _TIMEOUT_S)
            time.sleep(2)
            result.expect(stage.await_acknowledged(_CALLS_MIN, _TIMEOUT_S), "calls did not go on while state was out of reach")
        _catch_up(stage, result, "after state came back")
        result.rounds = 3
        stage.callers.rest()
        verdict = stage.judge(stage.settled_log())
        result.count(verdict)
        result.faults += verdict.faults
        result.expect(not stage.heard.broken, f"{len(stage.heard.broken)} connections broke")
    say(f"readers stopped: {result.acknowledged:,} calls acknowledged")
    result.seconds = time.monotonic() - began_s
    return result


@contextmanager
def _measured(stage: Stage, result: Result, what: str) -> Iterator[None]:
    """Note how many calls went on meanwhile, and the slowest of them."""
    stage.callers.go()
    first, began_s = len(stage.heard.latency_s), time.monotonic()
    yield
    latencies = stage.heard.latency_s[first:]
    seconds = time.monotonic() - began_s
    result.notes.append(
        f"{what} for {seconds:.1f} s: {len(latencies):,} calls acknowledged, the slowest in {max(latencies, default=0) * 1000:.0f} ms"
    )


def _catch_up(stage: Stage, result: Result, when: str) -> None:
    stage.callers.rest()
    log = stage.settled_log()
    began_s = time.monotonic()
    faults = index_faults(stage.deployment, log, None) + await_sealed(stage.deployment, log)
    result.faults += [f"{when}: {fault}" for fault in faults]
    result.notes.append(
        f"{when}: index and seal had all of {sum(log.last_seq.values()):,} records after {time.monotonic() - began_s:.1f} s"
    )
    stage.callers.go()


@contextmanager
def _state_locked(state: Path) -> Iterator[None]:
    """Take every lock of the database's WAL index, one after the other as they come free; readers and writers then wait, as on a hung disk."""
    with Path(f"{state}-shm").open("r+b") as index:
        for place in _WAL_LOCKS:
            fcntl.lockf(index, fcntl.LOCK_EX, 1, place)
        yield
