"""Group commit: errors of the disk, and who is released when."""

import asyncio
import errno
import os
from pathlib import Path

import pytest

from gatebook.log.errors import LogUnavailable
from tests.log.samples import SMALL, STARTED, open_book, read_entries, types_of


class BrokenDisk:
    """Makes fdatasync fail as a broken disk does, from the moment it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken = False
        self.syncs = 0
        self._real = os.fdatasync
        monkeypatch.setattr(os, "fdatasync", self)

    def __call__(self, fd: int) -> None:
        self.syncs += 1
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        self._real(fd)


@pytest.mark.parametrize("count", [1, 50])
async def test_a_failed_sync_fails_all_who_wait_and_is_never_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """After EIO nothing is acknowledged any more, although the disk would take it, until a new start has read the disk."""
    disk = BrokenDisk(monkeypatch)
    book = open_book(tmp_path)
    good = book.append(SMALL)
    await good.durable()
    disk.broken = True
    receipts = [book.append(STARTED) for _ in range(count)]
    results = await asyncio.gather(*(receipt.durable() for receipt in receipts), return_exceptions=True)
    assert [getattr(result, "reason", None) for result in results] == ["io_error"] * count
    disk.broken = False
    syncs = disk.syncs
    with pytest.raises(LogUnavailable, match="io_error"):
        book.append(SMALL)
    with pytest.raises(LogUnavailable, match="io_error"):
        receipts[0].wait(1)
    with pytest.raises(LogUnavailable, match="io_error"):
        await receipts[0].durable()
    await good.durable()
    assert book.healthy == "io_error"
    book.close()
    assert disk.syncs == syncs
    open_book(tmp_path).close()
    types = types_of(tmp_path)
    assert types[0] == "connector.process"
    assert types.count("call.started") == types.count("call.outcome_unknown")


def test_a_failed_sync_reaches_plain_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """wait() raises too, and does not hang."""
    disk = BrokenDisk(monkeypatch)
    book = open_book(tmp_path)
    disk.broken = True
    with pytest.raises(LogUnavailable, match="Input/output error"):
        book.append(SMALL).wait(5)
    book.close()


def test_a_hung_disk_ends_in_a_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """wait() gives up after its time; the record becomes durable later."""
    import threading

    release = threading.Event()
    real = os.fdatasync

    def hang(fd: int) -> None:
        release.wait(5)
        real(fd)

    book = open_book(tmp_path)
    monkeypatch.setattr(os, "fdatasync", hang)
    receipt = book.append(SMALL)
    with pytest.raises(TimeoutError):
        receipt.wait(0.05)
    assert not receipt.is_durable
    release.set()
    receipt.wait(5)
    book.close()


async def test_those_who_wait_share_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that are appended in one turn of the loop cost one sync."""
    book = open_book(tmp_path)
    disk = BrokenDisk(monkeypatch)
    await asyncio.gather(*(book.append(SMALL).durable() for _ in range(40)))
    assert disk.syncs == 1
    book.close()
    assert len(read_entries(tmp_path)) == 40


async def test_one_writer_alone_is_served_without_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a quick disk and nobody else, the loop's own thread syncs; with a slow disk it never does."""
    import threading

    threads: list[threading.Thread] = []
    delay_s = 0.0
    book = open_book(tmp_path)

    def sync(fd: int) -> None:
        threads.append(threading.current_thread())
        threading.Event().wait(delay_s)

    monkeypatch.setattr(os, "fdatasync", sync)
    for _ in range(20):
        await book.append(SMALL).durable()
    assert threads[-1] is threading.main_thread()
    delay_s = 0.002
    for _ in range(20):
        await book.append(SMALL).durable()
    assert threads[-1] is not threading.main_thread()
    book.close()
