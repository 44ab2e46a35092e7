"""Opening after a crash: a torn write is cut and kept, damage stops the start and is named."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.log.errors import LogDamaged
from gatebook.log.frames import SEGMENT_HEADER_BYTES, encode_frame
from gatebook.log.position import Position, PositionFile, read_position
from gatebook.log.recovery import damage_behind, read_tail
from gatebook.log.segment import segment_path, segments
from tests.log.samples import SMALL, STARTED, STREAM, SUBJECT, fields_of, finished, open_book, read_entries, types_of

quick = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one segment of records, each its own group commit."""
    data_dir = tmp_path_factory.mktemp("recorded")
    book = open_book(data_dir)
    for number in range(12):
        started = book.append(STARTED, parts=[("arguments", bytes(number * 20))], subject=SUBJECT)
        started.wait(5)
        book.append(finished(started)).wait(5)
    book.close()
    return data_dir


def copy(recorded: Path, into: Path) -> tuple[Path, Path]:
    """Return a fresh copy of a data directory and its first segment."""
    data_dir = into / "data"
    shutil.rmtree(data_dir, ignore_errors=True)
    shutil.copytree(recorded, data_dir)
    return data_dir, segment_path(data_dir / "log" / STREAM, 1)


def unwrite(segment: Path, offset: int, tail: bytes) -> None:
    """Put bytes where records were, zeros behind them, and have the position vouch for what is before only: a write that was never acknowledged."""
    data = segment.read_bytes()
    segment.write_bytes((data[:offset] + tail).ljust(len(data), b"\0"))
    PositionFile(segment.parent, Position(1, offset)).close()


@quick
@given(st.data())
def test_a_torn_tail_is_cut_and_kept(recorded: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Whatever an unacknowledged write left behind, everything before it is there, the rest is copied aside, and the cut is on record."""
    data_dir, segment = copy(recorded, tmp_path)
    entries = read_entries(data_dir)
    keep = data.draw(st.integers(0, len(entries)))
    offset = entries[keep].at.offset if keep < len(entries) else entries[-1].position.offset
    frame = encode_frame(b'{"never":"acknowledged"}' * 5, b"payload" * 30, offset)
    size = data.draw(st.integers(1, len(frame) - 1))
    torn = bytearray(frame[:size] if data.draw(st.booleans()) else data.draw(st.binary(min_size=1, max_size=400)))
    torn[-1] |= 1
    unwrite(segment, offset, bytes(torn))
    open_book(data_dir).close()
    after = read_entries(data_dir)
    assert after[:keep] == entries[:keep]
    cut = fields_of(after[keep])
    assert (cut["type"], cut["at_seq"], cut["offset"], cut["size"]) == ("log.tail_cut", keep + 1, offset, len(torn))
    assert (segment.parent / f"torn-{keep + 1}-{offset}").read_bytes() == bytes(torn)
    assert [fields_of(entry)["type"] for entry in after[keep + 1 :]] == ["call.outcome_unknown"] * (keep % 2)
    last = after[-1].position.offset
    assert not segment.read_bytes()[last:].strip(b"\0")
    open_book(data_dir).close()
    assert read_entries(data_dir) == after


@quick
@given(st.data())
def test_damage_where_it_was_durable_is_named(recorded: Path, tmp_path: Path, data: st.DataObject) -> None:
    """A changed byte in any acknowledged record stops the opening with segment, offset and seq of that record; nothing is changed by it."""
    data_dir, segment = copy(recorded, tmp_path)
    entries = read_entries(data_dir)
    hit = data.draw(st.integers(0, len(entries) - 1))
    at = data.draw(st.integers(entries[hit].at.offset, entries[hit].position.offset - 1))
    damaged = bytearray(segment.read_bytes())
    damaged[at] ^= data.draw(st.integers(1, 255))
    segment.write_bytes(damaged)
    if data.draw(st.booleans()) and hit < len(entries) - 1:
        # Without the position the later records still show it.
        (segment.parent / "position").unlink()
    with pytest.raises(LogDamaged) as caught:
        open_book(data_dir)
    assert (caught.value.segment, caught.value.offset, caught.value.seq) == (1, entries[hit].at.offset, hit + 1)
    assert segment.read_bytes() == bytes(damaged)


@quick
@given(st.data())
def test_a_segment_cut_short_where_it_was_durable_is_named(recorded: Path, tmp_path: Path, data: st.DataObject) -> None:
    """Truncation of acknowledged records is damage, as the position vouches for them."""
    data_dir, segment = copy(recorded, tmp_path)
    entries = read_entries(data_dir)
    size = data.draw(st.integers(SEGMENT_HEADER_BYTES, entries[-1].position.offset - 1))
    segment.write_bytes(segment.read_bytes()[:size])
    first_missing = next(seq for seq, entry in enumerate(entries, 1) if entry.position.offset > size)
    with pytest.raises(LogDamaged) as caught:
        open_book(data_dir)
    assert caught.value.seq == first_missing


def test_a_truncated_file_can_be_written_on(recorded: Path, tmp_path: Path) -> None:
    """A copy without the zeros at the end is whole: the next record goes to a new segment."""
    data_dir, segment = copy(recorded, tmp_path)
    entries = read_entries(data_dir)
    segment.write_bytes(segment.read_bytes()[: entries[-1].position.offset])
    book = open_book(data_dir)
    book.append(SMALL).wait(5)
    book.close()
    assert types_of(data_dir)[-2:] == ["log.segment_opened", "connector.process"]


def fill(data_dir: Path, upto_segments: int) -> None:
    """Write until there are so many segments; the last call stays open."""
    book = open_book(data_dir)
    while len(segments(data_dir / "log" / STREAM)) < upto_segments:
        book.append(SMALL).wait(5)
    book.append(STARTED).wait(5)
    book.close()


def test_a_segment_without_a_record_goes_on_from_the_one_before(tmp_path: Path) -> None:
    """Killed between making a segment and writing to it: the stream goes on, open calls are known, the first record is log.segment_opened."""
    fill(tmp_path, 1)
    book = open_book(tmp_path)
    started = book.append(STARTED)
    while len(segments(tmp_path / "log" / STREAM)) < 2:
        book.append(SMALL).wait(5)
    book.close()
    stream_dir = tmp_path / "log" / STREAM
    last = segments(stream_dir)[-1]
    path = segment_path(stream_dir, last)
    path.write_bytes(path.read_bytes()[:SEGMENT_HEADER_BYTES].ljust(path.stat().st_size, b"\0"))
    PositionFile(stream_dir, Position(last, SEGMENT_HEADER_BYTES)).close()
    open_book(tmp_path).close()
    tail = [fields_of(entry) for entry in read_entries(tmp_path)][last - 1 :]
    assert [fields["type"] for fields in tail] == ["log.segment_opened", "call.outcome_unknown"]
    assert tail[1]["call"] == started.id


def test_a_torn_first_record_of_a_segment_is_cut(tmp_path: Path) -> None:
    """The same when the first write to the new segment was torn: it still begins with log.segment_opened."""
    fill(tmp_path, 2)
    stream_dir = tmp_path / "log" / STREAM
    last = segments(stream_dir)[-1]
    path = segment_path(stream_dir, last)
    path.write_bytes((path.read_bytes()[:SEGMENT_HEADER_BYTES] + b"GBR1torn").ljust(path.stat().st_size, b"\0"))
    PositionFile(stream_dir, Position(last, SEGMENT_HEADER_BYTES)).close()
    open_book(tmp_path).close()
    assert types_of(tmp_path)[last - 1 :] == ["log.segment_opened", "log.tail_cut"]


def test_a_missing_last_segment_is_named(tmp_path: Path) -> None:
    """The newest segment is gone: the position says so."""
    fill(tmp_path, 3)
    stream_dir = tmp_path / "log" / STREAM
    last = segments(stream_dir)[-1]
    segment_path(stream_dir, last).unlink()
    with pytest.raises(LogDamaged, match="missing") as caught:
        open_book(tmp_path)
    assert caught.value.segment == last


def test_all_segments_missing_is_named(tmp_path: Path) -> None:
    """A stream whose position remains cannot begin again from record 1."""
    fill(tmp_path, 1)
    segment_path(tmp_path / "log" / STREAM, 1).unlink()
    with pytest.raises(LogDamaged, match="all segments are missing"):
        open_book(tmp_path)


def test_a_record_of_another_stream_is_named(recorded: Path, tmp_path: Path) -> None:
    """A segment that was copied from another stream is not continued."""
    data_dir, segment = copy(recorded, tmp_path)
    segment.parent.rename(segment.parent.with_name("other"))
    with pytest.raises(LogDamaged, match="another record is here"):
        read_tail(data_dir / "log" / "other")


def test_a_later_commit_shows_that_earlier_bytes_were_durable() -> None:
    """The rule itself: a whole frame with a later batch proves damage, one of the same batch does not."""
    hole = b"\0" * 100
    assert damage_behind(hole + encode_frame(b"{}", b"", 50) + hole, 50, 0) is None
    assert damage_behind(hole + encode_frame(b"{}", b"", 51) + hole, 50, 0) is not None
    assert damage_behind(hole, 50, 51) is not None
    assert damage_behind(hole, 50, 50) is None


def test_position_survives_opening(recorded: Path, tmp_path: Path) -> None:
    """Opening leaves the position at the end of what is durable."""
    data_dir, segment = copy(recorded, tmp_path)
    (segment.parent / "position").unlink()
    open_book(data_dir).close()
    assert read_position(segment.parent) == read_entries(data_dir)[-1].position
