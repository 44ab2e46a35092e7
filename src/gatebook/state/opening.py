"""Opens the state that the settings name."""

import os

from gatebook.settings import Settings
from gatebook.state.store import Store


def open_state(settings: Settings, *, create: bool = True) -> Store:
    """Open state, and bring it to the newest schema; without `create` it must be there. Raises StateError."""
    if not settings.state.url:
        return Store.open(settings.state_path, create=create)
    from gatebook.state.postgres import PostgresDatabase

    return Store.over(PostgresDatabase(settings.state.url, os.environ), create=create)
