"""A stage that tests share, and clients of its people."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.console.theatre import CHROMIUM, FLAGS

BASE = "http://127.0.0.1:8401"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A deployment with its people and three hundred calls of the last day."""
    path: Path = tmp_path_factory.mktemp("stage")
    stage = Stage(path)
    try:
        stage.tokens = await stage.enroll()
        stage.crowd(300, 86_400_000_000)
        await stage.settled()
        yield stage
    finally:
        await stage.providers.close()
        stage.close()


def client_of(stage: Stage) -> httpx2.AsyncClient:
    """A client that nobody has signed in."""
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=stage.app), base_url=BASE, headers={"origin": BASE})


@asynccontextmanager
async def signed_in(stage: Stage, person: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A client with a console session of the person."""
    async with client_of(stage) as client:
        answer = await client.post("/sign-in", data={"secret": await stage.link_secret(person)})
        assert answer.status_code == 303
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The console of an administrator, who reads all calls."""
    async with signed_in(stage, ADMIN) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def employee(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The console of an employee, who reads their own calls."""
    async with signed_in(stage, EMPLOYEE) as client:
        yield client


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, without a screen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
