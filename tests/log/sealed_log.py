"""Builds a small sealed log with the real writer and sealer, and changes it as an attacker with access to the disk would."""

import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatebook.log.book import Book
from gatebook.log.frames import FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES, Frame, encode_frame, parse_frame
from gatebook.log.note import VerifierKey, key_of
from gatebook.log.seal import Sealer
from gatebook.log.segment import segment_path, segments
from gatebook.log.vault import Vault
from gatebook.record import body, parts
from gatebook.record.codec import leaf_hash
from gatebook.settings import LogSettings

ORIGIN = "gatebook/acme/node/1"
LIMITS = LogSettings(segment_bytes=64 * 1024, reserve_bytes=0)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC = key_of(ORIGIN, KEY)


def call_started(tool: str) -> body.CallStarted:
    """A call as the gateway would record it."""
    return body.CallStarted(
        method="tools/call",
        endpoint="/mcp/crm",
        actor=parts.Actor(subject="ab" * 12, kind="person", auth="token", token="tok_1"),
        client=parts.Client(name="Claude Code", version="2.1.0", user_agent='agent "parts":[ \\ "digest":"'),
        source=parts.Source(ip="10.0.0.7", port=50123),
        trace=parts.Trace(id="0a" * 16, parent="0b" * 8),
        connector="crm",
        tool=tool,
    )


def call_finished(call: str, seq: int) -> body.CallFinished:
    """The outcome of that call."""
    outcome = parts.Outcome(status="ok", transport="ok", http_status=200)
    return body.CallFinished(call=call, started_seq=seq, outcome=outcome, timing=parts.Timing(total_us=5000, upstream_us=4000))


def write_calls(
    log_dir: Path, stream: str, count: int, label: str = "tool", limits: LogSettings = LIMITS, sizes: tuple[int, int] = (300, 900)
) -> None:
    """Record `count` calls, two records each, with payloads of the sizes given."""
    vault = Vault(log_dir.parent / "keys", bytes(32))
    book = Book.open(log_dir, stream, vault, limits)
    for number in range(count):
        started = book.append(
            call_started(f"{label}-{number}"),
            parts=[("identity", b'{"email":"anna@example.com"}'), ("arguments", b"a" * sizes[0])],
            subject="ab" * 12,
        )
        receipt = book.append(call_finished(started.id, started.seq), parts=[("response", b"r" * sizes[1])], subject="ab" * 12)
        if number % 50 == 49 or number == count - 1:
            receipt.wait(10)
    book.close()


def seal(log_dir: Path, key: Ed25519PrivateKey = KEY) -> str:
    """Seal all that is there; returns the newest signed note."""
    sealer = Sealer(log_dir, key, ORIGIN)
    sealer.step(flush=True)
    sealer.close()
    return (log_dir / "tree" / "checkpoint").read_text()


@dataclass
class SealedLog:
    """Two streams; three checkpoints, of which the last two were kept elsewhere; some records after the last."""

    log_dir: Path
    kept: list[str] = field(default_factory=list)
    public: VerifierKey = PUBLIC


def build(root: Path, *, unsealed: bool = False) -> SealedLog:
    """Make the log: stream node-w0 spans several segments."""
    log = SealedLog(root / "log")
    for step in range(3):
        write_calls(log.log_dir, "node-w0", 20, f"w{step}")
        write_calls(log.log_dir, "node-k", 4, f"k{step}")
        note = seal(log.log_dir)
        if step:
            log.kept.append(note)
    if unsealed:
        write_calls(log.log_dir, "node-w0", 5, "late")
    return log


@dataclass
class Cell:
    """One frame and its place."""

    segment: int
    offset: int
    frame: Frame


def cells(log_dir: Path, stream: str) -> list[Cell]:
    """All frames of a stream."""
    found = []
    for first in segments(log_dir / stream):
        data = segment_path(log_dir / stream, first).read_bytes()
        at = SEGMENT_HEADER_BYTES
        while isinstance(frame := parse_frame(data, at), Frame):
            found.append(Cell(first, at, frame))
            at = frame.end
    return found


def write_segment(log_dir: Path, stream: str, first: int, frames: list[tuple[bytes, bytes]]) -> None:
    """Write a segment again with these (core, payload); every frame is a commit of its own."""
    path = segment_path(log_dir / stream, first)
    old = path.read_bytes()
    data = bytearray(old[:SEGMENT_HEADER_BYTES])
    for core, payload in frames:
        data += encode_frame(core, payload, len(data))
    path.write_bytes(bytes(data) + bytes(max(0, len(old) - len(data))))


def edit_segment(log_dir: Path, stream: str, seq: int, edit: Callable[[list[tuple[bytes, bytes]], int], None]) -> None:
    """Let `edit` change the list of (core, payload) of the segment that holds record `seq`, given its place in the list."""
    all_cells = cells(log_dir, stream)
    first = all_cells[seq - 1].segment
    own = [(cell.frame.core, cell.frame.payload) for cell in all_cells if cell.segment == first]
    place = seq - 1 - next(index for index, cell in enumerate(all_cells) if cell.segment == first)
    edit(own, place)
    write_segment(log_dir, stream, first, own)


def fix_checksum(log_dir: Path, stream: str, cell: Cell) -> None:
    """Write the checksum that fits the bytes of a frame as they are now."""
    path = segment_path(log_dir / stream, cell.segment)
    data = bytearray(path.read_bytes())
    total = struct.unpack_from("<I", data, cell.offset + 4)[0]
    end = cell.offset + FRAME_HEADER_BYTES + total
    checksum = zlib.crc32(data[cell.offset + 16 : end], zlib.crc32(data[cell.offset + 4 : cell.offset + 12]))
    struct.pack_into("<I", data, cell.offset + 12, checksum)
    path.write_bytes(bytes(data))


def flip(log_dir: Path, stream: str, cell: Cell, at: int, *, fixed: bool, bit: int = 1) -> None:
    """Flip a bit of the byte `at` within a frame, and make the checksum fit if `fixed`."""
    path = segment_path(log_dir / stream, cell.segment)
    data = bytearray(path.read_bytes())
    data[cell.offset + at] ^= bit
    path.write_bytes(bytes(data))
    if fixed:
        fix_checksum(log_dir, stream, cell)


def rechain(log_dir: Path, stream: str, change: Callable[[int, dict[str, object]], None]) -> None:
    """Write the whole stream again after `change(seq, record)`, with every `prev` computed anew."""
    prev = "0" * 64
    by_segment: dict[int, list[tuple[bytes, bytes]]] = {}
    for seq, cell in enumerate(cells(log_dir, stream), 1):
        record = json.loads(cell.frame.core)
        change(seq, record)
        record["prev"] = prev
        core = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode()
        prev = leaf_hash(core).hex()
        by_segment.setdefault(cell.segment, []).append((core, cell.frame.payload))
    for first, frames in by_segment.items():
        write_segment(log_dir, stream, first, frames)
