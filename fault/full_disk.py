"""A disk that is really full under the log: calls are refused and nothing is dispatched; when space returns they go on without a restart."""

import time
from collections.abc import Callable
from pathlib import Path

from fault.catch_up import await_sealed, index_faults
from fault.deployment import KEEPER, Deployment, wait_until
from fault.result import Result
from fault.small_disk import fill_up, small_disk
from fault.stage import Stage, open_stage

WORKER = "worker 0"
_DISK_BYTES = 24 << 20
_LEFT_BYTES = 64 << 10
_REFUSED_MIN = 200


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """Fill the disk once or twice, free it each time."""
    result = Result("full disk")
    began_s = time.monotonic()
    with small_disk(directory / "data" / "log", _DISK_BYTES) as disk:
        with open_stage(directory, supervised=False) as stage:
            pids = stage.deployment.pids()
            for _ in range(2 if rounds > 8 else 1):
                _fill_and_free(stage, disk, result)
                result.rounds += 1
            result.expect(stage.deployment.pids() == pids, "a process was restarted")
            say(f"full disk: {len(stage.heard.unavailable):,} calls refused, {len(stage.heard.acknowledged):,} acknowledged")
            log = stage.settled_log()
            verdict = stage.judge(log)
            result.count(verdict)
            result.faults += verdict.faults + index_faults(stage.deployment, log, None)
            # The sealer could not write either and waits longer with each failure.
            result.faults += await_sealed(stage.deployment, log)
            outages = [record for record in log.others if record.type == "log.unavailable" and record.stream.endswith("-w0")]
            refused = sum(record.refused for record in outages)
            result.expect(len(outages) >= result.rounds, f"{len(outages)} log.unavailable records for {result.rounds} outages")
            result.expect(all(record.reason == "disk_full" for record in outages), f"reasons {[record.reason for record in outages]}")
            result.expect(
                refused >= len(stage.heard.unavailable), f"{refused} refused by the records, {len(stage.heard.unavailable)} by the clients"
            )
            withheld = len(stage.heard.withheld)
            result.notes.append(f"{len(stage.heard.unavailable):,} calls refused as audit_unavailable, {withheld} answers withheld")
            dropped = sum(call.response_dropped for call in log.calls.values())
            result.notes.append(f"{dropped} responses left out of the log for want of space, each said so in its record")
            result.expect(not withheld, f"{withheld} calls ran and their outcome found no room: the reserve was too small")
    result.seconds = time.monotonic() - began_s
    return result


def _fill_and_free(stage: Stage, disk: Path, result: Result) -> None:
    heard, deployment = stage.heard, stage.deployment
    stage.callers.go()
    stage.await_acknowledged(100)
    ballast = fill_up(disk, leave_bytes=_LEFT_BYTES)
    refused = len(heard.unavailable)
    full = wait_until(lambda: len(heard.unavailable) >= refused + _REFUSED_MIN, 90)
    result.expect(full, "calls were not refused although the disk was full")
    stage.callers.rest()
    executed = len(stage.executed())
    stage.callers.go()
    acknowledged, refused = len(heard.acknowledged), len(heard.unavailable)
    wait_until(lambda: len(heard.unavailable) >= refused + _REFUSED_MIN, 30)
    result.expect(len(heard.acknowledged) == acknowledged and len(stage.executed()) == executed, "calls ran on the full disk")
    ballast.unlink()
    freed_s = time.monotonic()
    result.expect(stage.await_acknowledged(100), "calls were still refused after space had returned")
    result.notes.append(f"the first 100 calls after space returned took {time.monotonic() - freed_s:.1f} s")
    stage.callers.rest()
    _await_healthy(deployment, result)


def _await_healthy(deployment: Deployment, result: Result) -> None:
    def healthy() -> bool:
        status = deployment.status()
        return status is not None and bool(status["healthy"])

    result.expect(wait_until(healthy, 90, 0.2), f"the {KEEPER} did not recover: {deployment.status()}")
