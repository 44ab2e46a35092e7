"""Single records at known places."""

import contextlib
import os
from pathlib import Path

import pytest

from gatebook.log.errors import LogDamaged
from gatebook.log.lookup import Lookup
from gatebook.log.position import Position
from gatebook.log.reader import StreamReader
from tests.index.conftest import Writer


def test_every_record_is_read_where_it_lies(tmp_path: Path) -> None:
    """In any order, over many segments, small ones and large ones; the same bytes as a reader of the whole stream gets."""
    writer = Writer(tmp_path, "n-w0")
    for number in range(300):
        writer.call("x" * (60_000 if number % 50 == 0 else number))
    writer.sync()
    entries = []
    reader = StreamReader(tmp_path / "log" / "n-w0")
    while found := reader.read():
        entries += found
    lookup = Lookup(tmp_path / "log")
    assert len({entry.at.segment for entry in entries}) > 3
    for entry in reversed(entries):
        read = lookup.read("n-w0", entry.at)
        assert (read.core, read.payload, read.at) == (entry.core, entry.payload, entry.at)
    lookup.close()
    reader.close()
    writer.book.close()


@pytest.mark.parametrize("place", [Position(1, 33), Position(1, 10**9), Position(999, 32)])
def test_a_place_without_a_record_is_damage(tmp_path: Path, place: Position) -> None:
    """Between records, behind the end, and in a segment that is not there."""
    writer = Writer(tmp_path, "n-w0")
    writer.sync()
    lookup = Lookup(tmp_path / "log")
    with pytest.raises(LogDamaged):
        lookup.read("n-w0", place)
    lookup.close()
    writer.book.close()


def _open_below(folder: Path) -> int:
    """How many files below a folder this process has open."""
    count = 0
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{fd}").startswith(f"{folder}/")
    return count


def test_files_are_given_back(tmp_path: Path) -> None:
    """At most 32 stay open, and none after closing."""
    writer = Writer(tmp_path, "n-w0")
    for _ in range(400):
        writer.call("x" * 40_000)
    writer.sync()
    reader = StreamReader(tmp_path / "log" / "n-w0")
    places = []
    while found := reader.read():
        places += [entry.at for entry in found]
    reader.close()
    assert len({place.segment for place in places}) > 40
    before = _open_below(tmp_path)
    lookup = Lookup(tmp_path / "log")
    for place in places:
        lookup.read("n-w0", place)
    assert 1 <= _open_below(tmp_path) - before <= 32
    lookup.close()
    assert _open_below(tmp_path) == before
    writer.book.close()
