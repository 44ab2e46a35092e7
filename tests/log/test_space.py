"""A full disk: calls are refused cleanly, outcomes are still recorded, and it goes on when space returns."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.receipt import Receipt
from tests.fault.small_disk import fill_up, small_disk
from tests.log.samples import SMALL, STARTED, STREAM, SUBJECT, Limits, fields_of, finished, open_book, read_entries, types_of

LIMITS = Limits(segment_bytes=256 * 1024, reserve_bytes=64 * 1024)
MIB = 1 << 20


async def start_until_full(book: Book) -> list[Receipt]:
    """Start calls until one is refused; all that were accepted are durable."""
    started: list[Receipt] = []
    with pytest.raises(LogUnavailable) as caught:
        while True:
            started.append(book.append(STARTED, parts=[("arguments", os.urandom(1000))], subject=SUBJECT))
            await started[-1].durable()
    assert caught.value.reason == "disk_full"
    assert book.healthy == "disk_full"
    return started


async def until_healthy(book: Book) -> None:
    """Wait for the writer's own retry."""
    deadline_s = time.monotonic() + 5
    while book.healthy is not None:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def test_a_full_disk_refuses_starts_and_records_outcomes(tmp_path: Path) -> None:
    """Every call that was let in gets its outcome in the reserve, without the response when that does not fit; no acknowledged record is lost."""
    with small_disk(tmp_path / "disk", 2 * MIB) as disk:
        book = open_book(disk, limits=LIMITS)
        ballast = fill_up(disk, leave_bytes=64 * 1024)
        started = await start_until_full(book)
        assert len(started) > 40
        for _ in range(4):
            with pytest.raises(LogUnavailable, match="disk_full"):
                book.append(STARTED)
        acked = [*started]
        for receipt in started:
            acked.append(book.append(finished(receipt), parts=[("response", os.urandom(3000))], subject=SUBJECT))
            await acked[-1].durable()
        ballast.unlink()
        await until_healthy(book)
        await book.append(SMALL).durable()
        book.close()
        entries = [fields_of(entry) for entry in read_entries(disk)]
        assert {receipt.seq: receipt.id for receipt in acked}.items() <= {entry["seq"]: entry["id"] for entry in entries}.items()
        ends = [entry for entry in entries if entry["type"] == "call.finished"]
        assert [end["call"] for end in ends] == [receipt.id for receipt in started]
        dropped = [end.get("response_dropped") for end in ends]
        assert set(dropped) == {None, "disk_full"}
        assert all(("payload" in end) == (why is None) for end, why in zip(ends, dropped, strict=True))
        told = [entry for entry in entries if entry["type"] != "log.segment_opened"][-2:]
        assert [entry["type"] for entry in told] == ["log.unavailable", "connector.process"]
        assert (told[0]["refused"], told[0]["reason"]) == (5, "disk_full")


async def test_a_restart_on_a_full_disk_still_closes_open_calls(tmp_path: Path) -> None:
    """Room for the outcomes of all open calls is kept, so recovery needs no space."""
    with small_disk(tmp_path / "disk", 2 * MIB) as disk:
        book = open_book(disk, limits=LIMITS)
        fill_up(disk, leave_bytes=8 * 1024)
        started = await start_until_full(book)
        book.close()
        open_book(disk, limits=LIMITS).close()
        types = types_of(disk)
        assert types.count("call.outcome_unknown") == types.count("call.started") == len(started)


def test_a_new_stream_on_a_full_disk_is_refused(tmp_path: Path) -> None:
    """Nothing can be recorded, so opening says so, and leaves nothing that hinders the next try."""
    with small_disk(tmp_path / "disk", MIB) as disk:
        ballast = fill_up(disk, leave_bytes=100 * 1024)
        with pytest.raises(LogUnavailable, match="disk_full"):
            open_book(disk, limits=LIMITS)
        ballast.unlink()
        open_book(disk, limits=LIMITS).close()


async def test_a_person_without_a_key_is_refused_while_no_key_can_be_made(tmp_path: Path) -> None:
    """A full disk that cannot take a new data key refuses that call; others go on, and the gap is on record afterwards."""
    with small_disk(tmp_path / "disk", 2 * MIB) as disk:
        book = open_book(disk, limits=LIMITS)
        book.append(STARTED, parts=[("arguments", b"x")], subject=SUBJECT)
        ballast = fill_up(disk, leave_bytes=0)
        with pytest.raises(LogUnavailable, match="disk_full"):
            book.append(STARTED, parts=[("arguments", b"x")], subject="0" * 24)
        ballast.unlink()
        await book.append(STARTED, parts=[("arguments", b"x")], subject="0" * 24).durable()
        book.close()
        assert types_of(disk)[:3] == ["call.started", "log.unavailable", "call.started"]
        assert STREAM in {path.name for path in (disk / "log").iterdir()}
