"""Records are found by number without reading what is between."""

from pathlib import Path

from gatebook.index.starts import Starts
from gatebook.log.reader import read_entry
from gatebook.log.segment import segments
from gatebook.record.codec import decode_header
from tests.index.conftest import Writer


def test_every_record_is_found_in_every_segment(tmp_path: Path, writer: Writer) -> None:
    """Also those that were written after the segment was looked through, and none that is not there."""
    stream_dir = tmp_path / "log" / "n-w0"
    for _ in range(20):
        writer.call("x" * 20_000)
    writer.sync()
    starts = Starts(stream_dir)
    assert len(segments(stream_dir)) > 1
    last = next(seq for seq in range(40, 100) if starts.position(seq + 1) is None)
    for seq in (last, 1, 20, 40, 2):
        at = starts.position(seq)
        assert at is not None and decode_header(read_entry(stream_dir, at).core).seq == seq
    assert starts.position(0) is None
    writer.sync()
    at = starts.position(last + 1)
    assert at is not None and decode_header(read_entry(stream_dir, at).core).seq == last + 1
    assert starts.position(last + 2) is None
