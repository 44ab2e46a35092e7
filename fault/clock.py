"""The wall clock is set back one hour under concurrent callers."""

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

from fault.catch_up import await_sealed, index_faults
from fault.deployment import Deployment
from fault.missing import Missing
from fault.result import Result
from fault.stage import open_stage

_STEP_S = -3600
_TOLERANCE_S = 5
_DURATION_S_MAX = 40


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """Call, set the clock back, call on; then forward again where rounds allow."""
    result = Result("clock -1 h")
    began_s = time.monotonic()
    library = _library()
    directory.mkdir(parents=True, exist_ok=True)
    dial = directory / "clock"
    dial.write_text("+0\n")
    environ = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(dial), "FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
    offsets = [_STEP_S, 0] if rounds > 8 else [_STEP_S]
    with open_stage(directory, supervised=True, environ=environ) as stage:
        stage.callers.go()
        stage.await_acknowledged(200)
        for offset_s in offsets:
            dial.write_text(f"{offset_s:+d}\n")
            time.sleep(1.5)
            result.expect(stage.await_acknowledged(200), "calls did not go on after the clock was set")
            result.rounds += 1
        stage.callers.rest()
        log = stage.settled_log()
        verdict = stage.judge(log)
        result.count(verdict)
        result.faults += verdict.faults
        steps = {
            stream: [one.step_us / 1e6 for one in log.others if one.type == "clock.stepped" and one.stream == stream]
            for stream in log.times
        }
        (worker,) = [stream for stream in log.times if stream.endswith("-w0")]
        expected = [after - before for before, after in zip([0, *offsets], offsets, strict=False)]
        close = len(steps[worker]) == len(expected) and all(abs(a - b) < _TOLERANCE_S for a, b in zip(steps[worker], expected, strict=True))
        result.expect(close, f"clock.stepped says {steps[worker]}, expected {expected}")
        back = [b - a for a, b in zip(log.times[worker], log.times[worker][1:], strict=False) if b < a]
        result.expect(min(back, default=0) < -3500e6, "the records do not show the clock going back: the test has shown nothing")
        longest_s = max((timing.get("total_us", 0) for timing in log.timings), default=0) / 1e6
        negative = sum(value < 0 for timing in log.timings for value in timing.values())
        result.expect(longest_s < _DURATION_S_MAX and not negative, f"durations up to {longest_s:.0f} s, {negative} negative")
        # All calls, whatever their times say; not only those after some moment.
        result.faults += index_faults(stage.deployment, log, None) + await_sealed(stage.deployment, log)
        result.notes.append(f"clock.stepped: {', '.join(f'{step:+.1f} s' for step in steps[worker])}; longest call {longest_s:.2f} s")
        result.faults += _found_by_search(stage.deployment, verdict.started + verdict.refused)
    say(f"clock: {result.acknowledged:,} calls acknowledged")
    result.seconds = time.monotonic() - began_s
    return result


def _found_by_search(deployment: Deployment, calls: int) -> list[str]:
    found: int = deployment.keeper().get("/api/v1/calls?count=1&limit=1")["total"]
    return [] if found == calls else [f"search counts {found} calls of {calls}"]


def _library() -> Path:
    found = importlib.util.find_spec("libfaketime")
    if found is None or not found.submodule_search_locations:
        raise Missing("clock tests need the Python package libfaketime (requirements/test.txt)")
    library = Path(found.submodule_search_locations[0]) / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    if not library.exists():
        raise Missing(f"the Python package libfaketime holds no library for this system: {library.name}")
    return library
