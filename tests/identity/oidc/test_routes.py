"""The addresses of signals, as machines use them."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from gatebook.identity.oidc.routes import BODY_BYTES_MAX, routes
from tests.identity.oidc.conftest import House
from tests.identity.oidc.forge import Forge
from tests.identity.oidc.test_signals import bearer, logout_token

LOGOUT, REVOKE = "/oidc/backchannel-logout", "/global-token-revocation"
SUBJECT = {"sub_id": {"format": "opaque", "id": "s-1"}}


@pytest_asyncio.fixture
async def client(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """A machine that calls."""
    transport = httpx2.ASGITransport(app=Starlette(routes=routes(house.signals)))
    async with httpx2.AsyncClient(transport=transport, base_url="https://console.example") as made:
        yield made


async def test_logout_answers_200_once_and_may_not_be_stored(client: httpx2.AsyncClient, house: House, forge: Forge) -> None:
    """2.7 and 2.8 of the standard."""
    token = logout_token(forge)
    answer = await client.post(LOGOUT, data={"logout_token": token})
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    again = await client.post(LOGOUT, data={"logout_token": token})
    assert again.status_code == 400 and again.json()["error"] == "invalid_request" and again.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body", [b"", b"logout_token=", b"logout_token=x", b"\xff", b"a=b", b"x" * (BODY_BYTES_MAX + 1), b"&".join([b"a=b"] * 50)]
)
async def test_odd_forms_are_refused(client: httpx2.AsyncClient, forge: Forge, body: bytes) -> None:
    """With a sentence, and nothing of the body in it."""
    answer = await client.post(LOGOUT, content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 400 and answer.json()["error_description"]


async def test_revocation_answers_as_the_draft_says(client: httpx2.AsyncClient, house: House, forge: Forge) -> None:
    """204 done, 404 nobody, 400 a bad body, 401 a bad bearer."""
    house.provision("ana", "s-1")
    cases = ((SUBJECT, 204), ({"sub_id": {"format": "opaque", "id": "nobody"}}, 404), ({}, 400))
    for body, status in cases:
        answer = await client.post(REVOKE, json=body, headers={"authorization": f"Bearer {bearer(forge)}"})
        assert answer.status_code == status
    for header in ({}, {"authorization": "Basic eDp5"}, {"authorization": "Bearer x"}, {"authorization": "Bearer "}):
        answer = await client.post(REVOKE, json=SUBJECT, headers=header)
        assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_in_the_address_is_not_looked_at(client: httpx2.AsyncClient, house: House, forge: Forge) -> None:
    """Neither address takes one from there."""
    assert (await client.post(f"{REVOKE}?access_token={bearer(forge)}", json=SUBJECT)).status_code == 401
    assert (await client.post(f"{LOGOUT}?logout_token={logout_token(forge)}")).status_code == 400
    assert (await client.get(f"{LOGOUT}?logout_token={logout_token(forge)}")).status_code == 405


async def test_what_cannot_be_recorded_is_not_done(client: httpx2.AsyncClient, house: House, forge: Forge) -> None:
    """503, and the same token is good again later."""
    house.provision("ana", "s-1")
    token = bearer(forge)
    house.book.close()
    answer = await client.post(REVOKE, content=json.dumps(SUBJECT), headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 503 and house.store.snapshot().people["ana"].epoch == 0
    assert house.sql("SELECT * FROM jti_seen") == []
