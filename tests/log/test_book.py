"""The book: the chain it writes, roll-over, recovery of calls, a full disk, a stepped clock, one writer."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable, PartUnavailable, RecordTooLarge, StreamBusy
from gatebook.log.reader import StreamReader, read_entry
from gatebook.log.segment import segments
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallStarted, SegmentOpened
from gatebook.record.codec import FIRST_PREV, decode_body, decode_header, leaf_hash
from gatebook.record.ids import time_us_of
from tests.log.samples import (
    SMALL,
    STARTED,
    STREAM,
    SUBJECT,
    FakeClock,
    Limits,
    fields_of,
    finished,
    open_book,
    open_vault,
    read_entries,
    types_of,
)


async def test_records_are_chained_and_readable_when_durable(tmp_path: Path) -> None:
    """After durable() a reader of the live stream sees the record, dense in seq, following from the one before, with its payload."""
    book = open_book(tmp_path)
    reader = StreamReader(tmp_path / "log" / STREAM)
    previous = FIRST_PREV
    for number in range(1, 20):
        receipt = book.append(STARTED, parts=[("arguments", b"x" * number)], subject=SUBJECT)
        assert receipt.seq == number
        await receipt.durable()
        assert receipt.is_durable
        (entry,) = reader.read()
        header = decode_header(entry.core)
        assert (header.seq, header.id, header.prev, header.stream) == (number, receipt.id, previous, STREAM)
        previous = leaf_hash(entry.core).hex()
        body = decode_body(entry.core)
        assert isinstance(body, CallStarted)
        assert body.payload is not None
        assert open_vault(tmp_path).open(receipt.id, body.payload, entry.payload) == {"arguments": b"x" * number}
    reader.close()
    book.close()


async def test_many_writers_share_the_stream_across_segments(tmp_path: Path) -> None:
    """Concurrent calls over many segments: every record is there once, each segment begins with what is open."""
    book = open_book(tmp_path)

    async def call(number: int) -> None:
        for _ in range(10):
            started = book.append(STARTED, parts=[("arguments", bytes(number))], subject=SUBJECT)
            await started.durable()
            await book.append(finished(started), parts=[("response", os.urandom(3000))], subject=SUBJECT).durable()

    await asyncio.gather(*(call(number) for number in range(20)))
    last_seq = book.last_seq
    book.close()
    entries = read_entries(tmp_path)
    previous = FIRST_PREV
    open_calls: dict[str, int] = {}
    for seq, entry in enumerate(entries, 1):
        header, body = decode_header(entry.core), decode_body(entry.core)
        assert (header.seq, header.prev) == (seq, previous)
        previous = leaf_hash(entry.core).hex()
        assert read_entry(tmp_path / "log" / STREAM, entry.at) == entry
        if isinstance(body, CallStarted):
            open_calls[header.id] = seq
        elif isinstance(body, CallFinished):
            del open_calls[body.call]
        elif isinstance(body, SegmentOpened):
            assert {call.call: call.seq for call in body.open} == open_calls
            assert body.segment == seq
    assert len(entries) == last_seq
    firsts = segments(tmp_path / "log" / STREAM)
    assert len(firsts) > 5
    assert [seq for seq, entry in enumerate(entries, 1) if fields_of(entry)["type"] == "log.segment_opened"] == firsts[1:]


def test_plain_code_can_write_too(tmp_path: Path) -> None:
    """Without an event loop wait() returns when the record is durable."""
    book = open_book(tmp_path)
    receipts = [book.append(SMALL) for _ in range(500)]
    receipts[-1].wait(5)
    assert all(receipt.is_durable for receipt in receipts)
    book.append(SMALL)
    book.close()
    assert len(read_entries(tmp_path)) >= 501


async def test_a_loop_may_wait_in_plain_code(tmp_path: Path) -> None:
    """wait() inside a running loop does not deadlock, and durable() of others is released all the same."""
    book = open_book(tmp_path)
    tasks = [asyncio.ensure_future(book.append(SMALL).durable()) for _ in range(5)]
    await asyncio.sleep(0)
    book.append(SMALL).wait(5)
    await asyncio.gather(*tasks)
    book.close()


def test_a_book_outlives_an_event_loop(tmp_path: Path) -> None:
    """Records that a loop left behind when it ended are written with the next ones, from another loop or none."""
    book = open_book(tmp_path)

    async def leave() -> None:
        book.append(SMALL)

    async def stay() -> None:
        await book.append(SMALL).durable()

    asyncio.run(leave())
    asyncio.run(stay())
    asyncio.run(leave())
    book.append(SMALL).wait(5)
    book.close()
    assert len(read_entries(tmp_path)) == 4


async def test_a_cancelled_waiter_disturbs_nobody(tmp_path: Path) -> None:
    """When a client goes away while its record is being written, the record and the others still become durable."""
    book = open_book(tmp_path)
    receipts = [book.append(SMALL) for _ in range(10)]
    tasks = [asyncio.ensure_future(receipt.durable()) for receipt in receipts]
    await asyncio.sleep(0)
    tasks[3].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for number, result in enumerate(results) if number != 3] == [type(None)] * 9
    assert receipts[3].is_durable
    book.close()


def test_open_calls_get_one_outcome(tmp_path: Path) -> None:
    """Calls in flight at the end of the process are closed once, at the next opening, however often it is opened."""
    book = open_book(tmp_path)
    started = [book.append(STARTED) for _ in range(300)]
    for receipt in started[::2]:
        book.append(finished(receipt))
    book.close()
    for _ in range(3):
        open_book(tmp_path).close()
    bodies = [decode_body(entry.core) for entry in read_entries(tmp_path)]
    unknown = [(body.call, body.started_seq) for body in bodies if isinstance(body, CallOutcomeUnknown)]
    assert unknown == [(receipt.id, receipt.seq) for receipt in started[1::2]]
    assert len(segments(tmp_path / "log" / STREAM)) > 1


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """Another process that opens the stream is told who holds it; after close it may."""
    book = open_book(tmp_path)
    code = "from pathlib import Path; import sys; from tests.log.samples import open_book; open_book(Path(sys.argv[1])).close()"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    other = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert other.returncode == 1
    assert f"stream {STREAM} is written by process {os.getpid()}" in other.stderr
    with pytest.raises(StreamBusy) as caught:
        open_book(tmp_path)
    assert caught.value.pid == os.getpid()
    book.close()
    assert subprocess.run(command, env=env, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a" * 65])
def test_names_of_streams_are_checked(tmp_path: Path, name: str) -> None:
    """A stream's name is a directory's name and nothing else."""
    with pytest.raises(ValueError, match="not the name of a stream"):
        Book.open(tmp_path, name, open_vault(tmp_path), Limits())


def test_a_stepped_clock_is_recorded(tmp_path: Path) -> None:
    """A jump of the wall clock against the monotonic clock gets a record before the next one; slow drift and passing time do not."""
    clock = FakeClock()
    book = open_book(tmp_path, clock=clock)
    book.append(SMALL)
    clock.wall += 3_600_000_000
    clock.monotonic += 3_600_000_000 - 900_000
    book.append(SMALL)
    clock.wall -= 3_600_000_000
    book.append(SMALL)
    book.append(SMALL)
    book.close()
    entries = [fields_of(entry) for entry in read_entries(tmp_path)]
    assert [entry["type"] for entry in entries] == ["connector.process"] * 2 + ["clock.stepped"] + ["connector.process"] * 2
    assert entries[2]["step_us"] == -3_600_000_000
    assert entries[3]["time"] == clock.wall


def test_ids_are_of_the_clock_and_differ(tmp_path: Path) -> None:
    """Ids carry the time they were made, and are never the same."""
    clock = FakeClock()
    book = open_book(tmp_path, clock=clock)
    ids = [book.new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {time_us_of(one) for one in ids} == {clock.wall}
    assert book.append(SMALL, id=ids[0]).id == ids[0]
    book.close()


def test_a_response_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    """The outcome is recorded without the response and says so; another record of that size is refused."""
    book = open_book(tmp_path)
    started = book.append(STARTED)
    book.append(finished(started), parts=[("response", bytes(40_000))], subject=SUBJECT)
    with pytest.raises(RecordTooLarge):
        book.append(STARTED, parts=[("arguments", bytes(40_000))], subject=SUBJECT)
    book.close()
    fields = fields_of(read_entries(tmp_path)[-1])
    assert fields["response_dropped"] == "too_large"
    assert "payload" not in fields


def test_erasure_leaves_the_chain_valid(tmp_path: Path) -> None:
    """Destroying a key makes payloads unreadable and changes no byte of the log."""
    book = open_book(tmp_path)
    for _ in range(20):
        book.append(STARTED, parts=[("arguments", b"secret")], subject=SUBJECT)
    book.close()
    before = read_entries(tmp_path)
    vault = open_vault(tmp_path)
    body = decode_body(before[0].core)
    assert isinstance(body, CallStarted)
    assert body.payload is not None
    assert vault.erase(SUBJECT, body.payload.key.partition("/")[2]) == [body.payload.key]
    assert read_entries(tmp_path) == before
    with pytest.raises(PartUnavailable, match="erased"):
        vault.open(decode_header(before[0].core).id, body.payload, before[0].payload)
    open_book(tmp_path).close()


def test_after_close_nothing_is_accepted(tmp_path: Path) -> None:
    """A closed book refuses, and closing twice is harmless."""
    book = open_book(tmp_path)
    book.close()
    book.close()
    with pytest.raises(LogUnavailable, match="closed"):
        book.append(SMALL)
    assert book.healthy == "closed"
    assert types_of(tmp_path) == []
