"""The table of operations: what is asked for is checked before anybody answers."""

import httpx2
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("address", "parameter", "nearest"),
    [("/api/v1/calls?limt=3", "limt", "limit"), ("/api/v1/records?knd=reads", "knd", "kind"), ("/api/v1/calls?cursor=x", "cursor", None), ("/api/v1/status?x=1", "x", None)],
)  # fmt: skip
async def test_an_unknown_parameter_is_refused_with_the_nearest(
    admin: httpx2.AsyncClient, address: str, parameter: str, nearest: str | None
) -> None:
    """A parameter that is misspelt is not silently left out: that would answer another question."""
    answer = await admin.get(address)
    assert answer.status_code == 400
    assert answer.json()["parameter"] == parameter and answer.json().get("nearest") == nearest


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/api/v1/calls?limit=1&limit=2", "once only"),
        ("/api/v1/calls?limit=0", "from 1 to 500"),
        ("/api/v1/calls?limit=+5", "from 1 to 500"),
        ("/api/v1/calls?count=maybe", "1, true, 0 or false"),
        ("/api/v1/calls?since=yesterday", "2026-01-31T14:00:00Z"),
        ("/api/v1/calls?before=%00", "not a cursor that this API gave out"),
        ("/api/v1/records?kind=read", "did you mean reads?"),
    ],
)
async def test_a_bad_value_says_what_would_be_right(admin: httpx2.AsyncClient, address: str, words: str) -> None:
    """The sentence names the parameter and what it must be."""
    answer = await admin.get(address)
    assert answer.status_code == 400 and words in answer.json()["detail"]


async def test_times_beyond_all_calls_are_the_bounds(admin: httpx2.AsyncClient) -> None:
    """A range of thousands of years is a range."""
    answer = await admin.get("/api/v1/calls?since=0001-01-01T00:00:00Z&until=9999-12-31T23:59:59Z&limit=1")
    assert answer.status_code == 200 and answer.json()["calls"]


async def test_a_method_that_does_not_exist_names_those_that_do(admin: httpx2.AsyncClient) -> None:
    """405 carries Allow."""
    answer = await admin.post("/api/v1/calls")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"
    answer = await admin.delete("/api/v1/exports/estimate")
    assert answer.status_code == 405 and answer.headers["allow"] == "GET, HEAD"
