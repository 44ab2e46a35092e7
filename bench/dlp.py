"""How fast payloads are scanned for sensitive data, on one core, with all built-in detectors.

    python -m bench.dlp [--json FILE] [--quick] [--peers PYTHON]

`--peers`: an interpreter with detect-secrets and presidio-analyzer, which then scan the same payloads. Figures are medians of CPU time, each round with
another payload of the kind. Exit code 1 when a goal is missed.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench import dlp_corpus as corpus
from bench.dlp_peers import PEERS
from bench.report import table
from gatebook.dlp import BUILT_IN, Limits, Scanner

_PEERS_PROGRAM: Final = Path(__file__).with_name("dlp_peers.py")
_PEER_S_MAX: Final = 60
_MEGABYTE: Final = 1_000_000
_BLOCK_BYTES: Final = 32 * corpus.KIB
_HOSTILE: Final = "hostile, 1 MB"
_OURS: Final = "gatebook"
# A clean payload of 4 KB: at most 60 microseconds.
_GOALS: Final = {"clean, 4 KB": 73.0, "clean, 64 KB": 100.0, "one e-mail per record, 64 KB": 25.0, "dense personal data, 64 KB": 8.0}
_GOAL_HOSTILE: Final = 10.0
_HEADINGS: Final = ("scanner", "payload", "ms", "MB/s", "x prefilter", "found", "goal", "Gatebook is")


class Row(Struct, frozen=True, kw_only=True):
    """Median of one kind of payload. `prefilter_s`: of the first pass alone, in the same rounds. `found`: hits, or the fault that blocks. `goal`: megabytes per second."""

    scanner: str
    payload: str
    size: int
    seconds: float
    prefilter_s: float | None = None
    found: str
    goal: float | None = None

    @property
    def rate(self) -> float:
        """Megabytes per second."""
        return self.size / self.seconds / _MEGABYTE


class Result(Struct, frozen=True, kw_only=True):
    """All figures of one run."""

    machine: str
    python: str
    rows: list[Row]

    @property
    def missed(self) -> bool:
        """Whether a goal was missed."""
        return any(row.goal is not None and row.rate < row.goal for row in self.rows)


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--peers", help="an interpreter with the other scanners")
    args = parser.parse_args()
    result = measure(args.quick, args.peers)
    print(render(result))
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return int(result.missed)


def measure(quick: bool, peers: str | Path | None) -> Result:
    """Measure all kinds of payloads, and other scanners with the interpreter `peers`."""
    rows = list(_own(5 if quick else 31))
    if peers:
        rows += _others(str(peers), 1 if quick else 3)
    return Result(machine=f"{platform.system()} {platform.machine()}", python=platform.python_version(), rows=rows)


def kinds() -> dict[str, Callable[[int], bytes]]:
    """Return what makes the payloads of the goals, by name: the number of a draw in, a payload out."""
    return {
        "clean, 4 KB": lambda draw: corpus.clean(4 * corpus.KIB, draw),
        "clean, 64 KB": lambda draw: corpus.clean(64 * corpus.KIB, draw),
        "one e-mail per record, 64 KB": lambda draw: corpus.with_email(64 * corpus.KIB, draw),
        "dense personal data, 64 KB": lambda draw: corpus.dense(64 * corpus.KIB, draw),
    }


def _own(rounds: int) -> Iterator[Row]:
    unlimited = Scanner(BUILT_IN.values())
    for name, make in kinds().items():
        yield _measured(unlimited, name, [make(draw) for draw in range(rounds)], _GOALS[name])
    # Hostile texts are what the budget of time is for: it is on here, as in the product, but in CPU time, so that a busy machine does not end a scan early.
    limited = Scanner(BUILT_IN.values(), Limits(), time.process_time)
    for name, payload in corpus.hostile(1024 * corpus.KIB - 200).items():
        yield _measured(limited, f"{_HOSTILE}: {name}", [payload] * 3, _GOAL_HOSTILE)


def _measured(scanner: Scanner, name: str, payloads: list[bytes], goal: float) -> Row:
    print(f"  {_OURS}, {name}        ", end="\r", file=sys.stderr, flush=True)
    scanner.scan(payloads[0])
    times, firsts = [], []
    for payload in payloads:
        times.append(_seconds(scanner.scan, payload))
        firsts.append(_seconds(scanner.may_hold, payload))
    outcome = scanner.scan(payloads[0])
    return Row(
        scanner=_OURS,
        payload=name,
        size=round(statistics.mean(map(len, payloads))),
        seconds=statistics.median(times),
        prefilter_s=statistics.median(firsts),
        found=outcome.fault or str(len(outcome.hits)),
        goal=goal,
    )


def _seconds(work: Callable[[bytes], object], payload: bytes) -> float:
    """Return the CPU time of working on a payload once. What takes microseconds is done some times over, so that the clock is fine enough."""
    times = max(1, _BLOCK_BYTES // len(payload))
    started = time.process_time()
    for _ in range(times):
        work(payload)
    return (time.process_time() - started) / times


def _others(python: str, rounds: int) -> Iterator[Row]:
    for peer in PEERS:
        for name, make in kinds().items():
            print(f"  {peer}, {name}        ", end="\r", file=sys.stderr, flush=True)
            payload = make(0)
            command = [python, str(_PEERS_PROGRAM), peer, str(rounds)]
            try:
                done = subprocess.run(command, input=payload, capture_output=True, timeout=_PEER_S_MAX, check=True)
            except (subprocess.SubprocessError, OSError) as error:
                print(f"{peer}, {name}: not measured: {error}", file=sys.stderr)
                continue
            seconds, found = done.stdout.decode().split()[-2:]
            yield Row(scanner=peer, payload=name, size=len(payload), seconds=float(seconds), found=found)


def render(result: Result) -> str:
    """Return the table, with the factor by which Gatebook is faster than each other scanner on the same payload."""
    own = {row.payload: row.rate for row in result.rows if row.scanner == _OURS}
    lines: list[tuple[str, ...]] = [_HEADINGS]
    for row in result.rows:
        goal = "" if row.goal is None else f"{row.goal:.0f} {'met' if row.rate >= row.goal else 'MISSED'}"
        factor = "" if row.scanner == _OURS else f"{own[row.payload] / row.rate:.0f} x"
        first = "" if row.prefilter_s is None else f"{row.seconds / row.prefilter_s:.1f}"
        lines.append((row.scanner, row.payload, f"{row.seconds * 1000:.3f}", f"{row.rate:.2f}", first, row.found, goal, factor))
    head = f"{result.machine}, Python {result.python}, {len(BUILT_IN)} detectors, one core, CPU time."
    return "\n".join([head, "", *table(lines)])


if __name__ == "__main__":
    sys.exit(main())
