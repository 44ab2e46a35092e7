"""Opening the state that settings name."""

from pathlib import Path

import pytest

from gatebook.settings import Settings
from gatebook.state.opening import open_state
from gatebook.state.store import StateError


def test_state_is_where_the_settings_say(tmp_path: Path) -> None:
    """A worker never makes it: without `gatebook init` there is none."""
    settings = Settings(data_dir=tmp_path / "data")
    with pytest.raises(StateError, match="gatebook init"):
        open_state(settings, create=False)
    open_state(settings).close()
    assert settings.state_path.exists()
    opened = open_state(settings, create=False)
    assert opened.revision() == 0
    opened.close()
