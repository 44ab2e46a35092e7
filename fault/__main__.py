"""`python -m fault`: run all fault tests against the real product and print what was lost, which should be nothing."""

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fault import scenarios
from fault.missing import Missing
from fault.result import Result, table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the scenarios; exit code 0 when none found a fault, 1 when one did. One that could not be run is said loudly; with --strict it counts as a fault."""
    parser = argparse.ArgumentParser(prog="python -m fault", description=__doc__)
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", help=f"one or more of {', '.join(scenarios.ALL)} (default: all)")
    parser.add_argument("--rounds", type=int, default=48, metavar="N", help="rounds of kill -9 (default: 48); power cuts take a quarter")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work there, and keep what is left")
    parser.add_argument("--strict", action="store_true", help="exit with 1 also when a scenario could not be run")
    args = parser.parse_args(argv)
    if unknown := set(args.scenario) - set(scenarios.ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(scenarios.ALL)}")
    directory = args.keep or Path(tempfile.mkdtemp(prefix="gatebook-fault-"))
    began_s = time.monotonic()
    try:
        chosen = args.scenario or list(scenarios.ALL)
        results = [_run(scenarios.ALL[name], directory / name, args.rounds, name) for name in chosen]
    finally:
        if args.keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    ok = all(result.ok and not (args.strict and result.skipped) for result in results)
    if args.json:
        print(json.dumps({"ok": ok, "seconds": round(time.monotonic() - began_s), "scenarios": [result.as_json() for result in results]}))
    else:
        print(f"\n{table(results)}\n\n{_sentence(results)}")
    return 0 if ok else 1


def _run(scenario: scenarios.Scenario, directory: Path, rounds: int, name: str) -> Result:
    say = partial(print, file=sys.stderr, flush=True)
    say(f"{name} ...")
    try:
        return scenario(directory, rounds, say)
    except Missing as missing:
        say(f"*** NOT RUN: {missing}")
        return Result(name, skipped=str(missing))
    except Exception as error:
        traceback.print_exc()
        return Result(name, faults=[f"it could not be carried out: {type(error).__name__}: {error}"])


def _sentence(results: list[Result]) -> str:
    """The outcome in one line. The negative control loses on purpose."""
    kept = [result for result in results if not result.loses_on_purpose]
    lost, acknowledged = sum(result.lost for result in kept), sum(result.acknowledged for result in kept)
    seconds = sum(result.seconds for result in results)
    return f"{acknowledged:,} calls acknowledged, {lost:,} lost, {sum(len(result.faults) for result in results)} faults, {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
