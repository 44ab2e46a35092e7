"""Data keys on disk, with several processes at work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatebook.log import data_keys
from gatebook.log.data_keys import DataKeys
from gatebook.log.errors import PartUnavailable
from tests.log.samples import MASTER_KEY, SUBJECT

RACER = """
import sys, time
from pathlib import Path
from gatebook.log.data_keys import DataKeys
keys = DataKeys(Path(sys.argv[1]), bytes(range(32)))
print("ready", flush=True)
sys.stdin.readline()
for number in range(200):
    print(keys.current(f"s{number}", "202611")[1].encrypt(bytes(12), b"same", b"").hex())
"""


def test_two_processes_that_race_get_the_same_keys(tmp_path: Path) -> None:
    """Whoever is first makes the key; the other takes it."""
    command = [sys.executable, "-c", RACER, str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    outputs = [racer.communicate()[0].split() for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert outputs[0] == outputs[1]
    assert len(set(outputs[0])) == 200
    assert {path.suffix for path in (tmp_path / "202611").iterdir()} == {".key"}


def test_an_erasure_elsewhere_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that holds an erased key in memory goes on with a new one as soon as its trust has run out."""
    monkeypatch.setattr(data_keys, "_TRUSTED_S", 0.0)
    worker, keeper = DataKeys(tmp_path, MASTER_KEY), DataKeys(tmp_path, MASTER_KEY)
    key_id, _ = worker.current(SUBJECT, "202611")
    keeper.erase(SUBJECT, "202611")
    assert worker.current(SUBJECT, "202611")[0] == f"{key_id}.2"
    with pytest.raises(PartUnavailable, match="erased"):
        worker.existing(key_id)


def test_an_erasure_that_was_interrupted_counts(tmp_path: Path) -> None:
    """The tombstone is written first: with it there, the key is not used although its file is."""
    keys = DataKeys(tmp_path, MASTER_KEY)
    key_id, _ = keys.current(SUBJECT, "202611")
    (tmp_path / "202611" / f"{SUBJECT}.erased").touch()
    with pytest.raises(PartUnavailable, match="erased"):
        DataKeys(tmp_path, MASTER_KEY).existing(key_id)
    assert DataKeys(tmp_path, MASTER_KEY).erase(SUBJECT, "202611") == [key_id]
    assert not (tmp_path / "202611" / f"{SUBJECT}.key").exists()


def test_the_memory_for_keys_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key used longest ago is forgotten first, and read again when it is needed."""
    monkeypatch.setattr(data_keys, "_CACHED_MAX", 3)
    keys = DataKeys(tmp_path, MASTER_KEY)
    sealed = {subject: keys.current(subject, "202611")[1].encrypt(bytes(12), b"x", b"") for subject in "abcde"}
    assert len(keys._cache) == len(keys._current) == 3
    assert keys.current("a", "202611")[1].encrypt(bytes(12), b"x", b"") == sealed["a"]


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "a/b/202611", "A/202611", "a/2026", "", "a/202611.x"])
def test_only_ids_of_keys_become_paths(tmp_path: Path, key_id: str) -> None:
    """A record with a made-up key id reads nothing outside the directory."""
    with pytest.raises(PartUnavailable, match="not the id of a data key"):
        DataKeys(tmp_path, MASTER_KEY).existing(key_id)


def test_a_missing_key_is_damage_not_erasure(tmp_path: Path) -> None:
    """Only a tombstone says erased; a key file that is simply gone is a loss."""
    with pytest.raises(PartUnavailable) as caught:
        DataKeys(tmp_path, MASTER_KEY).existing(f"{SUBJECT}/202611")
    assert caught.value.reason == "damaged"
