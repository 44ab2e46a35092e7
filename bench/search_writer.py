"""Writes calls into the log of a data directory at a steady rate, as a gateway worker does: two records each, payloads encrypted.

    python -m bench.search_writer --data DIR --rate 1000 --calls 10000000

What the calls say comes from the corpus. About once a second one call is marked with a session of its own; a line on standard output says which, and when its
outcome was durable on the clock that all processes of the machine share. A line with the rate comes every second.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import uvloop
from msgspec.structs import replace

from bench.corpus import CHUNK, Corpus
from gatebook.control.key_files import read_master_key
from gatebook.index.rows import FullRow
from gatebook.log.book import Book
from gatebook.log.receipt import Receipt
from gatebook.log.vault import Vault
from gatebook.record.body import CallFinished, CallStarted
from gatebook.record.parts import Actor, ApiRequest, Client, Credential, Decision, Finding, Outcome, PartName, Source, Timing, Trace
from gatebook.settings import load

STREAM: Final = "node1-bench"
_TICK_S: Final = 0.01
_UPSTREAM_S: Final = 0.12
_MARK_EVERY_S: Final = 0.75
_PATTERN: Final = 4_000


@dataclass(frozen=True)
class Planned:
    """A call as it will be written, again and again."""

    started: CallStarted
    started_parts: list[tuple[PartName, bytes]]
    outcome: Outcome
    response: bytes
    findings: tuple[Finding, ...]
    api_requests: tuple[ApiRequest, ...]
    subject: str


@dataclass(frozen=True)
class InFlight:
    """A call without an outcome."""

    due_s: float
    receipt: Receipt
    planned: Planned
    mark: str


def plan(row: FullRow, vault: Vault) -> Planned:
    """Return the records that the gateway would have written of a row."""
    subject = vault.subject(row.person)
    identity = json.dumps({"id": row.person, "email": row.email, "name": row.name, "groups": list(row.groups)}).encode()
    params = f'{{"name":"{row.tool}","arguments":{row.arguments}}}'.encode()
    findings = tuple(
        Finding(detector=detector, type=kind, severity=severity, part="arguments", action="logged", fingerprint=row.fingerprints[0])  # type: ignore[arg-type]
        for detector, kind, severity in zip(row.detectors, row.findings, row.severities, strict=False)
    )
    started = CallStarted(
        method=row.method,
        endpoint=row.endpoint,
        actor=Actor(subject=subject, kind="person", auth="token", token=row.token),
        client=Client(name=row.client, version=row.client_version, user_agent=row.user_agent),
        source=Source(ip=row.ip, port=40123),
        trace=Trace(id=row.trace, parent="b7ad6b7169203331"),
        decision=Decision(effect=row.effect, rule=row.rules[0], bundle=row.bundle, matched=row.rules),  # type: ignore[arg-type]
        connector=row.connector,
        tool=row.tool,
        tool_hash=row.tool_hash,
        protocol=row.protocol,
        request_id=row.request_id,
        session=row.session,
        credential=Credential(id=row.credential, kind=row.credential_kind, owner="connector"),
        server=row.server,
        findings=findings,
    )
    outcome = Outcome(
        status=row.status,  # type: ignore[arg-type]
        transport=row.transport,  # type: ignore[arg-type]
        http_status=row.http_status or None,
        rpc_code=row.rpc_code or None,
        is_error=row.is_error,
        error_class=row.error_class or None,  # type: ignore[arg-type]
    )
    result = row.response.replace("\n", "\\n") or "{}"
    requests = tuple(
        ApiRequest(method=method, host=host, path="/v1/things", status=200) for host in row.api_hosts for method in row.api_methods
    )
    response = f'{{"jsonrpc":"2.0","id":{row.request_id},"result":{result}}}'.encode()
    return Planned(started, [("identity", identity), ("arguments", params)], outcome, response, findings, requests, subject)


class Writer:
    """Keeps the rate: what it could not write in time it writes as soon as it can, and says how far it is behind."""

    def __init__(self, book: Book, planned: list[Planned]) -> None:
        self._book = book
        self._planned = cycle(planned)
        self._flying: deque[InFlight] = deque()
        self._marks = 0
        self._marked_s = 0.0
        self.written = 0

    async def run(self, rate: float) -> None:
        """Write until cancelled."""
        began_s = said_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            for _ in range(int((now_s - began_s) * rate) - self.written):
                self._start(now_s)
            ended = self._finish(now_s)
            if ended:
                await ended[-1][0].durable()
                durable_s = time.monotonic()
                for receipt, call in ended:
                    if call.mark:
                        _tell({"mark": call.mark, "call": call.receipt.id, "durable_s": durable_s, "seq": receipt.seq})
            if now_s - said_s >= 1:
                said_s = now_s
                _tell({"written": self.written, "rate": self.written / (now_s - began_s)})
            await asyncio.sleep(max(0.0, _TICK_S - (time.monotonic() - now_s)))

    def _start(self, now_s: float) -> None:
        planned, mark = next(self._planned), ""
        started = planned.started
        if now_s - self._marked_s >= _MARK_EVERY_S and planned.outcome.status == "ok":
            self._marked_s, self._marks = now_s, self._marks + 1
            mark = f"mark-{self._marks:06d}-{time.time_ns():x}"
            started = replace(started, session=mark)
        receipt = self._book.append(started, parts=planned.started_parts, subject=planned.subject)
        self._flying.append(InFlight(now_s + _UPSTREAM_S, receipt, planned, mark))
        self.written += 1

    def _finish(self, now_s: float) -> list[tuple[Receipt, InFlight]]:
        ended = []
        while self._flying and self._flying[0].due_s <= now_s:
            call = self._flying.popleft()
            body = CallFinished(
                call=call.receipt.id,
                started_seq=call.receipt.seq,
                outcome=call.planned.outcome,
                timing=Timing(total_us=121_000, gateway_us=300, policy_us=60, log_us=540, upstream_us=120_100),
                api_requests=call.planned.api_requests,
            )
            parts: list[tuple[PartName, bytes]] = [("response", call.planned.response)]
            ended.append((self._book.append(body, parts=parts, subject=call.planned.subject), call))
        return ended


def _tell(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def write(data: Path, rate: float, calls: int) -> None:
    """Open the stream and write until the process is told to stop."""
    settings = load(None, data_dir=data)
    vault = Vault(settings.keys_dir, read_master_key(settings))
    corpus = Corpus(calls)
    rows = corpus.chunk(calls // 2 // CHUNK * CHUNK, min(_PATTERN, calls))
    # Blocked calls are one record, and the rate is of pairs; rows with something hidden would make it frequent.
    planned = [plan(row, vault) for row in rows if row.status != "blocked" and '"note":' not in row.arguments + row.response]
    book = Book.open(settings.log_dir, STREAM, vault, settings.log)
    try:
        await Writer(book, planned).run(rate)
    finally:
        book.close()


def main() -> int:
    """Write until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--calls", type=int, required=True, help="size of the corpus whose people and tools are taken")
    args = parser.parse_args()
    uvloop.run(write(args.data, args.rate, args.calls))
    return 0


if __name__ == "__main__":
    sys.exit(main())
