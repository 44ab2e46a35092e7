"""The engines of state: a test that asks for `state_url` runs on each. No property has a deadline: how fast a machine is proves nothing."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Cluster, find_programs

settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server; where there is none the test is skipped, or fails in continuous integration."""
    programs = find_programs()
    if programs is None:
        reason = "state in PostgreSQL is NOT TESTED, because this machine has no initdb (Debian package: postgresql)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    cluster = Cluster(programs)
    yield cluster
    cluster.close()


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    """The address of a database of PostgreSQL with an empty state."""
    name = postgres.lend()
    yield postgres.url(name)
    postgres.take_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest) -> str:
    """What `state.url` is set to: nothing, for a file, or the address of a new database of PostgreSQL."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def blank_url(postgres: Cluster) -> Iterator[str]:
    """The address of a database of PostgreSQL without tables."""
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)
