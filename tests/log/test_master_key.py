"""The master key file."""

from pathlib import Path

import pytest

from gatebook.log.errors import KeyFileUnsafe
from gatebook.log.master_key import load_or_create_master_key


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """A second start finds the key of the first, readable by its owner only."""
    path = tmp_path / "secrets" / "master.key"
    key = load_or_create_master_key(path)
    assert load_or_create_master_key(path) == key
    assert len(key) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that group or world can read or write stops the start."""
    path = tmp_path / "master.key"
    load_or_create_master_key(path)
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe, match="0600"):
        load_or_create_master_key(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_the_wrong_size_is_refused(tmp_path: Path, size: int) -> None:
    """A truncated key file is not quietly replaced."""
    path = tmp_path / "master.key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(KeyFileUnsafe, match="32 bytes"):
        load_or_create_master_key(path)
