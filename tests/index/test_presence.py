"""Files that vanish under an open engine are noticed."""

import shutil
from pathlib import Path

import pytest

from gatebook.index.presence import Presence


def test_what_was_there_must_stay(tmp_path: Path) -> None:
    """Also what comes only later; a new file of the same name is not the same."""
    (tmp_path / "status").write_text("1")
    presence = Presence(tmp_path)
    assert presence.missing() is None
    (tmp_path / "store").mkdir()
    assert presence.missing() is None
    shutil.rmtree(tmp_path / "store")
    assert presence.missing() == str(tmp_path / "store")


@pytest.mark.parametrize("again", [False, True])
def test_a_deleted_directory_is_missing(tmp_path: Path, again: bool) -> None:
    """Also when the engine has made it again in the meantime."""
    path = tmp_path / "engine"
    path.mkdir()
    presence = Presence(path)
    path.rename(tmp_path / "elsewhere")
    if again:
        path.mkdir()
    assert presence.missing() == str(path)
