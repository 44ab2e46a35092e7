"""An index whose files are damaged is noticed, kept as evidence and replaced, in the same process."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatebook.index import EngineError, Follower, Index, engine
from gatebook.index.damage import lost_rows, open_index, set_aside
from gatebook.index.engine import IndexDamaged
from gatebook.log.vault import Vault
from tests.index.conftest import MASTER_KEY, Writer


def parts(path: Path) -> list[Path]:
    """Directories of the parts of all tables."""
    return sorted(file.parent for file in (path / "engine" / "store").rglob("checksums.txt"))


def change(path: Path) -> None:
    """Flip bytes in the middle of a file."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(byte ^ 0x5A for byte in data[middle : middle + 64])
    path.write_bytes(data)


def columns(path: Path) -> list[Path]:
    """Files that hold the values of parts."""
    return [file for part in parts(path) for file in part.iterdir() if file.name == "data.bin" or file.name.endswith("call_id.bin")]


def cut_metadata(path: Path) -> None:
    for file in (path / "engine" / "store").rglob("*.sql"):
        file.write_bytes(file.read_bytes()[:50])


def cut_database(path: Path) -> None:
    for file in (path / "engine" / "metadata").rglob("*.sql"):
        file.write_bytes(b"ATT")


def remove_part(path: Path) -> None:
    shutil.rmtree(parts(path)[0])


def break_checksums(path: Path) -> None:
    for part in parts(path):
        (part / "checksums.txt").write_bytes(b"junk")


def remove_columns(path: Path) -> None:
    for file in columns(path):
        file.unlink()


def cut_columns(path: Path) -> None:
    for file in columns(path):
        file.write_bytes(file.read_bytes()[:40])


def break_marks(path: Path) -> None:
    for part in parts(path):
        for file in part.glob("*mrk*"):
            change(file)


def remove_store(path: Path) -> None:
    shutil.rmtree(path / "engine" / "store")


def remove_engine(path: Path) -> None:
    shutil.rmtree(path / "engine")


def remove_all(path: Path) -> None:
    shutil.rmtree(path)


def flip(path: Path) -> None:
    for file in columns(path):
        change(file)


def follower(tmp_path: Path, index: Index) -> Follower:
    return Follower(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index, batch_s=0.0)


@pytest.fixture
def filled(tmp_path: Path, writer: Writer) -> Iterator[Path]:
    """The directory of a closed index of 40 calls."""
    index = Index.open(tmp_path / "index")
    following = follower(tmp_path, index)
    for number in range(4):
        for call in range(10):
            writer.call(f"answer{number}{call}")
        writer.sync()
        following.catch_up()
    following.close()
    index.close()
    yield tmp_path / "index"


@pytest.mark.parametrize(
    "damage",
    [
        remove_part,
        break_checksums,
        remove_columns,
        cut_columns,
        break_marks,
        remove_store,
        remove_engine,
        remove_all,
    ],
)
def test_damage_while_the_keeper_is_down(filled: Path, damage: Callable[[Path], None]) -> None:
    """The next start has an index that works, and builds it anew from the log; what was there is kept unless it was removed."""
    damage(filled)
    index = open_index(filled)
    try:
        following = follower(filled.parent, index)
        following.catch_up()
        assert index.count("") == 40 and index.count("answer17") == 1
        assert len(index.search("", limit=100).rows) == 40
    finally:
        index.close()
    aside = list(filled.glob("engine.broken-*"))
    removed = damage in (remove_store, remove_engine, remove_all)
    assert len(aside) == (0 if removed else 1)
    if aside:
        assert (aside[0] / "why-set-aside.txt").read_text().strip()
        assert list(aside[0].glob("*.progress.json"))


@pytest.mark.parametrize("damage", [cut_metadata, cut_database])
def test_damage_that_may_stop_the_engine_for_good(filled: Path, damage: Callable[[Path], None]) -> None:
    """Tables that cannot be read at the start: this process opens a new index, or says that only the next one can, which then does."""
    damage(filled)
    program = (
        "import sys; from pathlib import Path; from gatebook.index.damage import open_index; from gatebook.index.engine import EngineGone\n"
        "try: open_index(Path(sys.argv[1])).close()\n"
        "except EngineGone: sys.exit(3)"
    )
    codes = [subprocess.run([sys.executable, "-c", program, str(filled)], timeout=100, capture_output=True).returncode for _ in range(2)]
    assert codes in ([0, 0], [3, 0])
    (aside,) = filled.glob("engine.broken-*")
    assert "cannot be opened" in (aside / "why-set-aside.txt").read_text()


@pytest.mark.parametrize("damage", [flip, remove_engine, remove_store, remove_columns])
def test_damage_while_it_is_open(filled: Path, damage: Callable[[Path], None]) -> None:
    """The first question that meets it, or the next step, says so; then the index is replaced in the same process."""
    index = open_index(filled)
    try:
        following = follower(filled.parent, index)
        following.step()
        damage(filled)
        with contextlib.suppress(EngineError):
            index.ask(f"SELECT * FROM {index.database}.calls", {})
        for _ in range(2):
            with pytest.raises(IndexDamaged):
                following.step()
    finally:
        index.close()
    set_aside(filled, "test")
    index = open_index(filled)
    try:
        follower(filled.parent, index).catch_up()
        assert len(index.search("", limit=100).rows) == 40
    finally:
        index.close()


def test_damage_that_only_a_merge_meets_is_noticed(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merges run in the background and tell nobody; the engine counts their errors."""
    monkeypatch.setattr(engine, "_ERRORS_S", 0.0)
    index = open_index(filled)
    index.engine._opened_s -= 2
    try:
        index.engine.check()
        flip(filled)
        with contextlib.suppress(EngineError):
            index.engine.run(f"OPTIMIZE TABLE {index.database}.payloads FINAL")
        index.engine.damage = None
        with pytest.raises(IndexDamaged, match="Checksum"):
            index.engine.check()
    finally:
        index.close()


def test_an_index_in_order_stays(filled: Path) -> None:
    """And a fresh one loses no rows that nobody noted."""
    generation = (filled / "generation.json").read_bytes()
    index = open_index(filled)
    assert lost_rows(index) == "" and index.count("") == 40
    index.close()
    assert (filled / "generation.json").read_bytes() == generation
    assert not list(filled.glob("engine.broken-*"))


def test_a_directory_in_use_is_not_damaged(filled: Path) -> None:
    """The engine's error does not tell; nothing is moved under another process."""
    holder = (
        "import sys, pathlib; from gatebook.index import Index; i = Index.open(pathlib.Path(sys.argv[1])); print(1, flush=True); input()"
    )
    command = [sys.executable, "-c", holder, str(filled)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        with pytest.raises(EngineError):
            open_index(filled)
        process.stdin.close()
        process.kill()
    assert not list(filled.glob("engine.broken-*"))
    index = open_index(filled)
    assert index.count("") == 40
    index.close()


def test_one_that_was_set_aside_is_kept_until_the_next(filled: Path) -> None:
    """Not more than one, because each is as large as the index."""
    first = set_aside(filled, "one")
    first.rename(filled / "engine.broken-20200101T000000Z")
    (filled / "engine").mkdir()
    second = set_aside(filled, "two")
    assert [path.name for path in filled.glob("engine.broken-*")] == [second.name]
    assert (second / "why-set-aside.txt").read_text() == "two\n"
