"""A deployment of its own for the tests of one module, and readers of its book."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gatebook.identity.directory import make_principal
from gatebook.reading.viewer import Viewer
from tests.console.stage import ADMIN, Stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Its people, and two hundred calls of the last day."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    try:
        await stage.enroll()
        stage.crowd(200, 86_400_000_000)
        await stage.settled()
        yield stage
    finally:
        stage.close()


def viewer_of(stage: Stage, person: str) -> Viewer:
    """Somebody of the directory as a reader who is signed in."""
    found = stage.store.snapshot().people[person]
    return Viewer(principal=make_principal(found, stage.vault.subject(person), "session"))


@pytest.fixture(scope="module")
def admin(stage: Stage) -> Viewer:
    """Somebody who reads all calls."""
    return viewer_of(stage, ADMIN)
