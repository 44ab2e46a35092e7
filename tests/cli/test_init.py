"""`gatebook init`."""

import stat
from pathlib import Path

from tests.cli.conftest import Run


def test_init_makes_what_is_missing_and_nothing_twice(bare: Run, data: Path) -> None:
    """The directory and all secrets are for their owner alone; a second run makes nothing and changes nothing."""
    code, output, _ = bare("init")
    assert code == 0
    assert output.count("made ") == 3
    before = {path: path.read_bytes() for path in (data / "secrets").iterdir()} | {data / "epoch": (data / "epoch").read_bytes()}
    assert len(before) == 3
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    code, output, _ = bare("init")
    assert (code, output.count("made ")) == (0, 0)
    assert {path: path.read_bytes() for path in before} == before
