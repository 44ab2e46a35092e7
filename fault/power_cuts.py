"""kill -9 on a disk that forgets what was not synced, and the control with syncs that lie, which must be found out."""

import random
import time
from collections.abc import Callable
from pathlib import Path

from fault import ledger, lossy
from fault.catch_up import await_sealed, check_round
from fault.deployment import KEEPER, Deployment, wait_until
from fault.result import Result
from fault.stage import open_stage

WORKER = "worker 0"
# How much of what was not synced reaches the disk all the same, in pieces and out of order.
LEAK_PERCENT = (30, 0, 80)
# Long against the sync itself, so that most cuts meet a write that has not reached the disk.
_SYNC_DELAY_US = 15_000
_CONTROL_LOSES_MIN = 20


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """Cut the power of the worker, and every third time of the keeper with it; a quarter as many rounds as of kill -9."""
    result = Result("power cut")
    began_s = time.monotonic()
    shim = _built(directory)
    rounds = max(1, rounds // 4)
    prepare = _on_lossy_disk(shim)
    with open_stage(directory, supervised=False, before_start=prepare) as stage:
        for number in range(rounds):
            leak = LEAK_PERCENT[number % len(LEAK_PERCENT)]
            since_us = time.time_ns() // 1000
            stage.call_for(random.uniform(0.2, 0.7))
            result.expect(stage.await_acknowledged(64), f"round {number + 1}: nothing was acknowledged")
            cut = (WORKER, KEEPER) if number % 3 == 2 else (WORKER,)
            stage.deployment.kill(*cut)
            stage.deployment.add_to_environ(LOSSY_LEAK_PERCENT=str(leak))
            stage.deployment.start(*cut)
            result.expect(stage.await_acknowledged(32), f"round {number + 1}: no calls after the restart")
            stage.callers.rest()
            check_round(stage, result, f"round {number + 1} ({leak} % of it survives)", since_us)
            result.rounds += 1
            if result.faults:
                break
        say(f"power cut: {result.rounds} rounds, {result.acknowledged:,} calls acknowledged")
        log = stage.settled_log()
        result.faults += await_sealed(stage.deployment, log)
        result.notes.append(f"{log.types['log.tail_cut']} torn ends cut, {log.types['log.segment_opened']} segments rolled")
        if rounds >= len(LEAK_PERCENT) * 4:
            result.expect(log.types["log.tail_cut"] > 0, "no cut tore a write: the test has shown nothing about torn ends")
        result.expect(log.types["call.outcome_unknown"] > 0, "no cut hit a call in flight: the test has shown nothing")
    result.seconds = time.monotonic() - began_s
    return result


def run_control(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """With syncs that lie, acknowledged calls must be lost, and the ledger, the worker and `gatebook verify` must each say so."""
    result = Result("no fsync: must lose", rounds=1, loses_on_purpose=True)
    began_s = time.monotonic()
    shim = _built(directory)
    # The first start is honest: it makes a stream that a later start can be held to.
    with open_stage(directory, supervised=False, before_start=_on_lossy_disk(shim)) as stage:
        deployment = stage.deployment
        deployment.kill(WORKER)
        deployment.add_to_environ(LOSSY_STUB_SYNC="1", LOSSY_LEAK_PERCENT="0")
        deployment.start(WORKER)
        stage.callers.go()
        stage.await_acknowledged(200)
        deployment.kill(WORKER)
        stage.callers.rest()
        verdict = stage.judge(ledger.read_log(deployment.settings, whole=True))
        result.count(verdict)
        result.expect(len(verdict.lost) >= _CONTROL_LOSES_MIN, f"only {len(verdict.lost)} calls were lost: the power cut test cannot fail")
        result.expect(bool(verdict.unrecorded), "no unrecorded dispatch was seen: that check cannot fail")
        report = deployment.verify()
        result.expect(not report["ok"] and report["code"] == 1, "`gatebook verify` found the log with the loss to be whole")
        result.expect(_refuses_to_start(deployment), "the worker went on over a log that had lost what was durable")
        result.notes.append(f"verify: {(report.get('first_bad') or {}).get('message')}")
    say(f"no fsync: {result.lost:,} of {result.acknowledged:,} lost, as they must")
    result.seconds = time.monotonic() - began_s
    return result


def _built(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    return lossy.build(directory)


def _on_lossy_disk(shim: Path) -> Callable[[Deployment], None]:
    def prepare(deployment: Deployment) -> None:
        log_dir = deployment.settings.log_dir
        deployment.add_to_environ(**lossy.environment(shim, log_dir, sync_delay_us=_SYNC_DELAY_US))
        # A record is smaller than a page, so pages alone would hardly ever tear one.
        deployment.add_to_environ(LOSSY_PIECE_BYTES="512")

    return prepare


def _refuses_to_start(deployment: Deployment) -> bool:
    deployment.launch(WORKER)
    return wait_until(lambda: WORKER not in deployment.pids(), 30) and "durable" in deployment.said.read_text()
