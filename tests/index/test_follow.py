"""From the log into the index: each call once, also across crashes, restarts, open calls and rebuilds."""

from pathlib import Path

import pytest

from gatebook.index import EngineError, Follower, Index, rebuild, request_rebuild
from gatebook.index.generation import rebuild_requested
from gatebook.log.vault import Vault
from tests.index.conftest import MASTER_KEY, Writer, dump


def follower(tmp_path: Path, index: Index) -> Follower:
    return Follower(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index, batch_s=0.0)


def fill(writer: Writer) -> None:
    for number in range(300):
        call = writer.call(f"line one\nanswer{number} here", arguments={"q": f"ask{number}"})
        if number % 10 == 0:
            writer.refuse()
            writer.message(call)
    writer.start(arguments={"q": "stillopen"})
    writer.sync()


def test_calls_come_out_of_the_log_with_their_words(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Finished, refused and open calls, and records that are no call; words of arguments and answers are found."""
    fill(writer)
    following = follower(tmp_path, index)
    assert following.catch_up() == following.lag().positions["n-w0"] >= 300 * 2 + 30 * 2 + 2
    assert index.count("") == 331
    assert index.count("status:ok") == 300
    assert index.count("status:blocked rule:no-deletes forbidden") == 30
    assert [row.tool for row in index.search("status:open stillopen").rows] == ["find_customer"]
    assert [row.person for row in index.search("answer77").rows] == ["ann"]
    assert index.count("arguments:ask5") == 1
    call = index.search("answer70").rows[0]
    assert [record.method for record in index.messages(call.call_id)] == ["notifications/progress"]
    assert following.lag().open_calls == 1
    assert (following.lag().behind_bytes, following.lag().errors) == (0, {})
    following.close()


def test_an_outcome_after_a_restart_finds_its_beginning(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Open calls are noted with their place, and read again from there."""
    call, started = writer.start(arguments={"q": "before"})
    writer.sync()
    follower(tmp_path, index).catch_up()
    writer.finish(call, started, "after")
    writer.sync()
    again = follower(tmp_path, index)
    again.catch_up()
    (row,) = index.search("before after").rows
    assert (row.call_id, row.status, row.email) == (call, "ok", "ann@corp.example")


def test_nothing_is_doubled_when_the_note_is_older_than_the_rows(tmp_path: Path, writer: Writer, index: Index) -> None:
    """A crash after each insert, before the note: the next run asks the index what it has."""
    fill(writer)
    for crash_after in ("insert_payloads", "insert_calls", "insert_records"):
        broken = follower(tmp_path, index)
        real = getattr(index, crash_after)

        def crash(rows: object, real: object = real, **more: object) -> None:
            real(rows, **more)  # type: ignore[operator]
            raise EngineError("gone")

        setattr(index, crash_after, crash)
        with pytest.raises(EngineError):
            broken.catch_up()
        delattr(index, crash_after)
    follower(tmp_path, index).catch_up()
    whole = dump(index)
    assert len(whole) == len(set(whole))
    rebuild(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index)
    assert dump(index) == whole


def test_a_lost_note_makes_the_follower_read_all_again_without_doubles(tmp_path: Path, writer: Writer, index: Index) -> None:
    """The note is beside the index and may be gone when the rows are not."""
    fill(writer)
    follower(tmp_path, index).catch_up()
    before = dump(index)
    (tmp_path / "index" / f"{index.database}.progress.json").unlink()
    follower(tmp_path, index).catch_up()
    assert dump(index) == before


def test_a_rebuilt_index_equals_the_live_one_row_by_row(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Built in small steps while calls ran, and built at once from the log."""
    following = follower(tmp_path, index)
    open_calls = []
    for number in range(120):
        open_calls.append(writer.start(arguments={"q": f"ask{number}"}))
        if number % 3 == 2:
            call, started = open_calls.pop(number % len(open_calls))
            writer.finish(call, started, f"answer{number}", status="tool_error", is_error=True)
            writer.refuse()
        if number % 7 == 0:
            writer.sync()
            following.step()
    writer.sync()
    following.catch_up()
    live, database = dump(index), index.database
    rebuild(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index)
    assert index.database != database
    assert dump(index) == live and len(live) > 100


def test_a_rebuild_can_be_asked_for_while_the_log_is_followed(tmp_path: Path, writer: Writer, index: Index) -> None:
    """The old index answers until the new one is there; new calls are in it; the request is withdrawn."""
    fill(writer)
    following = follower(tmp_path, index)
    following.catch_up()
    before, database = dump(index), index.database
    index.engine.run(f"TRUNCATE TABLE {database}.calls")
    request_rebuild(index.path)
    following.step()
    assert index.database != database and not rebuild_requested(index.path)
    assert dump(index) == before
    writer.call("behind the rebuild")
    writer.sync()
    following.catch_up()
    assert index.count('"behind the rebuild"') == 1
    assert index.count("") == 332


def test_an_erased_person_leaves_a_row_that_says_so(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Without the key neither name nor words come back; the call and the pseudonym stay."""
    writer.call("secret words")
    writer.sync()
    subject = writer.vault.subject("ann")
    for month in (tmp_path / "keys").iterdir():
        writer.vault.erase(subject, month.name)
    follower(tmp_path, index).catch_up()
    (row,) = index.search("status:ok").rows
    assert (row.payload, row.person, row.email, row.subject) == ("erased", "", "", subject)
    assert index.count("secret") == 0
    assert row.bytes_out > 0


def test_a_damaged_stream_does_not_stop_the_others(tmp_path: Path, writer: Writer, index: Index) -> None:
    """It is named with its place; the rest goes on."""
    other = Writer(tmp_path, "n-w1")
    for one in (writer, other):
        one.call("fine")
        one.sync()
    segment = next((tmp_path / "log" / "n-w0").glob("*.seg"))
    data = bytearray(segment.read_bytes())
    data[data.index(b"call.started") + 3] ^= 1
    segment.write_bytes(data)
    following = follower(tmp_path, index)
    following.catch_up()
    other.book.close()
    assert index.count("fine") == 1
    assert list(following.lag().errors) == ["n-w0"] and "offset" in following.lag().errors["n-w0"]


def test_a_batch_waits_but_is_found_at_once(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Rows that are not inserted yet are answered from memory, and counted once when they are."""
    following = Follower(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index, batch_s=3600.0)
    writer.call("first")
    writer.sync()
    following.step()
    writer.call("second")
    writer.sync()
    following.step()
    stored = f"SELECT count() AS n FROM {index.database}.calls"
    assert index.ask(stored, {}) == [{"n": 1}]
    assert (index.count("second"), index.count("")) == (1, 2)
    following.step(flush=True)
    assert index.ask(stored, {}) == [{"n": 2}]
    assert (index.count("second"), index.count("")) == (1, 2)


def test_segments_are_followed_one_after_the_other(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Also when an outcome stands in a later segment than its beginning."""
    call, started = writer.start(arguments={"q": "early"})
    for number in range(60):
        writer.call("x" * 20_000 + f" answer{number}")
    writer.sync()
    writer.finish(call, started, "late")
    writer.sync()
    assert len(list((tmp_path / "log" / "n-w0").glob("*.seg"))) > 3
    following = follower(tmp_path, index)
    following.catch_up()
    (row,) = index.search("early late").rows
    assert row.outcome_segment > row.started_segment
    assert index.count("status:ok") == 61
    assert following.lag().behind_bytes == 0
