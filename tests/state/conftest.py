"""An open store, of each engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatebook.settings import Settings, StateSettings
from gatebook.state.opening import open_state
from gatebook.state.store import Store


@pytest.fixture
def another(tmp_path: Path, state_url: str) -> Iterator[Callable[[], Store]]:
    """Opens the state of the test, as another process would."""
    settings = Settings(data_dir=tmp_path, state=StateSettings(url=state_url))
    opened: list[Store] = []

    def open_it() -> Store:
        opened.append(open_state(settings))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(another: Callable[[], Store]) -> Store:
    """A new, empty state."""
    return another()
