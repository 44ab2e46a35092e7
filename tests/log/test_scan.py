"""Reading a stream from end to end: places of records, going on after damage."""

from pathlib import Path

import pytest

from gatebook.log.scan import Batch, StreamScan
from gatebook.log.segment import segment_path
from gatebook.record.codec import leaf_hash
from gatebook.settings import LogSettings
from tests.log.sealed_log import cells, edit_segment, flip, write_calls


def scan(log_dir: Path, **options: bool) -> tuple[StreamScan, list[Batch]]:
    """Scan the stream node-w0."""
    batches: list[Batch] = []
    one = StreamScan(log_dir / "node-w0", batches.append, **options)
    one.run()
    return one, batches


def test_leaf_hash_and_place_of_every_record(tmp_path: Path) -> None:
    """Batches hold each record once, in order, with its leaf hash, segment and offset."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 120)
    one, batches = scan(log_dir)
    seen = [(b.segment, offset, hash_) for b in batches for offset, hash_ in zip(b.offsets, b.hashes, strict=True)]
    assert seen == [(cell.segment, cell.offset, leaf_hash(cell.frame.core)) for cell in cells(log_dir, "node-w0")]
    assert [b.first_seq for b in batches] == [1, *(sum(len(x.hashes) for x in batches[:n]) + 1 for n in range(1, len(batches)))]
    assert not one.findings.items


def test_records_larger_than_a_read(tmp_path: Path) -> None:
    """Frames that span several reads are taken whole."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 4, limits=LogSettings(segment_bytes=16 << 20, reserve_bytes=0), sizes=(700_000, 3_000_000))
    one, _ = scan(log_dir)
    assert (one.summary.records, one.findings.items) == (8, [])


@pytest.mark.parametrize("at", [0, 4, 8, 12, 30])
def test_goes_on_after_damage(tmp_path: Path, at: int) -> None:
    """A damaged frame is one finding; the records after it are checked all the same."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 20)
    flip(log_dir, "node-w0", cells(log_dir, "node-w0")[9], at, fixed=False)
    one, batches = scan(log_dir)
    assert [(finding.kind, finding.seq, finding.seq_last) for finding in one.findings.items] == [("frame", 10, None)]
    assert sum(len(batch.hashes) for batch in batches) == 39 and one.summary.last_seq == 40


def test_several_records_lost_in_one_place(tmp_path: Path) -> None:
    """The finding says which records are gone."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 20)
    own = cells(log_dir, "node-w0")
    path = segment_path(log_dir / "node-w0", 1)
    data = bytearray(path.read_bytes())
    data[own[9].offset : own[14].offset] = b"x" * (own[14].offset - own[9].offset)
    path.write_bytes(bytes(data))
    one, _ = scan(log_dir)
    assert [(finding.seq, finding.seq_last, finding.offset) for finding in one.findings.items] == [(10, 14, own[9].offset)]


def test_without_payloads(tmp_path: Path) -> None:
    """Payload digests can be left out; the rest is checked."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)

    def exchange(frames: list[tuple[bytes, bytes]], at: int) -> None:
        frames[at], frames[at + 2] = (frames[at][0], frames[at + 2][1]), (frames[at + 2][0], frames[at][1])

    edit_segment(log_dir, "node-w0", 3, exchange)
    assert [finding.seq for finding in scan(log_dir)[0].findings.items] == [3, 5]
    assert not scan(log_dir, payloads=False)[0].findings.items
