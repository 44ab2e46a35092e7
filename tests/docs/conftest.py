"""An open store."""

from tests.state.conftest import another, store

__all__ = ["another", "store"]
