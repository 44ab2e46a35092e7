"""Fills an index with the corpus and keeps it for the next run. Rows are made in a second process while this one inserts."""

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any, Final

import msgspec
from msgspec import Struct

from bench.corpus import CHUNK, CORPUS_VERSION, Corpus
from bench.processes import ROOT
from bench.search_questions import METADATA_BYTES
from gatebook.index import FullRow, Index
from gatebook.index.generation import read_generation
from gatebook.index.schema import SCHEMA_VERSION

_AHEAD: Final = 3
_LENGTH_BYTES: Final = 8
_SHOWN_S: Final = 10.0
_MERGES_S_MAX: Final = 240.0
_LINKED_BYTES_MIN: Final = 64 * 1024
_META: Final = "built.json"
_LOADING: Final = "loading.json"
_Rows = list[FullRow]
_decode = msgspec.msgpack.Decoder(_Rows).decode


class Built(Struct, frozen=True, kw_only=True):
    """An index of the corpus on disk: what loading it took. `merged_s`: how long the engine merged after the last row."""

    calls: int
    schema: int
    corpus: int
    load_per_s: float
    raw_bytes: int
    merged_s: float


class Loading(Struct, frozen=True, kw_only=True):
    """How far a load has come."""

    done: int = 0
    raw_bytes: int = 0
    spent_s: float = 0.0


class Progress:
    """A line on standard error now and then: how many are done, the rate, and how long the rest will take."""

    def __init__(self, what: str, total: int, begun: int = 0) -> None:
        self._what = what
        self._total = total
        self._begun = begun
        self._began_s = self._shown_s = time.monotonic()

    def show(self, done: int) -> None:
        """Say it when it was long ago."""
        now_s = time.monotonic()
        if now_s - self._shown_s < _SHOWN_S and done < self._total:
            return
        self._shown_s = now_s
        rate = (done - self._begun) / max(0.001, now_s - self._began_s)
        left_s = (self._total - done) / max(rate, 0.001)
        say(f"{self._what}: {done:,} of {self._total:,}, {rate:,.0f}/s, {int(left_s) // 60} min {int(left_s) % 60} s left")


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, file=sys.stderr, flush=True)


def made_elsewhere(calls: int, start: int = 0) -> Iterator[tuple[_Rows, int]]:
    """Yield the corpus of this size from row `start` on, some thousands of rows with their raw bytes at a time, oldest first, made by a process of its own."""
    command = [sys.executable, "-m", "bench.search_load", "--calls", str(calls), "--start", str(start)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("src", "."))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment) as process:
        assert process.stdout
        arrived: Queue[bytes] = Queue(_AHEAD)
        reader = threading.Thread(target=_read, args=(process.stdout, arrived), daemon=True)
        reader.start()
        try:
            while data := arrived.get():
                rows = _decode(data)
                yield rows, sum(len(row.arguments) + len(row.response) + METADATA_BYTES for row in rows)
        finally:
            process.kill()
    if reader.is_alive():
        arrived.get()


def _read(pipe: Any, arrived: "Queue[bytes]") -> None:
    while head := pipe.read(_LENGTH_BYTES):
        arrived.put(pipe.read(int.from_bytes(head)))
    arrived.put(b"")


def prepared(calls: int, place: Path, *, fresh: bool = False) -> tuple[Path, Built, bool]:
    """Return the directory of an index that holds the corpus of this size, what loading took, and whether it was there already.

    A load that was cut off goes on where it was.
    """
    where = place / f"search-{calls}-{SCHEMA_VERSION}-{CORPUS_VERSION}"
    built = None if fresh else described(where)
    if built is not None:
        return where / "index", built, True
    if fresh or not (where / _LOADING).exists():
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
    built = _build(calls, where)
    (where / _META).write_bytes(msgspec.json.encode(built))
    return where / "index", built, False


def described(where: Path) -> Built | None:
    """What is said beside an index about its making; None when it is missing, unfinished, or not of this schema and corpus."""
    try:
        built = msgspec.json.decode((where / _META).read_bytes(), type=Built)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return built if (built.schema, built.corpus) == (SCHEMA_VERSION, CORPUS_VERSION) and read_generation(where / "index") else None


def _build(calls: int, where: Path) -> Built:
    loading = _taken_up(where)
    index = Index.open(where / "index")
    try:
        progress = Progress("loading the index", calls, loading.done)
        for rows, size in made_elsewhere(calls, loading.done):
            began_s = time.perf_counter()
            index.insert(rows)
            spent_s = time.perf_counter() - began_s
            loading = Loading(done=loading.done + len(rows), raw_bytes=loading.raw_bytes + size, spent_s=loading.spent_s + spent_s)
            (where / _LOADING).write_bytes(msgspec.json.encode(loading))
            progress.show(loading.done)
        if loading.done != calls:
            raise RuntimeError(f"the corpus ended after {loading.done:,} of {calls:,} calls")
        merged_s = _wait_for_merges(index) + _settle(index)
    finally:
        index.close()
    built = Built(
        calls=calls,
        schema=SCHEMA_VERSION,
        corpus=CORPUS_VERSION,
        load_per_s=calls / loading.spent_s,
        raw_bytes=loading.raw_bytes,
        merged_s=merged_s,
    )
    say(f"loaded {calls:,} calls at {built.load_per_s:,.0f}/s; merging went on for {merged_s:.0f} s")
    return built


def _taken_up(where: Path) -> Loading:
    """How far a load came that was cut off; what was inserted behind that is taken away."""
    try:
        loading = msgspec.json.decode((where / _LOADING).read_bytes(), type=Loading)
    except (FileNotFoundError, msgspec.MsgspecError):
        shutil.rmtree(where / "index", ignore_errors=True)
        return Loading()
    index = Index.open(where / "index")
    try:
        for table in ("calls", "payloads"):
            index.engine.run(
                f"ALTER TABLE {index.database}.{table} DELETE WHERE batch > {loading.done // CHUNK} SETTINGS mutations_sync = 1"
            )
            if (rows := index.row_counts().get(table, 0)) != loading.done:
                raise RuntimeError(f"{table} holds {rows:,} rows after {loading.done:,} were loaded; begin again with --fresh")
    finally:
        index.close()
    return loading


def _wait_for_merges(index: Index) -> float:
    began_s = time.monotonic()
    quiet = 0
    while quiet < 5 and time.monotonic() - began_s < _MERGES_S_MAX:
        time.sleep(0.2)
        quiet = 0 if b"1" in index.engine.rows("SELECT 1 AS one FROM system.merges LIMIT 1") else quiet + 1
    return time.monotonic() - began_s


def _settle(index: Index) -> float:
    """Make one part of each week or month but the newest, as the engine does by itself some hours after their last call."""
    began_s = time.monotonic()
    for table in ("calls", "payloads"):
        sql = f"SELECT DISTINCT partition FROM system.parts WHERE active AND database = '{index.database}' AND table = '{table}' ORDER BY partition"
        older = [row["partition"] for row in index.ask(sql, {})][:-1]
        for number, partition in enumerate(older, 1):
            index.engine.run(f"OPTIMIZE TABLE {index.database}.{table} PARTITION '{partition}' FINAL")
            say(f"merging the older {table}: {number} of {len(older)}, {time.monotonic() - began_s:.0f} s")
    return time.monotonic() - began_s


def clone(source: Path, target: Path) -> None:
    """Make a copy of an index that can be written to. Large files are shared: the engine replaces the files of its parts, it never changes them."""
    for directory, folders, names in os.walk(source):
        here = target / Path(directory).relative_to(source)
        here.mkdir(parents=True, mode=0o700)
        for name in [*names, *(folder for folder in folders if (Path(directory) / folder).is_symlink())]:
            _clone_file(Path(directory) / name, here / name, source, target)


def _clone_file(old: Path, new: Path, source: Path, target: Path) -> None:
    if old.is_symlink():
        aim = os.readlink(old)
        new.symlink_to(aim.replace(str(source.resolve()), str(target.resolve())))
    elif old.stat().st_size >= _LINKED_BYTES_MIN and old.stat().st_dev == target.stat().st_dev:
        os.link(old, new)
    else:
        shutil.copy2(old, new)


def main() -> int:
    """Write the corpus to standard output: the length of each chunk in 8 bytes, then its rows as MessagePack."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--calls", type=int, required=True)
    parser.add_argument("--start", type=int, default=0, help="number of the first row, a multiple of the size of a chunk")
    args = parser.parse_args()
    encode = msgspec.msgpack.Encoder().encode
    try:
        for rows in Corpus(args.calls).chunks(args.start):
            data = encode(rows)
            sys.stdout.buffer.write(len(data).to_bytes(_LENGTH_BYTES) + data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
