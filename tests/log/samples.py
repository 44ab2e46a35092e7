"""Bodies, sizes, clocks and books that the tests of the log share."""

from pathlib import Path

import msgspec

from gatebook.log.book import Book
from gatebook.log.clock import Clock
from gatebook.log.reader import Entry, StreamReader
from gatebook.log.receipt import Receipt
from gatebook.log.vault import Vault
from gatebook.record.body import CallFinished, CallStarted, ConnectorProcess
from gatebook.record.parts import Actor, Client, Outcome, Source, Timing, Trace

STREAM = "n1-w0"
SUBJECT = "5f0c3a9be1d24c7708aa91b3"
MASTER_KEY = bytes(range(32))
SMALL = ConnectorProcess(connector="crm", action="started", pid=1234, reason="demand")
STARTED = CallStarted(
    method="tools/call",
    endpoint="/mcp/crm",
    actor=Actor(subject=SUBJECT, kind="person", auth="token"),
    client=Client(name="test-client", version="1"),
    source=Source(ip="127.0.0.1", port=40123),
    trace=Trace(id="0af7651916cd43dd8448eb211c80319c", parent="b7ad6b7169203331"),
    connector="crm",
    tool="find_customer",
)


class Limits(msgspec.Struct, frozen=True):
    """Small sizes, so that tests roll over often."""

    segment_bytes: int = 64 * 1024
    reserve_bytes: int = 8 * 1024


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.wall = 1_795_000_000_000_000
        self.monotonic = 5_000_000

    def wall_us(self) -> int:
        return self.wall

    def monotonic_us(self) -> int:
        return self.monotonic


def finished(started: Receipt) -> CallFinished:
    """Return the good end of a call."""
    return CallFinished(call=started.id, started_seq=started.seq, outcome=Outcome(status="ok", transport="ok"), timing=Timing(total_us=812))


def open_vault(data_dir: Path) -> Vault:
    """Return the vault of a data directory."""
    return Vault(data_dir / "keys", MASTER_KEY)


def open_book(data_dir: Path, *, limits: Limits | None = None, clock: Clock | None = None) -> Book:
    """Open the book of a data directory."""
    return Book.open(data_dir / "log", STREAM, open_vault(data_dir), limits or Limits(), clock)


def read_entries(data_dir: Path, *, whole: bool = True) -> list[Entry]:
    """Return all records of the stream."""
    reader = StreamReader(data_dir / "log" / STREAM, whole=whole)
    entries: list[Entry] = []
    try:
        while some := reader.read():
            entries += some
    finally:
        reader.close()
    return entries


def fields_of(entry: Entry) -> dict[str, object]:
    """Return a core as a dict."""
    fields: dict[str, object] = msgspec.json.decode(entry.core)
    return fields


def types_of(data_dir: Path) -> list[object]:
    """Return the types of all records, in order."""
    return [fields_of(entry)["type"] for entry in read_entries(data_dir)]
