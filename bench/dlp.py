"""How fast payloads are scanned for sensitive data, on one core, with all built-in detectors.

    python -m bench.dlp [--json FILE] [--quick] [--peers PYTHON]

`--peers`: an interpreter with detect-secrets and presidio-analyzer, which then scan the same payloads. Figures are medians.
Exit code 1 when a goal is missed.
"""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from bench import dlp_corpus as corpus
from bench.dlp_peers import PEERS
from gatebook.dlp import BUILT_IN, Limits, Scanner

_PEERS_PROGRAM: Final = Path(__file__).with_name("dlp_peers.py")
_PEER_S_MAX: Final = 60
_MEGABYTE: Final = 1_000_000
_GOALS: Final = {"clean, 4 KB": 67.0, "clean, 64 KB": 100.0, "one e-mail per record, 64 KB": 25.0, "dense personal data, 64 KB": 8.0}
_GOAL_HOSTILE: Final = 10.0


class Row(Struct, frozen=True, kw_only=True):
    """Median of one payload. `found`: hits, or the fault that blocks. `goal`: megabytes per second."""

    scanner: str
    payload: str
    size: int
    seconds: float
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


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--peers", help="an interpreter with the other scanners")
    args = parser.parse_args()
    rows = list(_own(5 if args.quick else 31))
    if args.peers:
        rows += _others(args.peers)
    result = Result(machine=f"{platform.system()} {platform.machine()}", python=platform.python_version(), rows=rows)
    print(render(result))
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return int(any(row.goal is not None and row.rate < row.goal for row in rows))


def payloads() -> dict[str, bytes]:
    """Return the payloads of the goals by name."""
    return {
        "clean, 4 KB": corpus.clean(4 * corpus.KIB),
        "clean, 64 KB": corpus.clean(64 * corpus.KIB),
        "one e-mail per record, 64 KB": corpus.with_email(64 * corpus.KIB),
        "dense personal data, 64 KB": corpus.dense(64 * corpus.KIB),
    }


def _own(rounds: int) -> Iterator[Row]:
    unlimited = Scanner(BUILT_IN.values())
    for name, payload in payloads().items():
        yield _measured(unlimited, name, payload, rounds, _GOALS[name])
    # Hostile texts are what the budget of time is for: it is on here, as in the product.
    limited = Scanner(BUILT_IN.values(), Limits(), time.perf_counter)
    for name, payload in corpus.hostile(1024 * corpus.KIB - 200).items():
        yield _measured(limited, f"hostile, 1 MB: {name}", payload, 3, _GOAL_HOSTILE)


def _measured(scanner: Scanner, name: str, payload: bytes, rounds: int, goal: float) -> Row:
    times = []
    scanner.scan(payload)
    for _ in range(rounds):
        started = time.perf_counter()
        outcome = scanner.scan(payload)
        times.append(time.perf_counter() - started)
    found = outcome.fault or str(len(outcome.hits))
    return Row(scanner="gatebook", payload=name, size=len(payload), seconds=statistics.median(times), found=found, goal=goal)


def _others(python: str) -> Iterator[Row]:
    for peer in PEERS:
        for name, payload in payloads().items():
            try:
                done = subprocess.run([python, _PEERS_PROGRAM, peer], input=payload, capture_output=True, timeout=_PEER_S_MAX, check=True)
            except (subprocess.SubprocessError, OSError) as error:
                print(f"{peer}, {name}: not measured: {error}", file=sys.stderr)
                continue
            seconds, found = done.stdout.decode().split()[-2:]
            yield Row(scanner=peer, payload=name, size=len(payload), seconds=float(seconds), found=found)


def render(result: Result) -> str:
    """Return the table, with the factor by which Gatebook is faster than each other scanner on the same payload."""
    own = {row.payload: row.rate for row in result.rows if row.scanner == "gatebook"}
    lines = [("scanner", "payload", "ms", "MB/s", "found", "goal", "Gatebook is")]
    for row in result.rows:
        goal = "" if row.goal is None else f"{row.goal:.0f} {'met' if row.rate >= row.goal else 'MISSED'}"
        factor = "" if row.scanner == "gatebook" else f"{own[row.payload] / row.rate:.0f} x"
        lines.append((row.scanner, row.payload, f"{row.seconds * 1000:.3f}", f"{row.rate:.2f}", row.found, goal, factor))
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    table = (
        "  ".join(text.ljust(width) if n < 2 else text.rjust(width) for n, (text, width) in enumerate(zip(line, widths, strict=True)))
        for line in lines
    )
    return "\n".join([f"{result.machine}, Python {result.python}, {len(BUILT_IN)} detectors, one core.", "", *table])


if __name__ == "__main__":
    sys.exit(main())
