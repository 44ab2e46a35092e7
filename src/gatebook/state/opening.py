"""Opens the state that the settings name."""

from gatebook.settings import Settings
from gatebook.state.store import Store


def open_state(settings: Settings, *, create: bool = True) -> Store:
    """Open state, and bring it to the newest schema; without `create` it must be there. Raises StateError."""
    return Store.open(settings.state_path, create=create)
