"""The fuzz targets hold on arbitrary bytes, and for a few seconds of coverage-guided fuzzing where atheris is there."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import SEEDS, TARGETS

ROOT = Path(__file__).parent.parent.parent
SECONDS = 3


@pytest.mark.parametrize("name", sorted(TARGETS))
@given(data=st.data())
def test_targets_hold_on_changed_seeds(name: str, data: st.DataObject) -> None:
    """Good input with pieces cut out, doubled or overwritten is read or refused, never misread."""
    seed = bytearray(data.draw(st.sampled_from(SEEDS[name])))
    for _ in range(data.draw(st.integers(0, 4))):
        at, size = data.draw(st.integers(0, len(seed))), data.draw(st.integers(0, 8))
        seed[at : at + size] = data.draw(st.binary(max_size=8) | st.just(bytes(seed[at : at + size]) * 2))
    TARGETS[name](bytes(seed))


@pytest.mark.fuzz
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_short_run_finds_nothing(name: str, tmp_path: Path) -> None:
    """A few seconds of fuzzing by coverage; `python -m tests.fuzz.targets NAME SECONDS` runs longer."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not installed: pip install atheris")
    command = [sys.executable, "-m", "tests.fuzz.targets", name, str(SECONDS), str(tmp_path)]
    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": "/usr/bin:/bin"}
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert "number_of_executed_units" in run.stderr
