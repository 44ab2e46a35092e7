"""An open store, of each engine."""

from tests.state.conftest import another, store

__all__ = ["another", "store"]
