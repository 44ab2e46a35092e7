"""Reading a stream: live and whole, across segments, from any position, and naming damage."""

from pathlib import Path

import pytest

from gatebook.log.errors import LogDamaged
from gatebook.log.frames import encode_frame
from gatebook.log.position import Position, read_position
from gatebook.log.reader import StreamReader, read_entry, streams
from gatebook.log.segment import segment_path, segments
from tests.log.samples import SMALL, STARTED, STREAM, SUBJECT, Limits, open_book, read_entries


def record(data_dir: Path, count: int, *, size: int = 300, limits: Limits | None = None) -> None:
    """Write so many records with payloads."""
    book = open_book(data_dir, limits=limits)
    for _ in range(count):
        receipt = book.append(STARTED, parts=[("arguments", bytes(size))], subject=SUBJECT)
    receipt.wait(10)
    book.close()


def test_reading_goes_on_from_any_position(tmp_path: Path) -> None:
    """A reader that is given the position of an entry reads what follows it, nothing twice and nothing left out."""
    record(tmp_path, 250)
    entries = read_entries(tmp_path)
    assert len(segments(tmp_path / "log" / STREAM)) > 2
    for number in range(0, len(entries), 7):
        reader = StreamReader(tmp_path / "log" / STREAM, entries[number].position)
        assert reader.read(3) == entries[number + 1 : number + 4]
        reader.close()


def test_a_live_reader_sees_what_is_durable_and_no_more(tmp_path: Path) -> None:
    """Bytes behind the position are not read, even when they are whole; with `whole` they are."""
    record(tmp_path, 3)
    stream_dir = tmp_path / "log" / STREAM
    position = read_position(stream_dir)
    assert position is not None
    with segment_path(stream_dir, 1).open("r+b") as file:
        file.seek(position.offset)
        file.write(encode_frame(b'{"seq":5}', b"", position.offset))
    live = [entry.core for entry in read_entries(tmp_path, whole=False)]
    assert [entry.core for entry in read_entries(tmp_path)] == [*live, b'{"seq":5}']


def test_a_reader_keeps_up_with_the_writer(tmp_path: Path) -> None:
    """Polling after each record, across segments, finds exactly that record."""
    book = open_book(tmp_path)
    reader = StreamReader(tmp_path / "log" / STREAM)
    assert reader.read() == []
    seen = 0
    for _ in range(300):
        book.append(STARTED, parts=[("arguments", bytes(500))], subject=SUBJECT).wait(5)
        seen += len(reader.read())
        assert seen == book.last_seq
        assert reader.read() == []
    assert reader.position.segment == segments(tmp_path / "log" / STREAM)[-1] > 1
    reader.close()
    book.close()


def test_limits_of_a_read_hold(tmp_path: Path) -> None:
    """max_records is exact; max_bytes ends a read after the record that reaches it, and one record always comes."""
    record(tmp_path, 20, size=2000)
    reader = StreamReader(tmp_path / "log" / STREAM)
    assert len(reader.read(max_records=4)) == 4
    assert len(reader.read(max_bytes=1)) == 1
    assert 2 <= len(reader.read(max_bytes=6000)) <= 3
    reader.close()


def test_records_larger_than_the_buffer_are_read(tmp_path: Path) -> None:
    """A record of several MiB comes whole."""
    record(tmp_path, 3, size=3 << 20, limits=Limits(segment_bytes=16 << 20))
    entries = read_entries(tmp_path, whole=False)
    assert len(entries) == 3
    assert all(len(entry.payload) > 3 << 20 for entry in entries)


@pytest.mark.parametrize("whole", [False, True])
def test_damage_is_named_after_what_is_good(tmp_path: Path, whole: bool) -> None:
    """What precedes the damage is delivered once, then the place is named, each time it is asked."""
    record(tmp_path, 30)
    entries = read_entries(tmp_path)
    path = segment_path(tmp_path / "log" / STREAM, 1)
    data = bytearray(path.read_bytes())
    data[entries[20].at.offset + 40] ^= 1
    path.write_bytes(data)
    reader = StreamReader(tmp_path / "log" / STREAM, whole=whole)
    assert reader.read(max_records=20) == entries[:20]
    for _ in range(2):
        with pytest.raises(LogDamaged) as caught:
            reader.read()
        assert (caught.value.segment, caught.value.offset, caught.value.seq) == (1, entries[20].at.offset, 21)
    reader.close()


def test_damage_behind_good_records_does_not_swallow_them(tmp_path: Path) -> None:
    """One read that meets damage after good records returns the good ones first."""
    record(tmp_path, 30)
    entries = read_entries(tmp_path)
    path = segment_path(tmp_path / "log" / STREAM, 1)
    data = bytearray(path.read_bytes())
    data[entries[20].at.offset + 40] ^= 1
    path.write_bytes(data)
    reader = StreamReader(tmp_path / "log" / STREAM)
    assert reader.read() == entries[:20]
    with pytest.raises(LogDamaged):
        reader.read()
    reader.close()


def test_a_hole_between_segments_is_named(tmp_path: Path) -> None:
    """A segment in the middle that is gone is damage, found when the reader gets there."""
    record(tmp_path, 250)
    stream_dir = tmp_path / "log" / STREAM
    firsts = segments(stream_dir)
    segment_path(stream_dir, firsts[1]).unlink()
    with pytest.raises(LogDamaged) as caught:
        read_entries(tmp_path)
    assert caught.value.seq == firsts[1]


def test_a_torn_tail_of_a_stopped_stream_ends_the_reading(tmp_path: Path) -> None:
    """What was never acknowledged is not delivered and is no damage."""
    record(tmp_path, 3)
    stream_dir = tmp_path / "log" / STREAM
    position = read_position(stream_dir)
    assert position is not None
    with segment_path(stream_dir, 1).open("r+b") as file:
        file.seek(position.offset)
        file.write(encode_frame(b'{"seq":5}', b"", position.offset)[:-1])
    assert len(read_entries(tmp_path)) == 3
    assert len(read_entries(tmp_path, whole=False)) == 3


def test_one_record_is_read_by_its_place(tmp_path: Path) -> None:
    """`at` leads back to the record; another offset is refused."""
    record(tmp_path, 5)
    for entry in read_entries(tmp_path):
        assert read_entry(tmp_path / "log" / STREAM, entry.at) == entry
    with pytest.raises(LogDamaged):
        read_entry(tmp_path / "log" / STREAM, Position(1, entry.at.offset + 1))


def test_streams_are_listed(tmp_path: Path) -> None:
    """Directories that a writer has taken are streams; others in the log directory are not."""
    assert streams(tmp_path / "log") == []
    record(tmp_path, 1)
    (tmp_path / "log" / "tree").mkdir()
    assert streams(tmp_path / "log") == [STREAM]


def test_small_records_fill_a_read(tmp_path: Path) -> None:
    """Several thousand small records come in order."""
    book = open_book(tmp_path, limits=Limits(segment_bytes=4 << 20))
    for _ in range(3000):
        receipt = book.append(SMALL)
    receipt.wait(10)
    book.close()
    assert len(read_entries(tmp_path, whole=False)) == 3000
