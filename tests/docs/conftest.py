"""An open store."""

from tests.state.conftest import store

__all__ = ["store"]
