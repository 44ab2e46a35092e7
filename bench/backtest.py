"""Calls per second of a backtest of guardrails over a real log: read, decrypted, scanned for both sides. Run: `python -m bench.backtest [--calls N]`.

Once with three detectors beside none in force, once with every built-in detector beside three, on one core, with the rests that a keeper makes.
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.corpus import CHUNK, Corpus
from bench.search_writer import plan
from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk
from gatebook.identity.journal import Journal
from gatebook.index import Follower, Index
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.reading.backtested import Backtested
from gatebook.reading.backtests import BacktestOrder, Backtests
from gatebook.reading.room import ReadingRoom
from gatebook.reading.viewer import Viewer
from gatebook.record.body import CallFinished
from gatebook.record.parts import Timing
from gatebook.state.documents import parse_documents
from gatebook.state.store import Store

_KEY: Final = bytes(range(32))
_FEW: Final = "kind: Guardrail\nname: few\nspec: {detectors: [iban, credit_card, email], action: redact}\n"
_ALL: Final = "kind: Guardrail\nname: all\nspec: {detectors: ['*'], action: redact}\n"


class _Limits(Struct):
    segment_bytes: int = 64 << 20
    reserve_bytes: int = 0


async def measure(path: Path, calls: int) -> None:
    """Write calls, and print a line for each draft."""
    vault = Vault(path / "keys", _KEY)
    worker = Book.open(path / "log", "node1-bench", vault, _Limits())
    size = write(worker, vault, calls)
    keeper = Book.open(path / "log", "node1-k", vault, _Limits())
    store = Store.open(path / "state.db")
    index = Index.open(path / "index")
    follower = Follower(path / "log", Vault(path / "keys", _KEY), index)
    try:
        follower.catch_up()
        room = ReadingRoom(lambda: index, keeper, vault, path / "log")
        backtests = Backtests(room, store, lambda: Vault(path / "keys", _KEY))
        caller = local_caller("bench", vault.subject)
        print(f"{calls:,} calls, {size / calls:,.0f} bytes of payload each")
        show("3 detectors, none in force", await run(backtests, Viewer(principal=caller), _FEW, calls))
        await Desk(Journal(store, keeper, vault.subject), "http://127.0.0.1").apply(parse_documents(_FEW, "bench"), caller, "bench")
        show("all detectors, 3 in force", await run(backtests, Viewer(principal=caller), _ALL, calls))
    finally:
        follower.close()
        index.close()
        store.close()
        keeper.close()
        worker.close()


def write(book: Book, vault: Vault, calls: int) -> int:
    """Record calls of the corpus; returns the bytes of their payloads."""
    planned = [plan(row, vault) for row in Corpus(calls).chunk(0, min(calls, CHUNK))]
    size = 0
    for number in range(calls):
        one = planned[number % len(planned)]
        opened = book.append(one.started, parts=one.started_parts, subject=one.subject)
        body = CallFinished(call=opened.id, started_seq=opened.seq, outcome=one.outcome, timing=Timing(total_us=900), findings=one.findings)
        done = book.append(body, parts=[("response", one.response)], subject=one.subject)
        size += len(one.response) + len(one.started_parts[1][1])
    done.wait(60)
    return size


async def run(backtests: Backtests, viewer: Viewer, draft: str, calls: int) -> tuple[Backtested, float]:
    """One backtest over everything, and the seconds of processor that it took."""
    until_us = time.time_ns() // 1000 + 1_000_000
    order = BacktestOrder(since_us=until_us - 86_400_000_000, until_us=until_us, calls_max=calls)
    drafted = await backtests.draft(draft)
    began_s = time.process_time()
    begun = await backtests.start(viewer, drafted, order)
    while (found := backtests.find(viewer, begun.id)) is not None and found.state == "running":  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    if found is None or found.result is None:
        raise SystemExit(f"no result: {found and found.failure}")
    return found.result, time.process_time() - began_s


def show(name: str, measured: tuple[Backtested, float]) -> None:
    """Print one line: by the clock on the wall, and by the processor time, which other load on the machine does not change."""
    found, processor_s = measured
    print(
        f"{name}: {found.calls_per_s:,.0f} calls/s, {found.mb_per_s:.2f} MB/s, {found.took_s:.1f} s;"
        f" {found.looked_at / processor_s:,.0f} calls per second of processor; {found.changed:,} changed, {found.undecided:,} undecided"
    )


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as path:
        asyncio.run(measure(Path(path), args.calls))


if __name__ == "__main__":
    main()
