"""A long log is read newest first: the last calls are found at once, and the whole is in the end what it would be if read in one go."""

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gatebook.index import EngineError, Follower, Index, rebuild
from gatebook.index.backfill import Backfill, plan
from gatebook.index.progress import read_progress
from gatebook.log.segment import segments
from gatebook.log.vault import Vault
from tests.index.conftest import MASTER_KEY, Writer

_FAR_BYTES = 64 << 10


def follower(tmp_path: Path, index: Index, batch_s: float = 0.0) -> Follower:
    return Follower(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index, batch_s=batch_s, far_bytes=_FAR_BYTES)


def write_days(writer: Writer, calls: int = 400, seed: int = 7) -> dict[str, Any]:
    """Calls over several segments, many in flight over their borders, two over most of the log; three stay open. Returns those in flight."""
    chance = random.Random(seed)
    flying: list[tuple[str, Any]] = []
    long = [writer.start(arguments={"q": f"long{number}"}) for number in range(3)]
    for number in range(calls):
        flying.append(writer.start(arguments={"q": f"ask{number}", "pad": "x" * chance.randrange(3000)}))
        while len(flying) > 12:
            call, started = flying.pop(chance.randrange(len(flying)))
            writer.finish(call, started, f"answer {call}")
        if number % 17 == 0:
            writer.refuse()
            writer.message(flying[-1][0])
        if number == calls - 40:
            writer.finish(*long[0], "late")
    writer.sync()
    return {"flying": flying, "long": long}


def whole(index: Index, tmp_path: Path) -> list[str]:
    """All rows of an index that is built in one go, without the batch numbers, in which the two differ."""
    rebuild(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index)
    return rows(index)


def rows(index: Index) -> list[str]:
    tables = {"calls": "* EXCEPT batch", "payloads": "* EXCEPT batch", "records": "*"}
    return sorted(str(row) for name, columns in tables.items() for row in index.ask(f"SELECT {columns} FROM {index.database}.{name}", {}))


def test_the_newest_is_found_first_and_the_rest_follows(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Share and time are told; new calls are followed meanwhile; the end is what one go would have made."""
    write_days(writer)
    assert len(segments(tmp_path / "log" / "n-w0")) > 4
    following = follower(tmp_path, index)
    following.step()
    first = following.lag()
    assert first.rebuilt is not None and 0 < first.rebuilt < 0.9
    assert first.searchable_since_us is not None
    newest = index.search("", limit=1000).rows
    assert 0 < len(newest) < 400
    since: list[int] = []
    shares: list[float] = []
    while (lag := following.lag()).rebuilt is not None:
        shares.append(lag.rebuilt)
        since.append(lag.searchable_since_us or 0)
        expected = {row.call_id for row in newest if row.time >= since[-1]}
        assert expected <= {row.call_id for row in index.search("", limit=1000).rows}
        writer.call(f"meanwhile{len(since)}")
        writer.sync()
        following.step()
    assert since == sorted(since, reverse=True) and len(set(since)) > 3
    assert shares == sorted(shares)
    following.step(flush=True)
    assert index.count("meanwhile1") == 1 and index.arrivals.mark < 400
    seen = rows(index)
    assert seen == whole(index, tmp_path)
    assert len(set(seen)) == len(seen)
    following.close()


def test_what_is_complete_is_complete(tmp_path: Path, writer: Writer, index: Index) -> None:
    """At every moment every call that began after the time that is told is there, with all its fields."""
    write_days(writer)
    whole_index = follower(tmp_path, index)
    whole_index.catch_up()
    times = sorted((row.time, row.call_id) for row in index.search("", limit=1000).rows)
    fresh = index.successor()
    following = follower(tmp_path, fresh)
    while True:
        following.step()
        if (since_us := following.lag().searchable_since_us) is None:
            break
        assert {id for time_us, id in times if time_us > since_us} <= {row.call_id for row in fresh.search("", limit=1000).rows}


def test_calls_over_a_border_are_one_row_with_all_fields(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Whichever side ends first, and when the call ends only after the older part has been read."""
    flying = write_days(writer)
    following = follower(tmp_path, index)
    following.step()
    (early,) = index.search("long0 late").rows
    assert (early.person, early.tool, early.status, early.bytes_in > 0) == ("ann", "find_customer", "ok", True)
    writer.finish(*flying["long"][1], "during")
    writer.sync()
    following.step()
    assert index.count("long1 during") == 1
    following.catch_up()
    assert [row.status for row in index.search("long2").rows] == ["open"]
    writer.finish(*flying["long"][2], "afterwards")
    for call, started in flying["flying"]:
        writer.finish(call, started, "at last")
    writer.sync()
    following.catch_up()
    assert index.count("long2 afterwards") == 1 and index.count("status:open") == 0
    assert index.count("status:ok person:ann tool:find_customer") == 403 and index.count("") == 403 + index.count("status:blocked")
    assert rows(index) == whole(index, tmp_path)


@pytest.mark.parametrize("crash_at", ["insert_payloads", "insert_calls", "insert_records", "row_counts"])
def test_a_crash_in_the_middle_loses_and_doubles_nothing(tmp_path: Path, writer: Writer, index: Index, crash_at: str) -> None:
    """Again and again at each place between reading and the note; each time a new follower goes on from the note."""
    write_days(writer, calls=250, seed=len(crash_at))
    for crashes in range(1, 6):
        broken = follower(tmp_path, index)
        real, calls = getattr(index, crash_at), [0]

        def crash(*args: Any, real: Any = real, calls: Any = calls, after: int = crashes % 3 + 1, **more: Any) -> Any:
            result = real(*args, **more)
            calls[0] += 1
            if calls[0] > after:
                raise EngineError("gone")
            return result

        setattr(index, crash_at, crash)
        try:
            broken.catch_up()
        except EngineError:
            pass
        finally:
            delattr(index, crash_at)
            broken.close()
        writer.call(f"between{crashes}")
        writer.sync()
    following = follower(tmp_path, index)
    following.catch_up()
    seen = rows(index)
    assert len(seen) == len(set(seen))
    assert seen == whole(index, tmp_path)


_KILLED = """
import sys
from pathlib import Path
from gatebook.index import Follower, Index
from gatebook.log.vault import Vault
data = Path(sys.argv[1])
following = Follower(data / "log", Vault(data / "keys", b"m" * 32), Index.open(data / "index"), batch_s=0.0, far_bytes=65536)
while following.step() or following.lag().rebuilt is not None:
    print(following.lag().rebuilt, flush=True)
"""


def test_kill_9_in_mid_backfill(tmp_path: Path, writer: Writer) -> None:
    """The process ends at any moment, several times, while calls are written; the end is what one go would have made."""
    write_days(writer, calls=500)
    chance = random.Random(3)
    for number in range(4):
        with subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 3)):
                process.stdout.readline()
            time.sleep(chance.random() / 20)
            process.kill()
        writer.call(f"between kill{number}")
        writer.sync()
    index = Index.open(tmp_path / "index")
    try:
        noted = read_progress(index.path, index.database)
        assert noted.behind["n-w0"].straddling
        following = follower(tmp_path, index)
        following.catch_up()
        seen = rows(index)
        assert len(seen) == len(set(seen))
        assert index.count("kill3") == 1
        assert seen == whole(index, tmp_path)
    finally:
        index.close()


def test_a_follower_that_was_away_for_long_begins_with_the_newest(tmp_path: Path, writer: Writer, index: Index) -> None:
    """It has a note, and calls open at it; what it missed is read behind the newest."""
    open_call = writer.start(arguments={"q": "before the pause"})
    writer.call("before")
    writer.sync()
    follower(tmp_path, index).catch_up()
    write_days(writer)
    writer.finish(*open_call, "behind the pause")
    writer.sync()
    following = follower(tmp_path, index)
    following.step()
    assert following.lag().rebuilt is not None
    assert index.count('"before the pause" "behind the pause"') == 1
    following.catch_up()
    assert rows(index) == whole(index, tmp_path)


def test_a_damaged_segment_is_a_gap_and_the_older_ones_are_read(tmp_path: Path, writer: Writer, index: Index) -> None:
    """It is named, also after a restart."""
    write_days(writer)
    firsts = segments(tmp_path / "log" / "n-w0")
    path = tmp_path / "log" / "n-w0" / f"{firsts[2]:016d}.seg"
    data = bytearray(path.read_bytes())
    middle = data.index(b"call.started", len(data) // 3)
    data[middle + 3] ^= 1
    path.write_bytes(data)
    following = follower(tmp_path, index)
    following.catch_up()
    assert index.count("ask1 OR ask2") == 2
    assert f"{firsts[2]:016d}.seg" in following.lag().errors["n-w0"]
    again = follower(tmp_path, index)
    again.step()
    assert again.lag().errors == following.lag().errors and again.lag().rebuilt is None


def test_a_short_log_is_read_from_its_beginning(tmp_path: Path, writer: Writer) -> None:
    """And so is one with a single segment, or none."""
    stream_dir = tmp_path / "log" / "n-w0"
    assert plan(tmp_path / "log" / "absent", None, 0) is None
    writer.call()
    writer.sync()
    assert plan(stream_dir, None, 0) is None
    write_days(writer)
    assert plan(stream_dir, None, 1 << 30) is None
    planned = plan(stream_dir, None, _FAR_BYTES)
    assert planned is not None
    front, behind = planned
    assert front.segment == behind.front == segments(stream_dir)[-1] == front.seq + 1
    older = Backfill(stream_dir, Vault(tmp_path / "keys", MASTER_KEY), behind)
    assert 0 < older.left_bytes() < older.total_bytes
    assert plan(stream_dir, front, _FAR_BYTES) is None
    older.close()
