"""The import rules of pyproject.toml hold."""

import subprocess
import sys
from pathlib import Path

from tests.structure.checkout import ROOT


def test_imports_go_down_only() -> None:
    """import-linter finds every contract kept."""
    lint = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
