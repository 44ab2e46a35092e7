"""The disk that forgets (fault/lossy.py) for tests: without a compiler the test is skipped, loudly."""

from pathlib import Path

import pytest

from fault import lossy
from fault.lossy import environment
from fault.missing import Missing

__all__ = ["build", "environment"]


def build(directory: Path) -> Path:
    """Compile the shim into `directory`; returns the shared object."""
    try:
        return lossy.build(directory)
    except Missing as missing:
        pytest.skip(f"NOT RUN: {missing}")
