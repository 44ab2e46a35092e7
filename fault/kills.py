"""kill -9 under concurrent callers, again and again: worker, keeper, both, the worker while it recovers, the supervisor, everything at once."""

import random
import time
from collections.abc import Callable
from pathlib import Path

from fault.catch_up import await_sealed, check_round, index_faults
from fault.deployment import KEEPER, UP, wait_until
from fault.result import Result
from fault.stage import Stage, open_stage

# One generation. The supervisor waits longer with each restart of a child, so the kinds that end it come at the end.
KINDS = ("worker", "keeper", "other worker", "worker and keeper", "worker while it recovers", "supervisor", "both workers", "everything")
_ORPHANS_END_S = 25.0
_REPORT_EVERY = 8


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """Kill `rounds` times and check everything after each. The whole index is compared in the end."""
    result = Result("kill -9", rounds=0)
    began_s = time.monotonic()
    with open_stage(directory, supervised=True, workers=2) as stage:
        stage.callers.go()
        stage.await_acknowledged(100)
        for number in range(rounds):
            kind = KINDS[number % len(KINDS)]
            since_us = time.time_ns() // 1000
            stage.call_for(random.uniform(0.3, 0.9))
            before = len(stage.heard.acknowledged)
            _kill(stage, kind, result)
            result.expect(stage.await_acknowledged(32), f"round {number + 1} ({kind}): no calls after the restart")
            stage.callers.rest()
            check_round(stage, result, f"round {number + 1} ({kind})", since_us)
            result.rounds += 1
            if (number + 1) % _REPORT_EVERY == 0 or result.faults:
                say(f"kill -9: {number + 1} of {rounds} rounds, {len(stage.heard.acknowledged):,} calls acknowledged")
            if result.faults:
                break
            stage.callers.go()
            result.expect(len(stage.heard.acknowledged) > before, f"round {number + 1}: nothing was called")
        stage.callers.rest()
        log = stage.settled_log()
        result.faults += index_faults(stage.deployment, log, None) + await_sealed(stage.deployment, log)
        result.expect(log.types["call.outcome_unknown"] > 0, "no kill hit a call in flight: the test has shown nothing")
        result.notes.append(
            f"{len(stage.heard.broken):,} connections broke, the slowest after {max(stage.heard.broken.values(), default=0):.1f} s"
        )
        result.notes.append(f"{log.types['log.tail_cut']} torn ends cut, {log.types['log.segment_opened']} segments rolled")
    result.seconds = time.monotonic() - began_s
    return result


def _kill(stage: Stage, kind: str, result: Result) -> None:
    """Kill, see to it that everything runs again, and wait until it does. The callers go on all the time."""
    deployment = stage.deployment
    named = {
        "worker": ("worker 0",),
        "other worker": ("worker 1",),
        "both workers": ("worker 0", "worker 1"),
        KEEPER: (KEEPER,),
        "worker and keeper": ("worker 0", KEEPER),
        "worker while it recovers": ("worker 1",),
        "supervisor": (UP,),
        "everything": (UP, KEEPER, "worker 0", "worker 1"),
    }
    hit = deployment.kill(*named[kind])
    if kind == "worker while it recovers":
        hit = _kill_again(stage, hit)
    if kind in ("supervisor", "everything"):
        result.faults += [f"left behind by a killed supervisor: {left}" for left in deployment.await_orphans(_ORPHANS_END_S)]
        deployment.start()
        return
    deployment.await_ready(hit)


def _kill_again(stage: Stage, hit: dict[str, int]) -> dict[str, int]:
    """Wait for the next process and kill it at a random moment of its start."""
    deployment = stage.deployment
    (name, old), *_ = hit.items()
    wait_until(lambda: deployment.pids().get(name, old) != old, 40, 0.01)
    time.sleep(random.uniform(0, 1.2))
    return deployment.kill(name) or hit
