"""Requests for access over HTTP: asked by the person, decided by others."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.api.conftest import client_of
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.console.waiting import deny, govern, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/api/v1/access-requests"
AMARA, TOMASZ = person("amara"), person("tomasz")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def governed(stage: Stage) -> AsyncIterator[None]:
    """The policies of the stage."""
    await govern(stage)
    yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator who is signed in."""
    async with signed_in(stage, ADMIN) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def employee(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An employee who is signed in."""
    async with signed_in(stage, EMPLOYEE) as client:
        yield client


async def test_a_request_from_its_reason_to_its_end(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """Asked, granted by the approver of what denied it, revoked; each answer says how it stands."""
    call = deny(stage, AMARA)
    await stage.settled()
    made = await employee.post(PATH, json={"call": call, "reason": "the customer wants to be deleted"})
    asked = made.json()
    assert made.status_code == 201 and (asked["state"], asked["own"], asked["person"]) == ("open", True, EMPLOYEE)
    address = f"{PATH}/{asked['id']}"
    own = await employee.post(f"{address}/grant", json={})
    assert own.status_code == 403 and "of their own" in own.json()["detail"]
    async with client_of(stage, TOMASZ.id) as program:
        assert [(one["id"], one["may_decide"]) for one in (await program.get(PATH)).json()["requests"]] == [(asked["id"], False)]
        answers = [await program.post(f"{address}/{verb}", json={"reason": "x"}) for verb in ("grant", "decline")]
        assert [answer.status_code for answer in answers] == [403, 403] and "access token" in answers[0].json()["detail"]
    async with signed_in(stage, TOMASZ.id) as approver:
        assert [one["id"] for one in (await approver.get(PATH)).json()["requests"]] == [asked["id"]]
        long = await approver.post(f"{address}/grant", json={"hours": 49})
        assert long.status_code == 409 and "At most 48 hours" in long.json()["detail"]
        granted = (await approver.post(f"{address}/grant", json={"hours": 1})).json()
        assert (granted["state"], granted["decided_by"], granted["over"]) == ("granted", TOMASZ.id, False)
        assert (await approver.post(f"{address}/decline", json={"reason": "x"})).status_code == 409
        assert (await approver.post(f"{address}/revoke", json={"reason": "done"})).json()["state"] == "revoked"
    assert (await employee.get(address)).json()["decision_reason"] == "done"


async def test_one_withdraws_what_one_asked_for(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """While it is open."""
    call = deny(stage, AMARA)
    await stage.settled()
    asked = (await employee.post(PATH, json={"call": call, "reason": "again"})).json()
    assert (await employee.post(f"{PATH}/{asked['id']}/withdraw", json={})).json()["state"] == "withdrawn"
    assert (await employee.post(f"{PATH}/{asked['id']}/withdraw", json={})).status_code == 409


async def test_nobody_asks_for_others_but_administrators(stage: Stage, admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """A call of somebody else looks like none; an administrator's request names the person."""
    call = deny(stage, TOMASZ, "default-deny")
    await stage.settled()
    assert (await employee.post(PATH, json={"call": call, "reason": "for Tomasz"})).status_code == 404
    async with client_of(stage, ADMIN) as program:
        by_token = await program.post(PATH, json={"call": call, "reason": "for Tomasz"})
    assert by_token.status_code == 403 and "administrator" in by_token.json()["detail"]
    made = (await admin.post(PATH, json={"call": call, "reason": "for Tomasz"})).json()
    assert (made["person"], made["rules"]) == (TOMASZ.id, [])
    assert (await employee.get(f"{PATH}/{made['id']}")).status_code == 404
    assert (await admin.post(PATH, json={"call": call, "reason": " "})).status_code == 409
    assert ADMIN != made["person"]
