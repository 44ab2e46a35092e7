"""The stage of the console's tests, and API clients of its people."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.console.stage import ADMIN, EMPLOYEE, Stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A deployment with its people and three hundred calls of the last day."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    try:
        stage.tokens = await stage.enroll()
        stage.crowd(300, 86_400_000_000)
        await stage.settled()
        yield stage
    finally:
        stage.close()


def client_of(stage: Stage, person: str | None) -> httpx2.AsyncClient:
    """A client with a token of the person, or without one."""
    headers = {"authorization": f"Bearer {stage.tokens[person]}"} if person else {}
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=stage.app), base_url="http://127.0.0.1:8401", headers=headers)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator, who reads all calls."""
    async with client_of(stage, ADMIN) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def employee(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An employee, who reads their own calls."""
    async with client_of(stage, EMPLOYEE) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without a token."""
    async with client_of(stage, None) as client:
        yield client
