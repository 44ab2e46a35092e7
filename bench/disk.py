"""How long this disk takes to make one record durable: the figure that latencies of the gateway are compared with."""

import os
import statistics
import time
from pathlib import Path

RECORD_BYTES = 5632
APPENDS = 200


def fdatasync_p50_ms(directory: Path) -> float:
    """Median time of one write and fdatasync of a record into a file that was filled with zeros, as segments are."""
    path = directory / "fdatasync"
    record = os.urandom(RECORD_BYTES)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        os.write(descriptor, bytes(RECORD_BYTES * APPENDS))
        os.fsync(descriptor)
        times_ms = [_append_ms(descriptor, record, number * RECORD_BYTES) for number in range(APPENDS)]
    finally:
        os.close(descriptor)
        path.unlink()
    return statistics.median(times_ms)


def _append_ms(descriptor: int, record: bytes, offset: int) -> float:
    started = time.perf_counter()
    os.pwrite(descriptor, record, offset)
    os.fdatasync(descriptor)
    return (time.perf_counter() - started) * 1000
