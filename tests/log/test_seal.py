"""The sealer: what it signs, when, how it comes back from a crash at any point, and when it refuses."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from gatebook.log.errors import LogDamaged, StreamBusy
from gatebook.log.note import NoteError, open_checkpoint
from gatebook.log.seal import Sealer, SealerBusy, SigningKeyUnsafe, load_or_create_signing_key
from gatebook.log.segment import segment_path, segments
from gatebook.log.verify import verify
from tests.log.sealed_log import KEY, ORIGIN, OTHER_KEY, PUBLIC, cells, flip, seal, write_calls


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time_s


def history(log_dir: Path) -> list[str]:
    """All notes that were signed."""
    return [json.loads(line)["note"] for line in (log_dir / "tree" / "checkpoints.ndjson").read_text().splitlines()]


def test_signs_after_the_interval_or_enough_records(tmp_path: Path) -> None:
    """Nothing is signed before the interval has passed or enough records wait, nor when nothing is new."""
    log_dir, now = tmp_path / "log", Hand()
    write_calls(log_dir, "node-w0", 5)
    sealer = Sealer(log_dir, KEY, ORIGIN, interval_s=5, leaves_max=100, now=now)
    assert sealer.step() is None and sealer.pending == 10
    now.time_s += 5
    first = sealer.step()
    assert first is not None and (first.size, first.time) == (10, "2027-01-15T08:00:05.000Z")
    now.time_s += 60
    assert sealer.step(flush=True) is None
    write_calls(log_dir, "node-w0", 60)
    now.time_s += 1
    assert sealer.step() is None or sealer.pending == 0  # 60 calls are more than 100 records
    assert sealer.checkpoint is not None and sealer.checkpoint.size > 100
    sealer.close()
    assert verify(log_dir, public_key=PUBLIC).ok


def test_goes_on_signing_after_the_clock_was_set_back(tmp_path: Path) -> None:
    """An hour back must not mean an hour without a checkpoint."""
    log_dir, now = tmp_path / "log", Hand()
    write_calls(log_dir, "node-w0", 5)
    sealer = Sealer(log_dir, KEY, ORIGIN, interval_s=5, now=now)
    now.time_s -= 3600
    assert sealer.step() is not None
    write_calls(log_dir, "node-w0", 5)
    now.time_s += 1
    assert sealer.step() is None
    now.time_s += 5
    assert sealer.step() is not None
    sealer.close()
    assert verify(log_dir, public_key=PUBLIC).ok


def test_checkpoint_names_the_heads(tmp_path: Path) -> None:
    """The signed text names the last record of each stream, by name."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    write_calls(log_dir, "node-k", 2)
    checkpoint = open_checkpoint(seal(log_dir), PUBLIC)
    assert [(head.stream, head.seq) for head in checkpoint.heads] == [("node-k", 4), ("node-w0", 10)]


def test_only_one_sealer(tmp_path: Path) -> None:
    """A second sealer of the same log does not start."""
    write_calls(tmp_path / "log", "node-w0", 1)
    first = Sealer(tmp_path / "log", KEY, ORIGIN)
    with pytest.raises(SealerBusy):
        Sealer(tmp_path / "log", KEY, ORIGIN)
    first.close()
    Sealer(tmp_path / "log", KEY, ORIGIN).close()


def test_another_key_does_not_continue_a_tree(tmp_path: Path) -> None:
    """A tree belongs to the key that began it."""
    write_calls(tmp_path / "log", "node-w0", 1)
    seal(tmp_path / "log")
    with pytest.raises(NoteError, match="belongs to the key"):
        Sealer(tmp_path / "log", OTHER_KEY, ORIGIN)


def test_refuses_a_stream_that_became_shorter(tmp_path: Path) -> None:
    """Records that were signed and are gone stop the sealer at its start, naming the stream and the record."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    seal(log_dir)
    shutil.rmtree(log_dir / "node-w0")
    write_calls(log_dir, "node-w0", 3)
    with pytest.raises(LogDamaged, match="record 10: the record has been signed, but is not there"):
        Sealer(log_dir, KEY, ORIGIN)


def test_refuses_a_stream_that_became_another(tmp_path: Path) -> None:
    """A head with another hash than was signed stops the sealer."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    seal(log_dir)
    shutil.rmtree(log_dir / "node-w0")
    write_calls(log_dir, "node-w0", 7, "forged")
    with pytest.raises(LogDamaged, match="record 10: the record is not the one that was signed"):
        Sealer(log_dir, KEY, ORIGIN)


def test_refuses_while_it_runs(tmp_path: Path) -> None:
    """A stream that vanishes, or goes on otherwise than it was read, stops a running sealer; nothing more is signed."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    sealer = Sealer(log_dir, KEY, ORIGIN)
    sealer.step(flush=True)
    write_calls(log_dir, "node-w0", 5)
    cell = cells(log_dir, "node-w0")[10]
    flip(log_dir, "node-w0", cell, 24 + cell.frame.core.index(b'"prev":"') + 8, fixed=True)
    with pytest.raises(LogDamaged) as alarm:
        sealer.step(flush=True)
    assert (alarm.value.stream, alarm.value.seq, alarm.value.segment, alarm.value.offset) == ("node-w0", 11, 1, cell.offset)
    shutil.rmtree(log_dir / "node-w0")
    with pytest.raises(LogDamaged, match="a sealed stream is gone"):
        sealer.step(flush=True)
    sealer.close()
    assert len(history(log_dir)) == 1


def test_refuses_tiles_that_were_changed(tmp_path: Path) -> None:
    """Tiles that no longer have the signed root stop the sealer."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    seal(log_dir)
    (log_dir / "tree" / "tile" / "0" / "000.p" / "10").write_bytes(bytes(320))
    with pytest.raises(LogDamaged, match="do not have the root"):
        Sealer(log_dir, KEY, ORIGIN)


def test_refuses_to_go_back(tmp_path: Path) -> None:
    """A newest checkpoint that is older than one in the line of checkpoints, or gone, stops the sealer."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    first = seal(log_dir)
    write_calls(log_dir, "node-w0", 5)
    seal(log_dir)
    path = log_dir / "tree" / "checkpoint"
    path.write_text(first)
    with pytest.raises(LogDamaged, match="older than one that was signed"):
        Sealer(log_dir, KEY, ORIGIN)
    path.unlink()
    with pytest.raises(LogDamaged, match="the newest is gone"):
        Sealer(log_dir, KEY, ORIGIN)


def _die_at(log_dir: Path, number: int) -> bool:
    """Run a sealer in a child that ends, as if killed, right before its `number`-th sync or rename. Returns whether it got that far."""
    child = os.fork()
    if child == 0:
        left = number

        def count(real):  # type: ignore[no-untyped-def]
            def call(*args):  # type: ignore[no-untyped-def]
                nonlocal left
                left -= 1
                if left == 0:
                    os._exit(9)
                return real(*args)

            return call

        os.fsync, os.replace = count(os.fsync), count(os.replace)
        try:
            seal(log_dir)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_crash_at_every_sync(tmp_path: Path) -> None:
    """Wherever the sealer dies, the next one goes on; nothing that was signed is ever contradicted, and the log verifies."""
    base = tmp_path / "base"
    write_calls(base / "log", "node-w0", 150)
    write_calls(base / "log", "node-k", 20)
    kept = seal(base / "log")
    write_calls(base / "log", "node-k", 20)
    write_calls(base / "log", "node-w0", 150)
    crashes = 0
    while True:
        case = tmp_path / f"case-{crashes}"
        shutil.copytree(base, case)
        log_dir = case / "log"
        if not _die_at(log_dir, crashes + 1):
            break
        crashes += 1
        signed = (log_dir / "tree" / "checkpoint").read_text()
        assert verify(log_dir, public_key=PUBLIC, kept_checkpoints=[kept, signed]).ok
        write_calls(log_dir, "node-k", 3)
        newest = seal(log_dir)
        report = verify(log_dir, public_key=PUBLIC, kept_checkpoints=[kept, signed, newest])
        assert report.ok, report.first_bad
        assert report.unsealed == 0
        shutil.rmtree(case)
    assert crashes >= 15


CHILD = """
import sys, time
from pathlib import Path
from gatebook.log.seal import Sealer
from tests.log.sealed_log import KEY, ORIGIN
sealer = Sealer(Path(sys.argv[1]), KEY, ORIGIN, interval_s=0)
print("ready", flush=True)
while True:
    sealer.step(flush=True)
"""


def test_kill_9_while_streams_are_written(tmp_path: Path) -> None:
    """Twelve kills of a busy sealer beside a busy writer: each checkpoint that was ever seen still holds at the end."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 1)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with contextlib.suppress(StreamBusy):  # a child that has not begun its program holds the lock for a moment
                write_calls(log_dir, "node-w0", 5)
            stop.wait(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    kept = []
    try:
        for round_ in range(12):
            child = subprocess.Popen(
                [sys.executable, "-c", CHILD, str(log_dir)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "src:."}
            )
            assert child.stdout is not None
            assert child.stdout.readline() == b"ready\n"
            time.sleep(0.05 + 0.017 * round_)
            child.send_signal(signal.SIGKILL)
            child.wait()
            child.stdout.close()
            path = log_dir / "tree" / "checkpoint"
            kept += [path.read_text()] if path.exists() else []
    finally:
        stop.set()
        writer.join()
    kept.append(seal(log_dir))
    report = verify(log_dir, public_key=PUBLIC, kept_checkpoints=kept)
    assert report.ok, report.first_bad
    assert report.unsealed == 0 and len(set(kept)) > 3


def test_signing_key_is_private(tmp_path: Path) -> None:
    """The key is made once with mode 0600, and refused when others can read it."""
    path = tmp_path / "secrets" / "signing.key"
    key = load_or_create_signing_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_signing_key(path).private_bytes_raw() == key.private_bytes_raw()
    path.chmod(0o640)
    with pytest.raises(SigningKeyUnsafe, match="chmod 600"):
        load_or_create_signing_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(SigningKeyUnsafe, match="5 bytes"):
        load_or_create_signing_key(path)


def test_reads_only_what_is_durable(tmp_path: Path) -> None:
    """A record that is in the file but not yet durable is not sealed: after a crash it may be gone."""
    log_dir = tmp_path / "log"
    write_calls(log_dir, "node-w0", 5)
    last = cells(log_dir, "node-w0")[-1]
    (log_dir / "node-w0" / "position").write_bytes((1).to_bytes(8, "little") + last.offset.to_bytes(8, "little"))
    assert segments(log_dir / "node-w0") == [1] and segment_path(log_dir / "node-w0", 1).exists()
    assert open_checkpoint(seal(log_dir), PUBLIC).size == 9
