"""DuckDB and SQLite with the same corpus and the same questions, each in a process of its own with the packages of requirements/bench-search.txt.

They answer in their own process, without HTTP, without access rules, with nothing being written meanwhile.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Protocol

import msgspec
from msgspec import Struct

from bench.corpus import CORPUS_VERSION
from bench.processes import ROOT
from bench.search_load import Progress, made_elsewhere, say
from bench.search_questions import TURNS, WARM_UPS, Values
from bench.search_report import Peer
from gatebook.index.rows import FullRow

PYTHON: Final = ROOT / ".tools" / "bench-search" / "bin" / "python"
STORES: Final = ("duckdb", "sqlite")
_QUESTION_S_MAX: Final = 25.0
_TIMES_MIN: Final = 5
_META: Final = "loaded.json"


class Store(Protocol):
    """A store that can be filled and asked."""

    name: str

    def insert(self, rows: list[FullRow]) -> None:
        """Add rows."""

    def finish(self) -> None:
        """Make what questions need once all rows are there, and make all of it durable."""

    def keys(self) -> tuple[str, ...]:
        """Keys of the questions that it can answer."""

    def ask(self, key: str, values: Values, turn: int) -> None:
        """Answer one question and fetch the rows."""

    def close(self) -> None:
        """Close it."""


class Loaded(Struct, frozen=True, kw_only=True):
    """What filling took: the rate of the store's own part."""

    load_per_s: float


def run(calls: int, place: Path, *, fresh: bool = False) -> list[Peer]:
    """Measure all stores, one after the other; one that cannot be measured says why."""
    if not PYTHON.exists():
        return [
            Peer(name="peers", load_per_s=0, bytes=0, resident_bytes=0, kept=False, problem="not installed; `make bench-search` does it")
        ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("src", "."))}
    peers = []
    for store in STORES:
        command = [str(PYTHON), "-m", "bench.search_peers", "--store", store, "--calls", str(calls), "--dir", str(place)]
        done = subprocess.run([*command, *(["--fresh"] if fresh else [])], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=False)
        if done.returncode == 0:
            peers.append(msgspec.json.decode(done.stdout, type=Peer))
        else:
            problem = f"it ended with {done.returncode}"
            peers.append(Peer(name=store, load_per_s=0, bytes=0, resident_bytes=0, kept=False, problem=problem))
    return peers


def measure(kind: str, calls: int, where: Path) -> Peer:
    """Fill a store unless it is there, and ask it."""
    kept = (where / _META).exists()
    where.mkdir(parents=True, exist_ok=True)
    store = _open(kind, where)
    loaded = msgspec.json.decode((where / _META).read_bytes(), type=Loaded) if kept else _load(store, calls)
    if not kept:
        (where / _META).write_bytes(msgspec.json.encode(loaded))
    values = Values(calls)
    found: dict[str, tuple[float, float]] = {}
    for key in store.keys():
        times_ms = _times(store, key, values)
        found[key] = (statistics.median(times_ms), sorted(times_ms)[min(len(times_ms) - 1, int(0.95 * len(times_ms)))])
        say(f"{store.name}, {key}: {found[key][0]:.1f} / {found[key][1]:.1f} ms")
    resident_bytes = _resident_max_bytes()
    store.close()
    size = sum(file.stat().st_size for file in where.iterdir() if file.name != _META)
    return Peer(name=store.name, load_per_s=loaded.load_per_s, bytes=size, resident_bytes=resident_bytes, kept=kept, questions=found)


def _open(kind: str, where: Path) -> Store:
    if kind == "duckdb":
        from bench.search_duckdb import DuckDb

        return DuckDb(where / "book.duckdb")
    from bench.search_sqlite import Sqlite

    return Sqlite(where / "book.sqlite")


def _load(store: Store, calls: int) -> Loaded:
    progress, spent_s, done = Progress(f"loading {store.name}", calls), 0.0, 0
    for rows, _ in made_elsewhere(calls):
        began_s = time.perf_counter()
        store.insert(rows)
        spent_s += time.perf_counter() - began_s
        done += len(rows)
        progress.show(done)
    began_s = time.perf_counter()
    store.finish()
    return Loaded(load_per_s=calls / (spent_s + time.perf_counter() - began_s))


def _times(store: Store, key: str, values: Values) -> list[float]:
    """Milliseconds of the turns after the warm-ups; fewer turns where one takes long."""
    times_ms: list[float] = []
    began_s = time.perf_counter()
    for number, turn in enumerate([*range(TURNS, TURNS + WARM_UPS), *range(TURNS)]):
        if time.perf_counter() - began_s > _QUESTION_S_MAX and len(times_ms) >= _TIMES_MIN:
            break
        turn_s = time.perf_counter()
        store.ask(key, values, turn)
        if number >= WARM_UPS or time.perf_counter() - turn_s > 1:
            times_ms.append((time.perf_counter() - turn_s) * 1000)
    return times_ms


def _resident_max_bytes() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def main() -> int:
    """Measure one store and print its figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=STORES, required=True)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--fresh", action="store_true")
    args = parser.parse_args()
    where = args.dir / f"search-{args.store}-{args.calls}-{len(FullRow.__struct_fields__)}-{CORPUS_VERSION}"
    if args.fresh or not (where / _META).exists():
        for file in where.glob("*"):
            file.unlink()
    sys.stdout.buffer.write(msgspec.json.encode(measure(args.store, args.calls, where)) + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
