"""Verification beside a live writer, of a part of the log, and what it reports that is no fault."""

import struct
import threading
import time
from pathlib import Path

import pytest

from gatebook.log.book import Book
from gatebook.log.frames import encode_frame
from gatebook.log.seal import Sealer
from gatebook.log.segment import segment_path
from gatebook.log.vault import Vault
from gatebook.log.verify import Scope, verify
from tests.log.sealed_log import KEY, LIMITS, ORIGIN, PUBLIC, build, call_started, cells, edit_segment, flip, seal, write_calls


def test_report_of_a_whole_log(tmp_path: Path) -> None:
    """Counts, heads and the root are those of the log."""
    log = build(tmp_path, unsealed=True)
    report = verify(log.log_dir, public_key=PUBLIC, kept_checkpoints=log.kept)
    assert report.ok and report.key_trusted and report.first_bad is None
    assert report.records == len(cells(log.log_dir, "node-w0")) + len(cells(log.log_dir, "node-k"))
    assert (report.checkpoints, report.kept_checkpoints, report.tree_size + report.unsealed) == (3, 2, report.records)
    assert [(one.name, one.first_seq, one.last_seq) for one in report.streams] == [("node-k", 1, 24), ("node-w0", 1, 133)]


def test_no_key_is_said(tmp_path: Path) -> None:
    """Without a key the report says that the log vouches for itself."""
    report = verify(build(tmp_path).log_dir)
    assert report.ok and not report.key_trusted
    assert any("self-asserted" in note for note in report.notes)


def test_beside_a_writer_and_a_sealer(tmp_path: Path) -> None:
    """While streams are written and sealed there is never a finding, and what was acknowledged before is checked."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 1)
    stop = threading.Event()

    def write() -> None:
        book = Book.open(log_dir, "node-w0", Vault(tmp_path / "keys", bytes(32)), LIMITS)
        while not stop.is_set():
            book.append(call_started("live"), parts=[("arguments", b"a" * 500)], subject="ab" * 12).wait(10)
        book.close()

    def sign() -> None:
        sealer = Sealer(log_dir, KEY, ORIGIN, interval_s=0.01)
        while not stop.is_set():
            sealer.step()
            stop.wait(0.01)
        sealer.close()

    threads = [threading.Thread(target=work) for work in (write, sign)]
    for thread in threads:
        thread.start()
    seen: set[str] = set()
    records = 0
    began = time.monotonic()
    try:
        while len(seen) < 20 and time.monotonic() - began < 20:
            path = log_dir / "tree" / "checkpoint"
            kept = [path.read_text()] if path.exists() else []
            report = verify(log_dir, public_key=PUBLIC, kept_checkpoints=kept)
            assert report.ok, report.first_bad
            assert report.records >= records
            records = report.records
            seen.update(kept)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(seen) == 20


def test_range_of_a_stream(tmp_path: Path) -> None:
    """A range reads only its segments, is checked against the tree, and shows damage inside it alone."""
    log = build(tmp_path)
    scope = Scope(stream="node-w0", first_seq=50, last_seq=70)
    report = verify(log.log_dir, public_key=PUBLIC, scope=scope)
    assert report.ok and report.streams[0].last_seq == 70 and report.records == 28  # from the beginning of the segment, record 43
    cell = cells(log.log_dir, "node-w0")[99]
    flip(log.log_dir, "node-w0", cell, 40, fixed=True)
    assert verify(log.log_dir, public_key=PUBLIC, scope=scope).ok
    report = verify(log.log_dir, public_key=PUBLIC, scope=Scope(stream="node-w0", first_seq=90))
    assert report.first_bad is not None and (report.first_bad.kind, report.first_bad.seq) == ("leaf", 100)


def test_dropped_payload_is_counted(tmp_path: Path) -> None:
    """A payload that retention took out is no finding; it is counted."""
    log = build(tmp_path)
    edit_segment(log.log_dir, "node-w0", 60, lambda frames, at: frames.__setitem__(at, (frames[at][0], b"")))
    report = verify(log.log_dir, public_key=PUBLIC, kept_checkpoints=log.kept)
    assert report.ok, report.first_bad
    assert sum(one.payloads_dropped for one in report.streams) == 1


def test_unfinished_write_at_the_end_is_no_finding(tmp_path: Path) -> None:
    """Bytes behind the durable position that are no whole frame were never acknowledged."""
    log = build(tmp_path)
    last = cells(log.log_dir, "node-k")[-1]
    path = segment_path(log.log_dir / "node-k", last.segment)
    data = bytearray(path.read_bytes())
    data[last.frame.end : last.frame.end + 40] = encode_frame(b"{}" * 40, b"", last.frame.end)[:40]
    path.write_bytes(bytes(data))
    report = verify(log.log_dir, public_key=PUBLIC)
    assert report.ok and [one.unfinished_tail_bytes for one in report.streams] == [40, 0]


def test_records_that_are_written_after_the_bad_place_prove_damage(tmp_path: Path) -> None:
    """Without the position file, a later write behind the bad frame shows that it had been durable."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 60)
    cell = cells(log_dir, "node-w0")[20]
    flip(log_dir, "node-w0", cell, 100, fixed=False)
    (log_dir / "node-w0" / "position").unlink()
    for first in [one for one in (path.name for path in (log_dir / "node-w0").glob("*.seg")) if int(first_of(one)) > cell.segment]:
        (log_dir / "node-w0" / first).unlink()
    report = verify(log_dir)
    assert report.first_bad is not None and (report.first_bad.kind, report.first_bad.seq) == ("frame", 21)


def first_of(name: str) -> str:
    """The number in the name of a segment."""
    return name.removesuffix(".seg")


@pytest.mark.parametrize("change", ["flip", "missing"])
def test_damaged_tile_is_told_from_a_damaged_record(tmp_path: Path, change: str) -> None:
    """When the records still have the signed root, the tile is to blame."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 200)
    seal(log_dir)
    path = log_dir / "tree" / "tile" / "0" / "000"
    data = bytearray(path.read_bytes())
    data[32 * 9] ^= 1
    path.write_bytes(bytes(data)) if change == "flip" else path.unlink()
    report = verify(log_dir, public_key=PUBLIC)
    assert {finding.kind for finding in report.findings} == {"tile"}
    if change == "flip":
        assert report.first_bad is not None and report.first_bad.seq == 10


def test_tile_of_a_higher_level(tmp_path: Path) -> None:
    """A changed hash above the leaves is found too."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 300)
    seal(log_dir)
    path = log_dir / "tree" / "tile" / "1" / "000.p" / "2"
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    report = verify(log_dir, public_key=PUBLIC)
    assert [finding.kind for finding in report.findings] == ["tile"]


@pytest.mark.parametrize("line", ["rubbish\n", "0 node-k 2 8\n", ""])
def test_damaged_runs(tmp_path: Path, line: str) -> None:
    """A list of runs that is no longer what was written is a finding, never a crash."""
    log = build(tmp_path)
    path = log.log_dir / "tree" / "runs"
    path.write_text(line + "".join(path.read_text().splitlines(keepends=True)[1:]))
    report = verify(log.log_dir, public_key=PUBLIC)
    assert "runs" in {finding.kind for finding in report.findings}


def test_position_that_names_a_missing_segment(tmp_path: Path) -> None:
    """The newest segment of a log that was never sealed cannot vanish unseen."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 60)
    newest = cells(log_dir, "node-w0")[-1].segment
    segment_path(log_dir / "node-w0", newest).unlink()
    report = verify(log_dir)
    assert report.first_bad is not None and (report.first_bad.kind, report.first_bad.seq) == ("missing", newest)


def test_findings_are_capped(tmp_path: Path) -> None:
    """A log that is all wrong gives a report of bounded size that says how much was left out."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 300)
    path = segment_path(log_dir / "node-w0", 1)
    data = bytearray(path.read_bytes())
    for cell in cells(log_dir, "node-w0"):
        if cell.segment == 1:
            struct.pack_into("<I", data, cell.offset + 12, 0)
    path.write_bytes(bytes(data))
    report = verify(log_dir)
    assert not report.ok and report.first_bad is not None and report.first_bad.seq == 1
    assert len(report.findings) <= 200


def test_progress_is_called(tmp_path: Path) -> None:
    """The callback is told how far each stream is."""
    log = build(tmp_path)
    steps: list[tuple[str, int, int]] = []
    verify(log.log_dir, progress=lambda stream, records, size: steps.append((stream, records, size)))
    assert {stream for stream, _, _ in steps} == {"node-w0", "node-k"}
    assert max(records for stream, records, _ in steps if stream == "node-w0") == 122


def test_no_log(tmp_path: Path) -> None:
    """A directory that is not there is an error of the caller, not a finding."""
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "log")
