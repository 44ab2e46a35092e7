"""The note of how far the follower is."""

from pathlib import Path

import pytest

from gatebook.index.progress import OpenAt, Progress, StreamProgress, read_progress, remove_progress, write_progress

NOTED = {"n-w0": StreamProgress(seq=7, segment=1, offset=99, open=(OpenAt("id", 3, 1, 40),))}


def test_progress_is_read_back_for_its_generation_only(tmp_path: Path) -> None:
    """A rebuild keeps a note of its own."""
    write_progress(tmp_path, Progress(database="g000001", streams=NOTED))
    assert read_progress(tmp_path, "g000001").streams == NOTED
    assert read_progress(tmp_path, "g000002").streams == {}
    remove_progress(tmp_path, "g000001")
    assert read_progress(tmp_path, "g000001").streams == {}


@pytest.mark.parametrize("data", [b"", b"{", b'{"database":"g000002","streams":{}}', b'{"database":"g000001","streams":{"x":{"seq":"y"}}}'])
def test_a_damaged_note_means_from_the_beginning(tmp_path: Path, data: bytes) -> None:
    """The follower then asks the index what it has."""
    (tmp_path / "g000001.progress.json").write_bytes(data)
    assert read_progress(tmp_path, "g000001").streams == {}
