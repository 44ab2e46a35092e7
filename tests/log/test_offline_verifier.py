"""The offline verifier as an auditor uses it: one file, isolated Python, proofs, exit codes, words."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gatebook.log import offline_verifier
from gatebook.log.note import key_of
from gatebook.log.proof import prove
from tests.log.sealed_log import ORIGIN, OTHER_KEY, PUBLIC, build, cells, flip

SOURCE = Path(offline_verifier.__file__)


def run(alone: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a copy of it in a directory where nothing else is."""
    alone.mkdir(exist_ok=True)
    script = shutil.copy(SOURCE, alone / "verifier.py")
    words = [sys.executable, "-I", script, *map(str, options)]
    return subprocess.run(words, cwd=alone, capture_output=True, text=True, check=False, timeout=60)


def test_imports_only_the_standard_library_and_cryptography() -> None:
    """Nothing of ours, nothing else to install."""
    tree = ast.parse(SOURCE.read_text())
    roots = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    roots |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert roots <= {*sys.stdlib_module_names, "cryptography"}


def test_words_for_people(tmp_path: Path) -> None:
    """One line says that all is well; one says where it is not."""
    log = build(tmp_path)
    done = run(tmp_path / "alone", log.log_dir)
    assert done.returncode == 0 and "OK: signed tree of 146 records" in done.stdout
    cell = cells(log.log_dir, "node-w0")[59]
    flip(log.log_dir, "node-w0", cell, 90, fixed=True)
    done = run(tmp_path / "alone", log.log_dir)
    assert done.returncode == 1
    assert f"First bad place: stream node-w0, record 60, segment {cell.segment}, byte {cell.offset}" in done.stdout


@pytest.mark.parametrize("change", [None, "core", "path", "key", "rubbish"])
def test_proof_file(tmp_path: Path, change: str | None) -> None:
    """A proof that `gatebook verify --call ID --json` made is checked; a changed one, or one of another key, is refused."""
    proof = json.loads(prove(build(tmp_path).log_dir, "node-w0", 60).to_json())
    key = PUBLIC
    if change == "core":
        proof["core"] = proof["core"][:40] + ("A" if proof["core"][40] != "A" else "B") + proof["core"][41:]
    elif change == "path":
        proof["proof"].reverse()
    elif change == "key":
        key = key_of(ORIGIN, OTHER_KEY)
    elif change == "rubbish":
        proof = {"format": "gatebook.proof.1"}
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    (tmp_path / "key").write_text(str(key))
    done = run(tmp_path / "alone", tmp_path / "proof.json", "--key", tmp_path / "key", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == ((0, True) if change is None else (1, False))
    if change is None:
        assert (report["record"]["stream"], report["record"]["seq"]) == ("node-w0", 60)


def test_exit_code_2_when_it_cannot_be_checked(tmp_path: Path) -> None:
    """What is not there, or is no key or checkpoint, is not a finding."""
    log = build(tmp_path)
    (tmp_path / "bad").write_text("rubbish")
    for options in (
        [tmp_path / "absent"],
        [log.log_dir, "--key", tmp_path / "bad"],
        [log.log_dir, "--checkpoint", tmp_path / "bad"],
        [],
        [tmp_path / "bad"],
    ):
        done = run(tmp_path / "alone", *options)
        assert done.returncode == 2 and done.stderr and not done.stdout


def test_help_says_what_to_trust(tmp_path: Path) -> None:
    """The help explains keys, checkpoints and exit codes."""
    text = run(tmp_path, "--help").stdout
    for word in ("--key", "--checkpoint", "--json", "Exit code", "elsewhere"):
        assert word in text
