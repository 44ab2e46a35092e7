"""Making segments ahead: blank, durable, tried again after an error."""

import errno
import time
from pathlib import Path

import pytest

from gatebook.log import segment
from gatebook.log.errors import LogUnavailable
from gatebook.log.frames import SEGMENT_HEADER_BYTES, parse_segment_header
from gatebook.log.segment import PREPARED_NAME, Preparer, claim, install, prepare, segment_path, segments
from tests.log.samples import SMALL, STREAM, open_book, read_entries

SIZE = 3 * 1024 * 1024 + 5


def test_a_prepared_file_is_all_zeros_on_disk(tmp_path: Path) -> None:
    """The file has its full size, without holes, so that writing into it later needs no space."""
    prepare(tmp_path, SIZE)
    path = tmp_path / PREPARED_NAME
    assert path.read_bytes() == bytes(SIZE)
    assert path.stat().st_blocks * 512 >= SIZE


def test_a_leftover_is_used_when_blank_and_replaced_when_not(tmp_path: Path) -> None:
    """Only a file of the right size with nothing in it becomes a segment."""
    prepare(tmp_path, SIZE)
    path = tmp_path / PREPARED_NAME
    inode = path.stat().st_ino
    prepare(tmp_path, SIZE)
    assert path.stat().st_ino == inode
    for spoiled in (bytes(SIZE - 1), bytes(SIZE - 1) + b"x"):
        path.write_bytes(spoiled)
        prepare(tmp_path, SIZE)
        assert path.read_bytes() == bytes(SIZE)


def test_an_installed_segment_has_its_header_and_name(tmp_path: Path) -> None:
    """Installing gives the file header and name; an existing segment is never replaced."""
    import os

    for _ in range(2):
        prepare(tmp_path, SIZE)
        claimed = claim(tmp_path, 17)
        if segments(tmp_path):
            with pytest.raises(FileExistsError):
                install(claimed, 17, 99)
        else:
            os.close(install(claimed, 17, 99))
    data = segment_path(tmp_path, 17).read_bytes()
    assert parse_segment_header(data) == (17, 99)
    assert data[SEGMENT_HEADER_BYTES:] == bytes(SIZE - SEGMENT_HEADER_BYTES)
    assert segments(tmp_path) == [17]


def test_the_preparer_goes_on_until_it_succeeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure is told at once with its reason, and tried again without being asked."""
    monkeypatch.setattr(segment, "RETRY_S", 0.02)
    tries: list[int] = []

    def make(stream_dir: Path, size_bytes: int) -> None:
        tries.append(size_bytes)
        if len(tries) < 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    preparer = Preparer(tmp_path, SIZE, make)
    assert preparer.state == "idle"
    preparer.want()
    assert preparer.settled(5) == "failing"
    assert preparer.reason == "disk_full"
    deadline_s = time.monotonic() + 5
    while preparer.state != "ready":
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert tries == [SIZE] * 4
    preparer.close()


def test_a_preparer_that_fails_can_be_closed(tmp_path: Path) -> None:
    """Closing does not wait for the next try."""

    def make(stream_dir: Path, size_bytes: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    preparer = Preparer(tmp_path, SIZE, make)
    preparer.want()
    assert preparer.settled(5) == "failing"
    assert preparer.reason == "io_error"
    began_s = time.monotonic()
    preparer.close()
    assert time.monotonic() - began_s < 0.5


def test_a_claimed_file_of_a_killed_run_is_removed(tmp_path: Path) -> None:
    """A file between claim and install holds nothing: the next opening discards it."""
    open_book(tmp_path).close()
    left = tmp_path / "log" / STREAM / f"{PREPARED_NAME}-55"
    left.write_bytes(b"x")
    book = open_book(tmp_path)
    book.append(SMALL).wait(5)
    book.close()
    assert not left.exists()
    assert len(read_entries(tmp_path)) == 1


def test_an_install_that_fails_fails_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the new segment cannot be put in place, those who wait for its records are told, and nothing before them is lost."""
    import gatebook.log.writer as writer

    def refuse(claimed: Path, first_seq: int, created_us: int) -> int:
        raise OSError(errno.EIO, "Input/output error")

    book = open_book(tmp_path)
    monkeypatch.setattr(writer, "install", refuse)
    acked = 0
    with pytest.raises(LogUnavailable, match="io_error"):
        while True:
            book.append(SMALL).wait(5)
            acked += 1
    book.close()
    assert len(read_entries(tmp_path)) == acked > 100
    monkeypatch.undo()
    book = open_book(tmp_path)
    book.append(SMALL).wait(5)
    book.close()
