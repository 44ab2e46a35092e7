"""The storage keeps the library's contract, loses no member to a race, and is asked in SQL."""

from collections.abc import Iterator

import pytest
from scim2_models import ScimProvider
from scim2_server.testing import AsyncScimStorageContract

from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.scim.catalog import provider as described
from gatebook.identity.scim.recording import requester_of
from gatebook.identity.scim.storage import DirectoryStorage
from tests.identity.scim.conftest import AtOnce


class TestContract(AsyncScimStorageContract):
    """The library's own suite."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        """Our description of the service."""
        return described()

    @pytest.fixture
    def async_storage(self, journal: Journal) -> Iterator[DirectoryStorage]:
        """An empty storage over real state and a real book."""
        yield DirectoryStorage(journal, Cutting(journal, AtOnce()), requester_of(journal, None))
