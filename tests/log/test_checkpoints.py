"""The checkpoints that a log keeps of itself."""

import json
from pathlib import Path

import pytest

from gatebook.log.checkpoints import find_checkpoint, load_checkpoints, load_key, open_any
from gatebook.log.note import key_of
from gatebook.log.report import Findings
from tests.log.sealed_log import ORIGIN, OTHER_KEY, PUBLIC, build


@pytest.fixture
def tree_dir(tmp_path: Path) -> Path:
    """A tree with three checkpoints."""
    return build(tmp_path).log_dir / "tree"


def load(tree_dir: Path) -> tuple[list[int], list[str]]:
    """Sizes of the good checkpoints, and kinds of findings."""
    findings = Findings()
    local = load_checkpoints(tree_dir, PUBLIC, findings)
    return list(local.sizes), [finding.kind for finding in findings.items]


def test_all_checkpoints(tree_dir: Path) -> None:
    """Each is read once, the newest too, and its root with it."""
    findings = Findings()
    local = load_checkpoints(tree_dir, load_key(tree_dir), findings)
    assert (list(local.sizes), local.count, findings.items) == ([48, 97, 146], 3, [])
    assert local.newest is not None and local.root_of(2) == local.newest.root
    checkpoint = find_checkpoint(tree_dir, 97)
    assert checkpoint is not None and checkpoint.root == local.root_of(1)
    assert find_checkpoint(tree_dir, 98) is None


def test_a_line_that_was_not_finished(tree_dir: Path) -> None:
    """A sealer that died while it appended leaves no finding: the newest checkpoint is in its own file."""
    path = tree_dir / "checkpoints.ndjson"
    path.write_bytes(path.read_bytes()[:-40])
    assert load(tree_dir) == ([48, 97, 146], [])


@pytest.mark.parametrize(
    ("change", "kinds"),
    [("older", ["rollback"]), ("gone", ["rollback"]), ("rubbish", ["checkpoint"]), ("forged", ["signature"]), ("line", ["checkpoint"])],
)
def test_what_was_done_to_them(tree_dir: Path, change: str, kinds: list[str]) -> None:
    """Each way of tampering with the checkpoints is a finding of its own."""
    newest, history = tree_dir / "checkpoint", tree_dir / "checkpoints.ndjson"
    lines = history.read_text().splitlines()
    if change == "older":
        newest.write_text(json.loads(lines[0])["note"])
    elif change == "gone":
        newest.unlink()
    elif change == "rubbish":
        newest.write_text("rubbish")
        history.write_text("\n".join(lines[:2]) + "\n")
    elif change == "forged":
        newest.write_text(newest.read_text().replace("146\n", "147\n"))
    else:
        history.write_text("rubbish\n" + "\n".join(lines[1:]) + "\n")
    assert load(tree_dir)[1] == kinds


def test_signature_of_another_key(tree_dir: Path) -> None:
    """The checkpoint is read all the same; what is wrong with it is said."""
    checkpoint, problem = open_any((tree_dir / "checkpoint").read_text(), key_of(ORIGIN, OTHER_KEY))
    assert checkpoint is not None and checkpoint.size == 146 and problem.startswith("not signed by")
    assert open_any("rubbish", PUBLIC) == (None, "not a note: no signature lines")


def test_no_tree(tmp_path: Path) -> None:
    """Before the first checkpoint there is nothing, and that is no fault."""
    assert load(tmp_path) == ([], [])
    assert load_key(tmp_path) is None
