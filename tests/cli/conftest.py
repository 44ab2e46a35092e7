"""The command line in a data directory of its own, without a running keeper."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatebook.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory that settings lead to; segments are small."""
    path = tmp_path / "data"
    monkeypatch.setenv("GATEBOOK_DATA_DIR", str(path))
    monkeypatch.setenv("GATEBOOK_LOG_SEGMENT_BYTES", "1048576")
    monkeypatch.setenv("GATEBOOK_LOG_RESERVE_BYTES", "0")
    return path


@pytest.fixture
def bare(data: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line; returns exit code, output and errors. Nothing is there yet."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def gatebook(bare: Run) -> Run:
    """The same after `gatebook init`."""
    assert bare("init")[0] == 0
    return bare
