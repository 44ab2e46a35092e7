"""A provider that a test commands, and what asks it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from gatebook.identity.issuers.fetching import Fetcher
from tests.identity.oidc.forge import Forge, forging


@pytest_asyncio.fixture
async def forge() -> AsyncIterator[Forge]:
    """A provider."""
    async with forging() as made:
        yield made


@pytest_asyncio.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """What asks it."""
    made = Fetcher(total_s=1.0)
    yield made
    await made.close()
