"""What the gateway costs per call, beside direct calls and FastMCP's proxy, in one run: `python -m bench.gateway`.

All subjects are up for the whole run. A round visits each subject, era and concurrency once; figures are medians over rounds.
"""

import argparse
import json
import math
import os
import platform
import statistics
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import disk, load, processes, report, subjects, wire
from bench.report import Cell, Result

CONCURRENCIES = (1, 16, 64)


# A visit lasts until a slow subject has had the time for two calls on each connection, within reason.
_VISIT_S_MAX = 6.0
# Fewer calls than this say nothing about the CPU of one.
_CALLS_MIN = 10
_SETTLED_S = 0.2
_SETTLE_TIMEOUT_S = 15.0


@dataclass(frozen=True)
class Plan:
    """How much is measured. Direct calls are so many that they need half the time."""

    rounds: int
    duration_s: float
    openers: tuple[subjects.Opener, ...]


@dataclass
class Sample:
    """One visit: what the load saw, and what the subject used meanwhile."""

    load: load.Load
    cpu_ms: float | None
    resident_mib: float


def main() -> int:
    """Measure, print, and return 1 when calls failed or were lost on the way."""
    parser = argparse.ArgumentParser(prog="bench.gateway", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round instead of three")
    parser.add_argument("--no-fastmcp", action="store_true", help="leave the comparison out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file as well; - for standard output alone")
    parser.add_argument("--data", type=Path, metavar="DIR", help="put the data directory on this disk (default: build/ of the checkout)")
    args = parser.parse_args()
    if (busy := os.getloadavg()[0]) > 0.7:
        print(f"The machine is busy (load {busy:.1f}): figures will be too high.", file=sys.stderr)
    result = run(args.quick, not args.no_fastmcp, args.data)
    text = json.dumps(asdict(result), indent=1)
    if args.json and str(args.json) == "-":
        print(text)
    else:
        print(report.render(result))
        if args.json:
            args.json.write_text(text + "\n")
    return 1 if result.problems else 0


def run(quick: bool, with_fastmcp: bool, place: Path | None) -> Result:
    """Measure, with the data directories on the disk of `place`; None: in `build/` of the checkout. Not /tmp: there it is often memory, and fdatasync would cost nothing."""
    place = place or processes.ROOT / "build"
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix="bench-") as directory:
        return measure(_plan(quick, with_fastmcp), Path(directory))


def _plan(quick: bool, with_fastmcp: bool) -> Plan:
    peers = (subjects.fastmcp("shipped", ("legacy",)), subjects.fastmcp("tuned", ("legacy",) if quick else ("legacy", "modern")))
    openers = (subjects.direct, subjects.gatebook, subjects.governed, *(peers if with_fastmcp else ()))
    return Plan(1, 2.0, openers) if quick else Plan(3, 4.0, openers)


def measure(plan: Plan, directory: Path) -> Result:
    """Start everything, visit it in rounds, and return the medians."""
    samples: dict[tuple[str, wire.Era, int], list[Sample]] = {}
    fdatasyncs_ms: list[float] = []
    problems: list[str] = []
    with ExitStack() as stack:
        up = stack.enter_context(subjects.upstream(directory))
        opened = [stack.enter_context(opener(up)) for opener in plan.openers]
        pace = {(subject.name, era): _warm_up(target) for subject in opened for era, target in subject.targets.items()}
        for _ in range(plan.rounds):
            for concurrency in CONCURRENCIES:
                fdatasyncs_ms.append(disk.fdatasync_p50_ms(directory))
                for subject in opened:
                    for era in subject.targets:
                        least_s = plan.duration_s / 2 if subject.name == "direct" else plan.duration_s
                        duration_s = max(least_s, min(_VISIT_S_MAX, math.ceil(2 * concurrency / pace[subject.name, era])))
                        sample, trouble = _visit(subject, era, concurrency, duration_s, up)
                        samples.setdefault((subject.name, era, concurrency), []).append(sample)
                        problems += trouble
    return Result(
        cells=[_cell(key, visits) for key, visits in samples.items()],
        fdatasync_p50_ms=statistics.median(fdatasyncs_ms),
        fastmcp_version=subjects.fastmcp_version() if len(plan.openers) > 3 else "",
        machine=f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs",
        generator=load.generator(),
        rounds=plan.rounds,
        duration_s=plan.duration_s,
        problems=problems,
    )


def _warm_up(target: wire.Target) -> float:
    """Return about how many calls the target answers in a second."""
    seen = load.run(target, 4, 1, subjects.LOAD_CPU)
    return max(1.0, seen.calls / seen.duration_s)


def _visit(
    subject: subjects.Subject, era: wire.Era, concurrency: int, duration_s: float, up: subjects.Upstream
) -> tuple[Sample, list[str]]:
    print(f"  {subject.name}, {era}, {concurrency}        ", end="\r", file=sys.stderr, flush=True)
    answered_before, before = _settled(up), subject.process.usage()
    seen = load.run(subject.targets[era], concurrency, duration_s, subjects.LOAD_CPU)
    # The load ends with calls in flight. They are part of the CPU that was used, so they count as calls.
    answered = _settled(up) - answered_before
    after = subject.process.usage()
    where = f"{subject.name}, {era}, concurrency {concurrency}"
    problems = [f"{where}: {seen.failed} calls failed"] if seen.failed else []
    if not seen.calls <= answered <= seen.calls + 2 * concurrency:
        problems.append(f"{where}: the client saw {seen.calls} answers, the connector gave {answered}")
    cpu_ms = (after.cpu_s - before.cpu_s) * 1000 / answered if seen.calls >= _CALLS_MIN else None
    return Sample(seen, cpu_ms, after.resident_bytes / 2**20), problems


def _settled(up: subjects.Upstream) -> int:
    """Return how many calls the connector has answered, once that number stands still."""
    until = time.monotonic() + _SETTLE_TIMEOUT_S
    answered = _answered(up)
    while time.monotonic() < until:
        time.sleep(_SETTLED_S)
        before, answered = answered, _answered(up)
        if before == answered:
            break
    return answered


def _answered(up: subjects.Upstream) -> int:
    with urllib.request.urlopen(up.url.replace("/mcp", "/count"), timeout=30) as response:
        return int(response.read())


def _cell(key: tuple[str, wire.Era, int], visits: list[Sample]) -> Cell:
    subject, era, concurrency = key
    median = statistics.median
    costs_ms = [visit.cpu_ms for visit in visits if visit.cpu_ms is not None]
    return Cell(
        subject=subject,
        era=era,
        concurrency=concurrency,
        calls=sum(visit.load.calls for visit in visits),
        calls_per_s=median(visit.load.calls / visit.load.duration_s for visit in visits),
        cpu_ms=median(costs_ms) if costs_ms else None,
        p50_ms=median(visit.load.p50_ms for visit in visits),
        p95_ms=median(visit.load.p95_ms for visit in visits),
        p99_ms=median(visit.load.p99_ms for visit in visits),
        resident_mib=max(visit.resident_mib for visit in visits),
    )


if __name__ == "__main__":
    sys.exit(main())
