"""Compares builds of the search engine: loads the same corpus, asks the same questions, checks that everything hidden is found.

    python -m bench.index_engines --calls 2000000 --python .venv/bin/python --python other-venv/bin/python

Each interpreter has one build installed (chdb-core or chdb-core-lite), beside numpy, psutil, msgspec and cryptography. Prints a table; figures of the
engine's caches of results and conditions are off.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from bench.corpus import DAYS, END_US, Corpus, needles
from gatebook.index import CallRow, Index
from gatebook.index.counts import over_time, top
from gatebook.query import parse

_ROOT = Path(__file__).resolve().parents[1]
_REPEATS = 15
_DAY_US = 86_400_000_000
_FACETS = ("connector", "tool", "person", "status", "client")
_Question = Callable[[Index, int], object]


def load(index: Index, corpus: Corpus, ids: list[str]) -> dict[str, float]:
    """Insert the whole corpus; only the time within the index counts. Notes an id of each chunk in `ids`."""
    spent_s, raw, done, shown_s = 0.0, 0, 0, time.monotonic()
    for rows in corpus.chunks():
        began_s = time.perf_counter()
        index.insert(rows)
        spent_s += time.perf_counter() - began_s
        raw += sum(len(row.arguments) + len(row.response) + 360 for row in rows)
        done += len(rows)
        ids.append(rows[len(rows) // 2].call_id)
        if time.monotonic() - shown_s > 10:
            shown_s = time.monotonic()
            print(f"{done:,} of {corpus.calls:,} calls, {done / spent_s:,.0f}/s", file=sys.stderr, flush=True)
    return {"load_per_s": done / spent_s, "raw_bytes": raw}


def questions(corpus: Corpus, ids: list[str]) -> dict[str, _Question]:
    """The mix of questions; the second argument varies the values asked for."""
    month, whole = parse("time:2026-10-02..2026-11-01"), parse("")
    word = corpus.words[3]

    def person(turn: int) -> str:
        return str(corpus.people[20 + turn * 37]["person"])

    return {
        "newest 50": lambda index, _: index.search(""),
        "newest 50, one person": lambda index, turn: index.search(f"person:{person(turn)}"),
        "newest 50, three filters": lambda index, turn: index.search(f"connector:{corpus.tools[turn][0]} status:tool_error client:cursor"),
        "newest 50, no hit": lambda index, turn: index.search(f"person:{person(turn)} tool:none{turn} decision:blocked"),
        "histogram, 30 days": lambda index, _: over_time(index, month, END_US - 30 * _DAY_US, _DAY_US),
        "histogram, 150 days": lambda index, _: over_time(index, whole, END_US - DAYS * _DAY_US, _DAY_US),
        "5 facets, 30 days": lambda index, _: [top(index, month, field, 20) for field in _FACETS],
        "5 facets, 150 days": lambda index, _: [top(index, whole, field, 20) for field in _FACETS],
        "rare word": lambda index, turn: index.search(needles(corpus.calls)[turn % 2].text),
        "word and person": lambda index, turn: index.search(f"person:{person(turn)} {corpus.words[500 + turn]}"),
        "common word, newest 50": lambda index, _: index.search(word),
        "rare substring": lambda index, _: index.search("arguments:*fixabcsuf*"),
        "one call by id": lambda index, turn: _known(index.call(ids[turn % len(ids)])),
        "count of a month": lambda index, _: index.count("time:2026-10-02..2026-11-01 status:ok"),
    }


def ask(index: Index, corpus: Corpus, ids: list[str]) -> dict[str, dict[str, float]]:
    """Ask each question repeatedly; milliseconds."""
    index.engine.run("SET use_query_condition_cache = 0")
    out = {}
    for name, question in questions(corpus, ids).items():
        times = []
        for turn in range(_REPEATS):
            began_s = time.perf_counter()
            question(index, turn)
            times.append((time.perf_counter() - began_s) * 1000)
        ranked = sorted(times)
        out[name] = {"first": times[0], "p50": statistics.median(times), "p95": ranked[int(0.95 * len(ranked))]}
        print(f"{name}: {out[name]['p50']:.0f} ms", file=sys.stderr, flush=True)
    return out


def check(index: Index, corpus: Corpus) -> list[str]:
    """Return what the text index gets wrong: every needle, as written and in capitals, and word counts against a scan without the index."""
    wrong = []
    for needle in needles(corpus.calls):
        expected = {number + 1 for number in needle.calls}
        capitals = needle.text.upper() if needle.text.upper().lower() == needle.text.lower() else needle.text
        for text in (needle.text, capitals, f'{needle.part}:"{needle.text}"'):
            found = {row.started_seq for row in index.search(text if ":" in text else f'"{text}"').rows}
            if found != expected:
                wrong.append(f"{text}: {len(found)} found, {len(found & expected)} of {len(expected)} right")
    for text in ("prefixabc*", "*fixabcsuf*"):
        if len(index.search(f"arguments:{text}", timeout_s=600).rows) != min(3, corpus.calls):
            wrong.append(text)
    window = "time >= toDateTime64('2026-10-25 00:00:00', 6, 'UTC')"
    for rank in range(0, 3000, 150):
        word = corpus.words[rank]
        sql = f"SELECT count() AS n FROM {index.database}.payloads WHERE {window} AND "
        fast = index.ask(sql + "hasAllTokens(response, {w:String})", {"w": word}, 600)[0]["n"]
        slow = index.ask(sql + "match(response, {w:String})", {"w": rf"(^|[^a-z0-9]){word}($|[^a-z0-9])"}, 600)[0]["n"]
        if fast != slow:
            wrong.append(f"{word}: {fast} by the index, {slow} by scan")
    return wrong


def _times(name: str, result: dict[str, Any]) -> str:
    return " / ".join(f"{result['questions'][name][key]:.0f}" for key in ("first", "p50", "p95"))


def one(calls: int, where: Path) -> dict[str, Any]:
    """Measure the build that this interpreter has."""
    process = psutil.Process()
    before = process.memory_info().rss
    began_s = time.perf_counter()
    import chdb

    imported_s, after = time.perf_counter() - began_s, process.memory_info().rss
    name = next(name for name in ("chdb-core-lite", "chdb-core") if _version(name))
    result: dict[str, Any] = {"build": f"{name} {_version(name)}", "import_s": imported_s, "import_mib": (after - before) >> 20}
    result["installed_mb"] = sum(file.stat().st_size for file in Path(chdb.__file__).parent.rglob("*") if file.is_file()) / 1e6
    corpus = Corpus(calls)
    made = process.memory_info().rss
    index = Index.open(where)
    ids: list[str] = []
    result |= load(index, corpus, ids)
    result["disk_bytes"] = sum(file.stat().st_size for file in where.rglob("*") if file.is_file())
    parts = index.ask("SELECT table, sum(bytes_on_disk) AS size, count() AS parts FROM system.parts WHERE active GROUP BY table", {})
    result["tables"] = {row["table"]: row for row in parts}
    result["questions"] = ask(index, corpus, ids)
    result["resident_mib"] = (process.memory_info().rss - made + after) >> 20
    result["wrong"] = check(index, corpus)
    index.close()
    return result


def table(results: list[dict[str, Any]]) -> str:
    """Both builds side by side, Markdown."""
    lines = ["| | " + " | ".join(result["build"] for result in results) + " |", "|---|" + "---|" * len(results)]

    def row(name: str, value: Callable[[dict[str, Any]], str]) -> None:
        lines.append(f"| {name} | " + " | ".join(value(result) for result in results) + " |")

    row("installed, MB", lambda r: f"{r['installed_mb']:.0f}")
    row("import, s · MiB", lambda r: f"{r['import_s']:.2f} · {r['import_mib']}")
    row("load, calls/s", lambda r: f"{r['load_per_s']:,.0f}")
    row("disk, bytes per call", lambda r: f"{r['disk_bytes'] / r['calls']:,.0f}")
    row("disk, share of raw", lambda r: f"{r['disk_bytes'] / r['raw_bytes']:.2f}")
    row("resident after all questions, MiB", lambda r: str(r["resident_mib"]))
    row("wrong answers", lambda r: str(len(r["wrong"])))
    for name in results[0]["questions"]:
        row(f"{name}, ms first / p50 / p95", partial(_times, name))
    return "\n".join(lines)


def _known(row: CallRow | None) -> CallRow:
    assert row is not None, "a call that was inserted is not found by its id"
    return row


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def main() -> int:
    """Measure one build, or start one process for each interpreter and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2_000_000)
    parser.add_argument("--python", action="append", default=[], help="interpreter with one build; may be given several times")
    parser.add_argument("--dir", type=Path, default=None, help="where to put the index (default: a temporary directory)")
    parser.add_argument("--json", type=Path, default=None, help="write the figures of one build here")
    args = parser.parse_args()
    where = Path(tempfile.mkdtemp(prefix="index-engines-", dir=args.dir))
    try:
        if not args.python:
            result = one(args.calls, where / "index") | {"calls": args.calls}
            if args.json:
                args.json.write_text(json.dumps(result, indent=1))
            print(table([result]), *result["wrong"], sep="\n")
            return 1 if result["wrong"] else 0
        # Only our own code: the packages must be those of the interpreter that is measured.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(_ROOT / part) for part in ("src", "."))}
        results = []
        for number, python in enumerate(args.python):
            out = where / f"{number}.json"
            command = [python, "-m", "bench.index_engines", "--calls", str(args.calls), "--json", str(out), "--dir", str(where)]
            subprocess.run(command, stdout=sys.stderr, check=False, env=environment)
            results.append(json.loads(out.read_text()))
        print(table(results))
        return 1 if any(result["wrong"] for result in results) else 0
    finally:
        shutil.rmtree(where, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
