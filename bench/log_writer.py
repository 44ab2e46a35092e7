"""How fast is the log writer alone? Prints records/s, latency of append until durable, CPU per record, beside the disk's own fdatasync.

    python bench/log_writer.py [--seconds 3] [--dir DIR]

Each writer is a task that appends a record, waits until it is durable, and goes on with the next: alternately the start of a call with
1 KB of arguments and its end with 4 KB of response ("large"), or a record without payload ("small"). The directory decides which disk is measured.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from pathlib import Path

import uvloop
from msgspec import Struct

from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.record.body import CallFinished, CallStarted, ConnectorProcess
from gatebook.record.parts import Actor, Client, Decision, Outcome, Source, Timing, Trace

SUBJECT = "5f0c3a9be1d24c7708aa91b3"
RESPONSE = os.urandom(4096)
ARGUMENTS = os.urandom(1024)
STARTED = CallStarted(
    method="tools/call",
    endpoint="/mcp",
    actor=Actor(subject=SUBJECT, kind="person", auth="token", token="t-3f9c11d0"),
    client=Client(name="bench-client", version="1.0", user_agent="bench/1.0 (linux) " + "x" * 180),
    source=Source(ip="127.0.0.1", port=40123),
    trace=Trace(id="0af7651916cd43dd8448eb211c80319c", parent="b7ad6b7169203331"),
    decision=Decision(effect="allowed", rule="connector/crm/allow", bundle="9f86d081884c7d65", matched=("connector/crm/allow",)),
    connector="crm",
    tool="find_customer",
    tool_hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    protocol="2025-11-25",
    request_id="17",
    session="01890a5d-ac96-774b-bcce-b302099a8057",
)
SMALL = ConnectorProcess(connector="crm", action="started", pid=1234, reason="demand")


class Limits(Struct, frozen=True):
    """The sizes that the product uses by default."""

    segment_bytes: int = 32 << 20
    reserve_bytes: int = 1 << 20


async def write_large(book: Book, until_s: float, latencies_s: list[float]) -> None:
    """Record whole calls, one after the other."""
    while time.perf_counter() < until_s:
        began_s = time.perf_counter()
        started = book.append(STARTED, parts=[("arguments", ARGUMENTS)], subject=SUBJECT)
        await started.durable()
        middle_s = time.perf_counter()
        outcome = Outcome(status="ok", transport="ok", http_status=200)
        body = CallFinished(
            call=started.id, started_seq=started.seq, outcome=outcome, timing=Timing(total_us=812, gateway_us=400, upstream_us=300)
        )
        await book.append(body, parts=[("response", RESPONSE)], subject=SUBJECT).durable()
        latencies_s += (middle_s - began_s, time.perf_counter() - middle_s)


async def write_small(book: Book, until_s: float, latencies_s: list[float]) -> None:
    """Record things that have no payload."""
    while time.perf_counter() < until_s:
        began_s = time.perf_counter()
        await book.append(SMALL).durable()
        latencies_s.append(time.perf_counter() - began_s)


def measure_sync_ms(directory: Path, rounds: int = 400) -> float:
    """Return the median of write and fdatasync of 5 KB into a file that is filled ahead, milliseconds."""
    path = directory / "sync.bin"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(fd, bytes(rounds * 5120), 0)
        os.fsync(fd)
        times_s = []
        for number in range(rounds):
            began_s = time.perf_counter()
            os.pwrite(fd, RESPONSE, number * 5120)
            os.fdatasync(fd)
            times_s.append(time.perf_counter() - began_s)
    finally:
        os.close(fd)
        path.unlink()
    return statistics.median(times_s) * 1000


async def run(directory: Path, kind: str, writers: int, seconds: float) -> str:
    """Measure one row."""
    book = Book.open(directory / "log", f"bench-{kind}-{writers}", Vault(directory / "keys", bytes(32)), Limits())
    write = write_large if kind == "large" else write_small
    latencies_s: list[float] = []
    await write(book, time.perf_counter() + 0.3, [])
    cpu_s, began_s = time.process_time(), time.perf_counter()
    await asyncio.gather(*(write(book, began_s + seconds, latencies_s) for _ in range(writers)))
    took_s = time.perf_counter() - began_s
    cpu_us = (time.process_time() - cpu_s) / len(latencies_s) * 1e6
    book.close()
    latencies_s.sort()
    at = [latencies_s[min(len(latencies_s) - 1, int(len(latencies_s) * share))] * 1000 for share in (0.5, 0.95, 0.99)]
    return f"{kind:6}{writers:8}{len(latencies_s) / took_s:12.0f}{cpu_us:12.1f}{at[0]:10.3f}{at[1]:10.3f}{at[2]:10.3f}"


def main() -> None:
    """Run all rows and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--dir", type=Path, default=None, help="a directory on the disk to measure; default: the temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.dir) as name:
        directory = Path(name)
        print(
            f"{'kind':6}{'writers':>8}{'records/s':>12}{'cpu us/rec':>12}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}{'fdatasync p50 ms':>18}"
        )
        for kind in ("large", "small"):
            for writers in (1, 16, 64):
                sync_ms = measure_sync_ms(directory)
                row = uvloop.run(run(directory, kind, writers, options.seconds))
                print(f"{row}{sync_ms:18.3f}", flush=True)


if __name__ == "__main__":
    main()
