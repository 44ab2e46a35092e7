"""`gatebook verify` at the command line."""

import json
from pathlib import Path

import pytest

from gatebook.cli.main import main
from gatebook.log import offline_verifier
from gatebook.record.codec import decode_header
from tests.log.sealed_log import PUBLIC, SealedLog, build, cells, flip


@pytest.fixture
def log(tmp_path: Path) -> SealedLog:
    """A sealed log with some records after the last checkpoint."""
    return build(tmp_path, unsealed=True)


def test_whole_log(log: SealedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each stream and one that says that all is well."""
    assert main(["verify", "--data", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "✓ node-k" in out and "✓ node-w0" in out and "11 not sealed yet" in out
    assert "✓ The log is whole and unchanged." in out and "self-asserted" in out


def test_first_bad_place_in_words(log: SealedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The stream, record, file and byte are named, and the exit code is 1."""
    cell = cells(log.log_dir, "node-w0")[59]
    flip(log.log_dir, "node-w0", cell, 90, fixed=True)
    assert main(["verify", "--data", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "✗ node-w0" in out and "✓ node-k" in out
    assert f"First bad place: stream node-w0, record 60, {cell.segment:016d}.seg at byte {cell.offset}" in out


def test_one_call(log: SealedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A call is proved by its id, in words and as a file that can be checked on its own."""
    id_ = decode_header(cells(log.log_dir, "node-w0")[59].frame.core).id
    (tmp_path / "trusted").write_text(f"{PUBLIC}\n")
    assert main(["verify", "--data", str(tmp_path), "--call", id_, "--key", str(tmp_path / "trusted")]) == 0
    out = capsys.readouterr().out
    assert "is in the signed log" in out and "record 60" in out
    assert main(["verify", "--data", str(tmp_path), "--call", id_, "--json"]) == 0
    (tmp_path / "proof.json").write_text(capsys.readouterr().out)
    assert main(["verify", "--proof", str(tmp_path / "proof.json"), "--key", str(tmp_path / "trusted"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == id_


def test_range(log: SealedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A range needs its stream."""
    assert main(["verify", "--data", str(tmp_path), "--stream", "node-w0", "--from", "50", "--to", "60", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["streams"]] == ["node-w0"]
    assert main(["verify", "--data", str(tmp_path), "--from", "50"]) == 2


def test_problems_of_the_caller(log: SealedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No log and a bad key are 2; a call that is not there is 1; each with a sentence."""
    (tmp_path / "bad").write_text("rubbish")
    for options, code in (
        (["--data", str(tmp_path / "absent")], 2),
        (["--data", str(tmp_path), "--key", str(tmp_path / "bad")], 2),
        (["--data", str(tmp_path), "--call", "01a2061a-0000-7000-8000-000000000000"], 1),
    ):
        assert main(["verify", *options]) == code
        assert "gatebook verify: " in capsys.readouterr().err


def test_export_verifier(tmp_path: Path) -> None:
    """The exported file is the offline verifier."""
    assert main(["verify", "--export-verifier", str(tmp_path / "check.py")]) == 0
    assert (tmp_path / "check.py").read_bytes() == Path(offline_verifier.__file__).read_bytes()
