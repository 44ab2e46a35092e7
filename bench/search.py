"""How fast the book is searched: newest rows, counts, words, ids, the explorer's first page, with calls being written meanwhile; beside DuckDB and SQLite.

    python -m bench.search --calls 2000000                  # or: make bench-search, make bench-search CALLS=10000000

A real keeper serves an index of the corpus over HTTP while another process writes 1,000 calls/s into its log. The index is kept under --dir for the next run.
Prints Markdown; progress goes to standard error. Exit code 1 when something could not be measured; a goal that is missed stands in the table.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
import psutil

from bench import search_ask, search_load, search_peers, search_report, search_stage
from bench.corpus import DAYS, END_US
from bench.processes import ROOT
from bench.search_load import say
from bench.search_questions import DAY_US, TURNS, WARM_UPS, Known, Values, questions
from bench.search_report import Result
from bench.search_stage import Stage
from bench.search_writer import STREAM

PEER_CALLS_MAX: Final = 2_000_000
_PAINTS: Final = 12
_MARKS: Final = 40
_LIGHT: Final = ("newest 50: no filter", "newest 50: a person of middling use", "newest 50: connector, status, client")


def main() -> int:
    """Measure, print, and return 1 when something could not be measured."""
    args = _arguments()
    if args.load_only:
        search_load.prepared(args.calls, args.dir, fresh=args.fresh)
        return 0
    if args.from_json:
        result = msgspec.json.decode(args.from_json.read_bytes(), type=Result)
    else:
        result = _run(args)
    print(search_report.render(result))
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    if args.write_docs:
        search_report.write_docs(ROOT / "docs" / "performance.md", result)
    return 1 if result.problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.search", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2_000_000, help="size of the corpus (default: 2,000,000)")
    parser.add_argument("--rate", type=float, default=1000.0, help="calls written per second meanwhile (default: 1000)")
    parser.add_argument("--dir", type=Path, default=ROOT / "build" / "bench", help="where indexes are kept (default: build/bench)")
    parser.add_argument("--index", type=Path, help="take this index instead of loading one; it must hold the corpus of --calls")
    parser.add_argument("--load-only", action="store_true", help="only load what is not kept yet; a later run measures")
    parser.add_argument("--fresh", action="store_true", help="load everything anew, even if it was kept")
    parser.add_argument("--no-peers", action="store_true", help="leave DuckDB and SQLite out")
    parser.add_argument("--no-browser", action="store_true", help="leave the explorer's page out")
    parser.add_argument("--only", metavar="TEXT", default="", help="only questions whose name contains this")
    parser.add_argument("--quick", action="store_true", help="fewer marks and paints and a short time under load, to see that it works")
    parser.add_argument("--keep-run", action="store_true", help="leave the data directory of the run for looking at it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file as well")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--from-json", type=Path, metavar="FILE", help="measure nothing: print what --json wrote")
    return parser.parse_args()


def _run(args: argparse.Namespace) -> Result:
    began_s = time.monotonic()
    busy = os.getloadavg()[0]
    if busy > 0.7:
        say(f"The machine is busy (load {busy:.1f}): figures will be too high.")
    args.dir.mkdir(parents=True, exist_ok=True)
    if args.index:
        index, built, kept = args.index, search_load.described(args.index.parent), True
    else:
        index, built, kept = search_load.prepared(args.calls, args.dir, fresh=args.fresh)
    result = Result(calls=args.calls, machine=_machine(), commit=_commit(), load=busy, rate=args.rate, built=built, kept=kept)
    values = Values(args.calls)
    result.raw_bytes = built.raw_bytes if built else values.raw_bytes()
    run = Path(tempfile.mkdtemp(prefix="run-", dir=args.dir))
    try:
        with search_stage.stage(index, run / "data") as stage:
            result.opened_s, result.tables = stage.opened_s, search_stage.tables(stage)
            if args.index:
                values.take(_known(stage))
            _measure(result, stage, values, args)
            result.resident_bytes = search_stage.resident_max_bytes(stage.keeper.pid)
    finally:
        if not args.keep_run:
            shutil.rmtree(run, ignore_errors=True)
    if not args.no_peers:
        result.peer_calls = min(args.calls, PEER_CALLS_MAX)
        result.peers = search_peers.run(result.peer_calls, args.dir, fresh=args.fresh)
    result.took_s = time.monotonic() - began_s
    return result


def _known(stage: Stage) -> list[Known]:
    """Calls from all over the book, as it says."""
    client = stage.connect()
    ends_us = [END_US - number * (DAYS - 1) * DAY_US // (TURNS + WARM_UPS) for number in range(TURNS + WARM_UPS)]
    rows = [row for end_us in ends_us for row in client.json(f"/api/v1/calls?limit=1&until={end_us}")["calls"]]
    client.close()
    return [Known(row["call_id"], row["session"], row["time"]) for row in rows]


def _measure(result: Result, stage: Stage, values: Values, args: argparse.Namespace) -> None:
    """Everything that is asked of one keeper while calls are being written."""
    with search_stage.writing(stage, args.rate, args.calls, 1.0 if args.quick else search_stage.SETTLE_S) as marks:
        client = stage.connect()
        asked = questions(values, search_ask.Live(client, STREAM).call_id)
        for question in asked:
            if args.only in question.name:
                result.questions.append(search_ask.measure(client, question))
        result.problems += [f"{timed.name}: {timed.problem}" for timed in result.questions if timed.problem]
        if not args.no_browser:
            _paint(result, stage, args)
        result.fresh_s = search_ask.freshness(client, marks, 2 if args.quick else _MARKS)
        light = [question for question in asked if question.name in _LIGHT]
        result.starved = search_ask.starvation(stage.connect, marks, light, 3.0 if args.quick else search_ask.HEAVY_S)
        result.written_per_s = marks.rate
        result.behind_bytes = client.json("/api/v1/status")["behind_bytes"]
        client.close()


def _paint(result: Result, stage: Stage, args: argparse.Namespace) -> None:
    ends = {"from": str(END_US - 30 * DAY_US), "to": str(END_US)}
    ranges = [("as it opens: last 24 hours", {}), ("30 days of the corpus", ends), ("30 days, one filter", {**ends, "q": "-status:ok"})]
    try:
        result.painted = search_stage.explorer(stage, ranges, 2 if args.quick else _PAINTS)
    except Exception as error:
        result.problems.append(f"the explorer in the browser: {error}")
        return
    for name, times in result.painted.items():
        say(f"explorer, {name}: rows painted p50 {sorted(times.rows_ms)[len(times.rows_ms) // 2]:.0f} ms")


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} CPUs, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def _commit() -> str:
    shown = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return shown.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
