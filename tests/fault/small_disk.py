"""The small disk (fault/small_disk.py) for tests: where none can be mounted the test is skipped, loudly."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fault import small_disk as real
from fault.missing import Missing
from fault.small_disk import fill_up

__all__ = ["fill_up", "small_disk"]


@contextmanager
def small_disk(directory: Path, size_bytes: int) -> Iterator[Path]:
    """Mount a tmpfs of this size on `directory`."""
    try:
        with real.small_disk(directory, size_bytes) as mounted:
            yield mounted
    except Missing as missing:
        pytest.skip(f"NOT RUN: {missing}")
