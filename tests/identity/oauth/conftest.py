"""An authorization server, and a web site that clients can have their documents on."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from gatebook.state.store import Store
from tests.identity.oauth.deployment import Deployment, Site


@pytest.fixture
def deployment(tmp_path: Path, store: Store) -> Iterator[Deployment]:
    """A server that reads no documents of clients."""
    opened = Deployment(tmp_path / "data", store)
    yield opened
    opened.close()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A web site under two names."""
    async with Site(tmp_path, "app.example", "other.example") as running:
        yield running


@pytest.fixture
def with_site(tmp_path: Path, store: Store, site: Site) -> Iterator[Deployment]:
    """A server that can read documents of clients on that site."""
    opened = Deployment(tmp_path / "data", store, site.fetch())
    yield opened
    opened.close()
