"""An open store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.state.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new, empty state database."""
    opened = Store.open(tmp_path / "state.db")
    yield opened
    opened.close()
