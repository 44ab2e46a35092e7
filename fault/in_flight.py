"""The worker is killed between dispatch and reply, and again while it recovers: one call.outcome_unknown for each call, and no second dispatch."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import aiohttp

from fault import ledger, lossy
from fault.callers import Client, Heard
from fault.deployment import Deployment, wait_until
from fault.result import Result
from fault.stage import Stage, open_stage

WORKER = "worker 0"
_CALLS = 32
_BREAKS_S_MAX = 5.0
# Each sync waits so long in the worker that recovers, so that a kill meets it at every point of its recovery.
_RECOVERY_SYNC_DELAY_US = 100_000
# A recovery with such syncs takes at least two of them; some of the kills shall come after it.
_KILL_AFTER_S_MAX = 0.3


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """Block calls in the connector and kill the worker, then kill the next ones while they recover."""
    result = Result("killed in flight")
    began_s = time.monotonic()
    directory.mkdir(parents=True, exist_ok=True)
    shim = lossy.build(directory)

    def prepare(deployment: Deployment) -> None:
        deployment.add_to_environ(**lossy.environment(shim, deployment.settings.log_dir))

    kills_in_recovery = Counter[str]()
    with open_stage(directory, supervised=False, callers=1, before_start=prepare) as stage:
        for number in range(3 if rounds > 8 else 1):
            before = set(stage.executed())
            slowest_s = asyncio.run(_block_and_kill(stage, number, before))
            result.expect(slowest_s < _BREAKS_S_MAX, f"a client's connection broke only after {slowest_s:.1f} s")
            result.expect(len(set(stage.executed()) - before) == _CALLS, "not every call was in flight")
            stage.deployment.add_to_environ(LOSSY_SYNC_DELAY_US=str(_RECOVERY_SYNC_DELAY_US))
            kills = 8 if rounds > 8 else 3
            for kill in range(kills):
                # One kill in each part of the time, so that chance cannot put all of them behind the recovery.
                after_s = random.uniform(kill, kill + 1) / kills * _KILL_AFTER_S_MAX
                kills_in_recovery[_kill_while_it_recovers(stage.deployment, after_s)] += 1
            stage.deployment.add_to_environ(LOSSY_SYNC_DELAY_US="0")
            stage.deployment.start(WORKER)
            log = stage.settled_log()
            _check(stage, log, number, result)
            result.rounds += 1
        stage.callers.go()
        result.expect(stage.await_acknowledged(5), "no calls after recovery")
        stage.callers.rest()
        verdict = stage.judge(stage.settled_log())
        result.count(verdict)
        report = stage.deployment.verify()
        result.faults += verdict.faults + ([] if report["ok"] else [f"verify: {report.get('first_bad')}"])
    result.expect(kills_in_recovery["recovering"] > 0, f"no kill met a recovery: {dict(kills_in_recovery)}")
    result.notes.append(f"{kills_in_recovery['recovering']} further kills while the stream was taken and no call was accepted yet")
    say(f"killed in flight: {result.unknown} outcomes unknown")
    result.seconds = time.monotonic() - began_s
    return result


async def _block_and_kill(stage: Stage, number: int, before: set[str]) -> float:
    """Kill the worker once the connector has all calls. Returns how long the last client waited for its connection to break."""
    heard = Heard()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        calls = [
            asyncio.create_task(Client(http, stage.url, stage.tokens[0], heard, modern=one % 2 == 0).call(f"block{number}-{one}", "block"))
            for one in range(_CALLS)
        ]
        await asyncio.to_thread(wait_until, lambda: len(set(stage.executed()) - before) == _CALLS, 30)
        killed_s = time.monotonic()
        await asyncio.to_thread(stage.deployment.kill, WORKER)
        await asyncio.gather(*calls)
    if len(heard.broken) != _CALLS:
        raise AssertionError(f"{len(heard.broken)} connections broke of {_CALLS}: {heard.answers} {heard.other}")
    return time.monotonic() - killed_s


def _kill_while_it_recovers(deployment: Deployment, after_s: float) -> str:
    """Start the worker, kill it `after_s` after it has taken its stream; says whether it was still recovering."""
    pid = deployment.launch(WORKER)
    lock = deployment.settings.log_dir / deployment.settings.worker_stream(0) / "lock"
    taken = wait_until(lambda: lock.read_text().strip() == str(pid), 30, 0.001)
    time.sleep(after_s)
    serving = deployment.serves(WORKER, pid)
    deployment.kill(WORKER)
    return "serving" if serving else "recovering" if taken else "early"


def _check(stage: Stage, log: ledger.Log, number: int, result: Result) -> None:
    keys = {f"block{number}-{one}" for one in range(_CALLS)}
    ends = {call.key: call.ends for call in log.calls.values() if call.key in keys}
    result.expect(set(ends) == keys, f"calls that were dispatched are not in the log: {sorted(keys - set(ends))[:3]}")
    wrong = {key: found for key, found in ends.items() if found != ["call.outcome_unknown"]}
    result.expect(not wrong, f"not exactly one call.outcome_unknown: {wrong}")
    times = Counter(stage.executed())
    result.expect(all(times[key] == 1 for key in keys), "the connector was called twice")
