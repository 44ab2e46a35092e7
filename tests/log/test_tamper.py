"""Tampering is found, with the first bad place, by `gatebook verify` and by the offline verifier."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebook.cli.main import main
from gatebook.log import offline_verifier
from gatebook.log.segment import segment_path
from tests.log.sealed_log import PUBLIC, SealedLog, build, cells
from tests.log.tamper_kinds import KINDS, Place, Tampering

TABLE = Path(__file__).parents[2] / "docs" / "tamper-table.md"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> SealedLog:
    """A sealed log that tests copy."""
    return build(tmp_path_factory.mktemp("original"), unsealed=True)


def copy_of(log: SealedLog, root: Path) -> SealedLog:
    """A copy with key and kept checkpoints in files beside it."""
    shutil.copytree(log.log_dir, root / "log")
    (root / "trusted.key").write_text(f"{PUBLIC}\n")
    for number, note in enumerate(log.kept):
        (root / f"kept-{number}").write_text(note)
    return SealedLog(root / "log", log.kept)


def run_verify(root: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    """`gatebook verify --json`."""
    code = main(["verify", "--data", str(root), "--json", *options])
    return code, json.loads(capsys.readouterr().out)


def run_offline(root: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    """The offline verifier, copied alone to an empty directory and run in isolated mode."""
    alone = root / "alone"
    alone.mkdir(exist_ok=True)
    script = shutil.copy(offline_verifier.__file__, alone / "verifier.py")
    done = subprocess.run(
        [sys.executable, "-I", script, str(root / "log"), "--json", *options], cwd=alone, capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


TOOLS = {"verify": run_verify, "offline": run_offline}


def outside(root: Path) -> list[str]:
    """Options for the key and the checkpoints that were kept elsewhere."""
    return ["--key", str(root / "trusted.key"), "--checkpoint", str(root / "kept-0"), "--checkpoint", str(root / "kept-1")]


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("with_outside", [False, True], ids=["alone", "kept"])
def test_untouched_log_is_ok(
    original: SealedLog, tmp_path: Path, tool: str, with_outside: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that nobody touched has no findings."""
    copy_of(original, tmp_path)
    code, report = TOOLS[tool](tmp_path, outside(tmp_path) if with_outside else [], capsys)
    assert (code, report["ok"], report["findings"], report["first_bad"]) == (0, True, [], None)
    assert report["key_trusted"] is with_outside


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_tampering_is_found(original: SealedLog, tmp_path: Path, kind: Tampering, tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With key and checkpoints from elsewhere every kind is found, and the first bad place is named."""
    log = copy_of(original, tmp_path)
    place = kind.apply(log)
    code, report = TOOLS[tool](tmp_path, outside(tmp_path), capsys)
    bad = report["first_bad"]
    assert code == 1 and isinstance(bad, dict), report
    found = Place(bad.get("stream"), bad.get("seq"), bad.get("seq_last") if place.seq_last else None)
    assert found == place, report
    assert bad["segment"] is not None and bad["offset"] is not None
    placed = {(cell.segment, cell.offset) for cell in cells(original.log_dir, place.stream or "")}
    if kind.name.startswith("flip"):
        assert (bad["segment"], bad["offset"]) in placed


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.needs == "-"], ids=lambda kind: kind.name)
def test_tampering_is_found_without_anything_kept(
    original: SealedLog, tmp_path: Path, kind: Tampering, tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kinds that the table says need nothing from elsewhere are found by the log itself, at the same place."""
    place = kind.apply(copy_of(original, tmp_path))
    code, report = TOOLS[tool](tmp_path, [], capsys)
    bad = report["first_bad"]
    assert code == 1 and isinstance(bad, dict)
    assert (bad["stream"], bad["seq"]) == (place.stream, place.seq), report


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.needs != "-"], ids=lambda kind: kind.name)
def test_some_tampering_needs_what_was_kept(
    original: SealedLog, tmp_path: Path, kind: Tampering, tool: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is honest: without anything from elsewhere these kinds look like another log that is whole."""
    kind.apply(copy_of(original, tmp_path))
    assert TOOLS[tool](tmp_path, [], capsys)[0] == 0


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("option", ["key", "checkpoint"])
def test_either_key_or_checkpoint_shows_another_key(
    original: SealedLog, tmp_path: Path, tool: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A log that was rewritten with another key is found with the key alone and with a checkpoint alone."""
    place = next(kind for kind in KINDS if kind.name == "rewritten").apply(copy_of(original, tmp_path))
    options = {"key": ["--key", str(tmp_path / "trusted.key")], "checkpoint": ["--checkpoint", str(tmp_path / "kept-1")]}[option]
    code, report = TOOLS[tool](tmp_path, options, capsys)
    bad = report["first_bad"]
    assert code == 1 and isinstance(bad, dict)
    assert bad["seq"] == place.seq


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_byte_is_found(original: SealedLog, data: st.DataObject, capsys: pytest.CaptureFixture[str]) -> None:
    """Any change of one byte in any frame is found by both, in the record that it hit; no key or checkpoint is needed."""
    stream = data.draw(st.sampled_from(["node-k", "node-w0"]))
    seq, cell = data.draw(st.sampled_from(list(enumerate(cells(original.log_dir, stream), 1))))
    at = data.draw(st.integers(cell.offset, cell.frame.end - 1))
    path = segment_path(original.log_dir / stream, cell.segment)
    before = path.read_bytes()
    changed = bytearray(before)
    changed[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(changed))
    try:
        code = main(["verify", "--data", str(original.log_dir.parent), "--json"])
        report = json.loads(capsys.readouterr().out)
        offline = offline_verifier.Log(original.log_dir, None)
        offline.verify([])
        first = offline.report()["first_bad"]
    finally:
        path.write_bytes(before)
    expected = (stream, seq, cell.segment, cell.offset)
    assert code == 1
    assert tuple(report["first_bad"][name] for name in ("stream", "seq", "segment", "offset")) == expected
    assert first is not None and tuple(first[name] for name in ("stream", "seq", "segment", "offset")) == expected


def table() -> str:
    """The table as docs/tamper-table.md must show it."""
    lines = [
        "# What tampering is found",
        "",
        "Each row is a test (`tests/log/test_tamper.py`): `gatebook verify` and the offline verifier both find it and name the first bad place:",
        "stream, record, segment file and byte. *Needs*: what must have been kept outside the machine; `-` means that the log shows it by itself.",
        "",
        "| tampering | needs |",
        "|---|---|",
        *(f"| {kind.text} | {kind.needs} |" for kind in KINDS),
        "",
        "Where chain and tiles were computed anew as well, only a signed checkpoint shows the change. Then the first bad place is the first record",
        "after the newest checkpoint that still holds; the change is between it and the checkpoint that does not hold. Checkpoints are signed every",
        "few seconds, so the range is short.",
        "",
        "Not found, because nothing vouches for it: a change of records that no checkpoint covers yet when chain, checksums and position file are",
        "made to fit; the time of creation in a segment's header; a payload that was taken out whole (that is what retention does: it is counted",
        "and shown, not a finding).",
        "",
    ]
    return "\n".join(lines)


def test_table_in_the_docs_is_true() -> None:
    """docs/tamper-table.md says what the tests above show."""
    assert TABLE.read_text() == table()
