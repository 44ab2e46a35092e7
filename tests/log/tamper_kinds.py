"""Every kind of tampering that verification must find, and the first bad place that it must name. `docs/tamper-table.md` is made from this."""

import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass

from gatebook.log.frames import FRAME_HEADER_BYTES, encode_frame
from gatebook.log.segment import segment_path, segments
from tests.log.sealed_log import (
    OTHER_KEY,
    Cell,
    SealedLog,
    cells,
    edit_segment,
    fix_checksum,
    flip,
    rechain,
    seal,
    write_calls,
    write_segment,
)

W0 = "node-w0"
SEQ = 60  # sealed by the second checkpoint, in the middle of a segment


@dataclass(frozen=True)
class Place:
    """The first bad place. `seq_last`: a range, where only a checkpoint shows that something is wrong."""

    stream: str | None
    seq: int | None
    seq_last: int | None = None


@dataclass(frozen=True)
class Tampering:
    """A way to change the log, what is found, and whether that takes a key or a checkpoint that was kept elsewhere."""

    name: str
    text: str
    apply: Callable[[SealedLog], Place]
    needs: str = "-"


def _cell(log: SealedLog, seq: int = SEQ) -> Cell:
    return cells(log.log_dir, W0)[seq - 1]


def _flip(part: str, *, fixed: bool) -> Callable[[SealedLog], Place]:
    def apply(log: SealedLog) -> Place:
        cell = _cell(log)
        core = len(cell.frame.core)
        at = {
            "magic": 1,
            "length": 4,
            "core_length": 8,
            "checksum": 13,
            "batch": 17,
            "core": FRAME_HEADER_BYTES + core // 2,
            "prev": FRAME_HEADER_BYTES + cell.frame.core.index(b'"prev":"') + 10,
            "part_code": FRAME_HEADER_BYTES + core,
            "part_length": FRAME_HEADER_BYTES + core + 1,
            "payload": FRAME_HEADER_BYTES + core + 40,
        }[part]
        flip(log.log_dir, W0, cell, at, fixed=fixed)
        return Place(W0, SEQ)

    return apply


def _rechained(log: SealedLog) -> Place:
    rechain(log.log_dir, W0, lambda seq, record: record.__setitem__("time", 1) if seq == SEQ else None)
    return Place(W0, SEQ)


def _resealed_tiles(log: SealedLog) -> Place:
    """Change a record, compute the chain and all tiles anew, and put the signed checkpoints back."""
    tree = log.log_dir / "tree"
    signed = {name: (tree / name).read_bytes() for name in ("checkpoint", "checkpoints.ndjson", "runs", "key.pub")}
    runs = [line.split() for line in signed["runs"].decode().splitlines()]
    _rechained(log)
    from gatebook.log.tiles import TileWriter
    from gatebook.record.codec import leaf_hash

    shutil.rmtree(tree / "tile")
    (tree / "tile").mkdir()
    tiles = TileWriter(tree / "tile", 0)
    for _, stream, first, count in runs:
        own = cells(log.log_dir, stream)[int(first) - 1 : int(first) - 1 + int(count)]
        tiles.append(b"".join(leaf_hash(cell.frame.core) for cell in own))
    tiles.flush()
    # The first checkpoint holds and covers 40 records of the stream; the second does not.
    return Place(W0, 41, None)


def _dropped(log: SealedLog) -> Place:
    edit_segment(log.log_dir, W0, SEQ, lambda frames, at: frames.pop(at))
    return Place(W0, SEQ)


def _swapped(log: SealedLog) -> Place:
    def edit(frames: list[tuple[bytes, bytes]], at: int) -> None:
        frames[at], frames[at + 1] = frames[at + 1], frames[at]

    edit_segment(log.log_dir, W0, SEQ, edit)
    return Place(W0, SEQ)


def _duplicated(log: SealedLog) -> Place:
    edit_segment(log.log_dir, W0, SEQ, lambda frames, at: frames.insert(at + 1, frames[at]))
    return Place(W0, SEQ + 1)


def _inserted(log: SealedLog) -> Place:
    def edit(frames: list[tuple[bytes, bytes]], at: int) -> None:
        record = json.loads(frames[at][0])
        record["time"] += 1
        frames.insert(at, (json.dumps(record, separators=(",", ":")).encode(), frames[at][1]))

    edit_segment(log.log_dir, W0, SEQ, edit)
    return Place(W0, SEQ)


def _payloads_exchanged(log: SealedLog) -> Place:
    def edit(frames: list[tuple[bytes, bytes]], at: int) -> None:
        frames[at], frames[at + 2] = (frames[at][0], frames[at + 2][1]), (frames[at + 2][0], frames[at][1])

    edit_segment(log.log_dir, W0, SEQ, edit)
    return Place(W0, SEQ)


def _segment_removed(log: SealedLog) -> Place:
    firsts = segments(log.log_dir / W0)
    segment_path(log.log_dir / W0, firsts[1]).unlink()
    return Place(W0, firsts[1])


def _frame_zeroed(log: SealedLog) -> Place:
    cell = _cell(log)
    path = segment_path(log.log_dir / W0, cell.segment)
    data = bytearray(path.read_bytes())
    data[cell.offset : cell.frame.end] = bytes(cell.frame.end - cell.offset)
    path.write_bytes(bytes(data))
    return Place(W0, SEQ)


def _cut(log: SealedLog, keep: int, *, position: bool) -> Place:
    """Zero the stream from record `keep` + 1 on; with `position`, move the durable position back as well."""
    cell = cells(log.log_dir, W0)[keep]
    for first in segments(log.log_dir / W0):
        path = segment_path(log.log_dir / W0, first)
        if first > cell.segment:
            path.unlink()
        elif first == cell.segment:
            data = path.read_bytes()
            path.write_bytes(data[: cell.offset] + bytes(len(data) - cell.offset))
    if position:
        (log.log_dir / W0 / "position").write_bytes(struct.pack("<QQ", cell.segment, cell.offset))
    return Place(W0, keep + 1)


def _tail_cut(log: SealedLog) -> Place:
    return _cut(log, 110, position=True)


def _unsealed_tail_cut(log: SealedLog) -> Place:
    last = len(cells(log.log_dir, W0))
    return _cut(log, last - 3, position=False)


def _rolled_back(log: SealedLog) -> Place:
    """Cut the tail and take the tree back to the first checkpoint, as if the rest had never been."""
    tree = log.log_dir / "tree"
    first = json.loads((tree / "checkpoints.ndjson").read_text().splitlines()[0])
    _cut(log, 40, position=True)
    k_cells = cells(log.log_dir, "node-k")
    path = segment_path(log.log_dir / "node-k", 1)
    data = path.read_bytes()
    path.write_bytes(data[: k_cells[8].offset] + bytes(len(data) - k_cells[8].offset))
    (log.log_dir / "node-k" / "position").write_bytes(struct.pack("<QQ", 1, k_cells[8].offset))
    (tree / "checkpoint").write_text(first["note"])
    (tree / "checkpoints.ndjson").write_text(json.dumps(first) + "\n")
    (tree / "runs").write_text("".join((tree / "runs").read_text().splitlines(keepends=True)[:2]))
    return Place("node-k", 9, 16)


def _rewritten(log: SealedLog) -> Place:
    """Throw the log away and write another one, sealed with another key."""
    shutil.rmtree(log.log_dir)
    write_calls(log.log_dir, W0, 70, "forged")
    write_calls(log.log_dir, "node-k", 20, "forged")
    seal(log.log_dir, OTHER_KEY)
    return Place("node-k", 1)


def _edited_and_resigned(log: SealedLog) -> Place:
    """Change one record, compute the chain anew, and seal it all again with another key."""
    _rechained(log)
    shutil.rmtree(log.log_dir / "tree")
    seal(log.log_dir, OTHER_KEY)
    return Place(W0, 1)


def _tree_removed(log: SealedLog) -> Place:
    _rechained(log)
    shutil.rmtree(log.log_dir / "tree")
    return Place(W0, 1)


def _unsealed_edit(log: SealedLog) -> Place:
    seq = len(cells(log.log_dir, W0)) - 4
    cell = _cell(log, seq)
    flip(log.log_dir, W0, cell, FRAME_HEADER_BYTES + cell.frame.core.index(b'"type"') + 9, fixed=True)
    return Place(W0, seq)


def _stream_removed(log: SealedLog) -> Place:
    shutil.rmtree(log.log_dir / "node-k")
    return Place("node-k", 1)


def _foreign_frame(log: SealedLog) -> Place:
    """Put a record of another stream in a record's place."""
    other = cells(log.log_dir, "node-k")[2].frame
    edit_segment(log.log_dir, W0, SEQ, lambda frames, at: frames.__setitem__(at, (other.core, other.payload)))
    return Place(W0, SEQ)


KINDS = [
    *(
        Tampering(
            f"flip_{part}{'_fixed' if fixed else ''}",
            f"one bit of {text} flipped{', checksum made to fit' if fixed else ''}",
            _flip(part, fixed=fixed),
        )
        for part, text in (
            ("magic", "the frame's magic"),
            ("length", "the frame's length"),
            ("core_length", "the length of the core"),
            ("checksum", "the checksum"),
            ("batch", "the start of the write"),
            ("core", "the core"),
            ("prev", "the link to the record before"),
            ("part_code", "the name of a payload part"),
            ("part_length", "the length of a payload part"),
            ("payload", "an encrypted payload"),
        )
        for fixed in (False, True)
        if not (fixed and part in ("checksum", "length"))
    ),
    Tampering("rechained", "a record changed, checksums and the chain computed anew", _rechained),
    Tampering("resealed_tiles", "a record changed; checksums, chain and tiles computed anew", _resealed_tiles),
    Tampering("unsealed_edit", "a record after the last checkpoint changed, checksum made to fit", _unsealed_edit),
    Tampering("dropped", "a record taken out", _dropped),
    Tampering("swapped", "two records swapped", _swapped),
    Tampering("duplicated", "a record written twice", _duplicated),
    Tampering("inserted", "a forged record put in", _inserted),
    Tampering("foreign", "a record replaced by one of another stream", _foreign_frame),
    Tampering("payloads_exchanged", "the payloads of two records exchanged", _payloads_exchanged),
    Tampering("frame_zeroed", "a record overwritten with zeros", _frame_zeroed),
    Tampering("segment_removed", "a segment file deleted", _segment_removed),
    Tampering("stream_removed", "a whole stream deleted", _stream_removed),
    Tampering("tail_cut", "the end of a stream cut off, position file set back", _tail_cut),
    Tampering("unsealed_tail_cut", "records after the last checkpoint cut off", _unsealed_tail_cut),
    Tampering("rolled_back", "streams, tree and checkpoints taken back to an earlier state", _rolled_back, "checkpoint"),
    Tampering("edited_and_resigned", "a record changed, the log sealed again with another key", _edited_and_resigned, "key or checkpoint"),
    Tampering("rewritten", "the log written anew and sealed with another key", _rewritten, "key or checkpoint"),
    Tampering("tree_removed", "a record changed, the chain computed anew, the tree deleted", _tree_removed, "checkpoint"),
]

__all__ = ["KINDS", "Place", "Tampering", "encode_frame", "fix_checksum", "write_segment"]
