"""Speed of verification: records per second in one process, with and without the digests of payloads, on a log that the real writer made.

Cores are about 700 bytes; every call has arguments of 1 KB and a response of 4 KB. Run: `python -m bench.verify [--calls N] [--json]`.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatebook.log.book import Book
from gatebook.log.frames import FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, Frame, parse_frame
from gatebook.log.seal import Sealer
from gatebook.log.vault import Vault
from gatebook.log.verify import Scope, verify
from gatebook.record import body, parts
from gatebook.settings import LogSettings

ROUNDS = 3


def write(log_dir: Path, calls: int) -> None:
    """Write the calls to two streams."""
    vault = Vault(log_dir.parent / "keys", bytes(32))
    for stream in ("node-w0", "node-w1"):
        book = Book.open(log_dir, stream, vault, LogSettings())
        receipt = None
        for number in range(calls // 2):
            started = book.append(_started(number), parts=[("identity", b"i" * 120), ("arguments", os.urandom(1024))], subject="ab" * 12)
            receipt = book.append(_finished(started.id, started.seq), parts=[("response", os.urandom(4096))], subject="ab" * 12)
            if number % 200 == 0:
                receipt.wait(60)
        assert receipt is not None
        receipt.wait(60)
        book.close()


def _started(number: int) -> body.CallStarted:
    return body.CallStarted(
        method="tools/call",
        endpoint="/mcp/crm",
        actor=parts.Actor(subject="ab" * 12, kind="person", auth="token", token="tok_1"),
        client=parts.Client(name="Claude Code", version="2.1.0", user_agent="claude-code/2.1.0 (linux)"),
        source=parts.Source(ip="10.0.0.7", port=50123),
        trace=parts.Trace(id="0a" * 16, parent="0b" * 8),
        decision=parts.Decision(effect="allowed", rule="connector/crm", bundle="0c" * 8),
        connector="crm",
        tool=f"lookup_customer_{number % 50}",
        tool_hash="0d" * 32,
        protocol="2025-11-25",
        request_id=str(number),
    )


def _finished(call: str, seq: int) -> body.CallFinished:
    outcome = parts.Outcome(status="ok", transport="ok", http_status=200)
    return body.CallFinished(
        call=call, started_seq=seq, outcome=outcome, timing=parts.Timing(total_us=5000, gateway_us=300, upstream_us=4000)
    )


def measure(log_dir: Path, payloads: bool) -> tuple[int, float]:
    """Return records and the CPU seconds of the best of some rounds."""
    best, records = float("inf"), 0
    for _ in range(ROUNDS):
        began = time.process_time()
        report = verify(log_dir, scope=Scope(payloads=payloads))
        best = min(best, time.process_time() - began)
        assert report.ok, report.first_bad
        records = report.records
    return records, best


def bare(log_dir: Path) -> float:
    """Return the CPU seconds of the checksums and hashes alone, with no Python between them but a loop: what no verifier can do without."""
    frames = []
    for path in sorted(log_dir.glob("*/*.seg")):
        data = path.read_bytes()
        view, at = memoryview(data), SEGMENT_HEADER_BYTES
        while isinstance(frame := parse_frame(data, at), Frame):
            middle = frame.end - len(frame.payload)
            sizes = [(middle, frame.end)] if frame.payload else []
            frames.append((view[at : frame.end], view[at + FRAME_HEADER_BYTES - 1 : middle], [view[a:b] for a, b in sizes]))
            at = frame.end
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for whole, core, payloads in frames:
            crc32(whole)
            sha256(core).digest()
            for payload in payloads:
                sha256(payload).digest()
        best = min(best, time.process_time() - began)
    return best


def main() -> None:
    """Write, seal, verify, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        log_dir = Path(root) / "log"
        write(log_dir, args.calls)
        sealer = Sealer(log_dir, Ed25519PrivateKey.generate(), "gatebook/bench/node/1")
        began = time.monotonic()
        sealer.step(flush=True)
        seal_s = time.monotonic() - began
        sealer.close()
        size = sum(path.stat().st_size for path in log_dir.rglob("*") if path.is_file())
        records, without_s = measure(log_dir, payloads=False)
        _, with_s = measure(log_dir, payloads=True)
        memory_mib = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        bare_s = bare(log_dir)
    figures = {
        "records": records,
        "bytes_per_record": round(size / records),
        "sealed_per_s": round(records / seal_s),
        "verified_per_s_with_payloads": round(records / with_s),
        "verified_per_s_without_payloads": round(records / without_s),
        "bare_hashing_per_s": round(records / bare_s),
        "times_bare_hashing": round(with_s / bare_s, 2),
        "memory_mib_max": memory_mib,
    }
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:<34}{value:>14,}")


if __name__ == "__main__":
    main()
