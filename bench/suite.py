"""All benchmarks of the way of a call, one after the other: the gateway, decisions of policy, and scanning for sensitive data. This is `make bench`.

    python -m bench.suite [--quick] [--no-peers] [--only gateway|policy|dlp] [--json FILE] [--data DIR]

Each prints its table when it is done. Exit code 1 when calls failed, or when a goal of policy or scanning is missed.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from bench import dlp, gateway, policy, report
from bench.processes import ROOT

PEERS_PYTHON = ROOT / ".tools" / "bench-governance" / "bin" / "python"


@dataclass(frozen=True)
class Options:
    """What is asked for: `peers` others are measured as well."""

    quick: bool = False
    peers: bool = True
    data: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """One benchmark: its table, its figures, and whether all is well."""

    text: str
    figures: object
    passed: bool


def main() -> int:
    """Run all or one, print, and return 1 when one did not pass."""
    parser = argparse.ArgumentParser(prog="bench.suite", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--no-peers", action="store_true", help="leave the comparisons out")
    parser.add_argument("--only", choices=PARTS, help="one benchmark alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file as well")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="put the gateway's data directory on this disk (default: build/ of the checkout)"
    )
    args = parser.parse_args()
    options = Options(args.quick, not args.no_peers, args.data)
    if (busy := os.getloadavg()[0]) > 0.7:
        print(f"The machine is busy (load {busy:.1f}): figures will be too high.", file=sys.stderr)
    names = [args.only] if args.only else list(PARTS)
    outcomes: dict[str, Outcome] = {}
    for number, name in enumerate(names, 1):
        print(f"{number} of {len(names)}: {name} ...", file=sys.stderr, flush=True)
        started = time.monotonic()
        outcomes[name] = outcome = PARTS[name](options)
        print(f"\n== {name}, {time.monotonic() - started:.0f} s\n\n{outcome.text}\n", flush=True)
    if args.json:
        args.json.write_text(json.dumps({name: outcome.figures for name, outcome in outcomes.items()}, indent=1) + "\n")
    return int(not all(outcome.passed for outcome in outcomes.values()))


def _gateway(options: Options) -> Outcome:
    result = gateway.run(options.quick, options.peers, options.data)
    return Outcome(report.render(result), asdict(result), not result.problems)


def _policy(options: Options) -> Outcome:
    figures = policy.measure(PEERS_PYTHON if options.peers else None)
    return Outcome(policy.render(figures), figures, not policy.missed(figures))


def _dlp(options: Options) -> Outcome:
    result = dlp.measure(options.quick, PEERS_PYTHON if options.peers else None)
    return Outcome(dlp.render(result), msgspec.to_builtins(result), not result.missed)


PARTS: dict[str, Callable[[Options], Outcome]] = {"gateway": _gateway, "policy": _policy, "dlp": _dlp}


if __name__ == "__main__":
    sys.exit(main())
