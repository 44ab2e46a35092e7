"""The secrets of a deployment."""

import stat
from pathlib import Path

import pytest

from gatebook.control.key_files import KeyMissing, create_keys, epoch_file, key_files, read_master_key, read_origin, read_signing_key
from gatebook.log.errors import KeyFileUnsafe
from gatebook.settings import Settings


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """A deployment without anything."""
    return Settings(data_dir=tmp_path)


def test_secrets_are_made_once_for_their_owner_alone(bare: Settings) -> None:
    """A second init makes nothing, and the keys stay what they are."""
    files = key_files(bare)
    assert create_keys(bare) == [files.master, files.signing]
    first = (read_master_key(bare), read_signing_key(bare).private_bytes_raw())
    assert create_keys(bare) == []
    assert first == (read_master_key(bare), read_signing_key(bare).private_bytes_raw())
    assert first[0] != first[1]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (files.master, files.signing)} == {0o600}


def test_a_lost_key_is_not_replaced_in_silence(bare: Settings) -> None:
    """With a new master key old payloads could not be read, and nobody would know until they try; the same for checkpoints."""
    bare.keys_dir.mkdir()
    (bare.keys_dir / "202611").mkdir()
    with pytest.raises(KeyMissing, match=r"master.key is gone"):
        create_keys(bare)
    (bare.keys_dir / "202611").rmdir()
    (bare.log_dir / "tree").mkdir(parents=True)
    (bare.log_dir / "tree" / "checkpoint").touch()
    with pytest.raises(KeyMissing, match=r"signing.key is gone"):
        create_keys(bare)


def test_keys_that_are_missing_or_open_to_others_are_refused(bare: Settings) -> None:
    """A process does not start with a key that somebody else may have read."""
    with pytest.raises(KeyMissing, match="gatebook init"):
        read_master_key(bare)
    create_keys(bare)
    key_files(bare).signing.chmod(0o640)
    with pytest.raises(KeyFileUnsafe):
        read_signing_key(bare)


def test_the_origin_ends_with_the_epoch(bare: Settings) -> None:
    """Two logs of one node name are told apart by when they began."""
    epoch_file(bare).write_text("20261123-010203\n")
    assert read_origin(bare) == "gatebook/gatebook/node1/20261123-010203"
