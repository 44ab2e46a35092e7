"""Tokens and service accounts through the API."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.tokens import is_well_formed
from gatebook.state.store import bump
from tests.api.conftest import client_of
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKENS = "/api/v1/tokens"
LEAVER = "lee@northwind.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def me(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An employee with a console session."""
    async with signed_in(stage, EMPLOYEE) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def boss(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator with a console session."""
    async with signed_in(stage, ADMIN) as client:
        yield client


async def test_people_make_see_and_revoke_their_own(me: httpx2.AsyncClient, stage: Stage) -> None:
    """The secret is in one answer; the list has the rest; after the revocation the token lets nobody in."""
    made = await me.post(TOKENS, json={"name": "Cursor", "scopes": ["mcp:crm", "book:read"], "days": 30})
    assert made.status_code == 201, made.text
    secret, token = made.json()["secret"], made.json()["token"]
    assert is_well_formed(secret) and (token["person"], token["scopes"], token["state"]) == (EMPLOYEE, ["book:read", "mcp:crm"], "valid")
    assert token["created_by"] == EMPLOYEE and token["expires_us"] - token["created_us"] <= 30 * 86_400_000_000
    listed = (await me.get(TOKENS)).json()
    assert listed["tokens"][0] == token and {one["person"] for one in listed["tokens"]} == {EMPLOYEE}
    assert secret not in (await me.get(TOKENS)).text
    reader = {"authorization": f"Bearer {secret}"}
    async with client_of(stage, None) as stranger:
        assert (await stranger.get("/api/v1/calls?limit=1", headers=reader)).status_code == 200
        assert (await me.delete(f"{TOKENS}/{token['id']}")).status_code == 204
        assert (await stranger.get("/api/v1/calls?limit=1", headers=reader)).status_code == 401
    assert (await me.delete(f"{TOKENS}/{token['id']}")).status_code == 409


async def test_a_token_makes_no_token(employee: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    """Whoever its owner is, a program neither makes nor revokes one, and sees the owner's own alone."""
    for client in (employee, admin):
        answer = await client.post(TOKENS, json={})
        assert answer.status_code == 403 and "in person" in answer.json()["detail"]
        assert (await client.delete(f"{TOKENS}/tok_000000000000")).status_code == 403
        assert (await client.get("/api/v1/service-accounts")).status_code == 403
    assert {one["person"] for one in (await admin.get(TOKENS)).json()["tokens"]} == {ADMIN}


async def test_what_cannot_be_is_said_in_a_sentence(me: httpx2.AsyncClient, boss: httpx2.AsyncClient) -> None:
    """Each refusal names what is wrong, and nothing is made."""
    before = (await me.get(TOKENS)).json()["total"]
    wrong = [
        ({"scopes": ["mcp:*"]}, 409, "is not a scope"),
        ({"days": 3000}, 409, "365 days at most"),
        ({"days": None}, 403, "only an administrator"),
        ({"person": ADMIN}, 403, "of your own"),
        ({"days": 0}, 400, ""),
        ({"expires": 1}, 400, ""),
    ]
    for body, status, text in wrong:
        answer = await me.post(TOKENS, json=body)
        assert answer.status_code == status and text in answer.json()["detail"].lower(), (body, answer.text)
    assert (await boss.post(TOKENS, json={"days": None})).status_code == 409
    assert (await boss.post(TOKENS, json={"days": None, "reason": "the display"})).json()["token"]["expires_us"] is None
    assert (await me.get(TOKENS)).json()["total"] == before


async def test_administrators_see_all_and_find_what_they_look_for(boss: httpx2.AsyncClient, stage: Stage) -> None:
    """By owner, kind and state; a filter is answered over all of them."""
    everything = (await boss.get(TOKENS)).json()
    assert everything["total"] >= len(stage.tokens) and everything["pages"] == 1
    found = (await boss.get(TOKENS, params={"contains": "AMARA", "state": "valid"})).json()["tokens"]
    assert found and {one["person"] for one in found} == {EMPLOYEE}
    assert (await boss.get(TOKENS, params={"contains": "%"})).json()["total"] == 0
    assert {one["person"] for one in (await boss.get(TOKENS, params={"own": "true"})).json()["tokens"]} == {ADMIN}
    assert (await boss.get(TOKENS, params={"state": "other"})).status_code == 400


async def test_a_service_account_stops_with_its_owner_and_goes_on_with_another(boss: httpx2.AsyncClient, stage: Stage) -> None:
    """It is made, called with, suspended with its owner, shown as such, and given to somebody else."""
    await stage.desk.issuing.create(TokenOrder(person=LEAVER), local_caller("root", stage.vault.subject))
    account = "/api/v1/service-accounts/nightly"
    assert (await boss.put(account, json={"name": "Nightly"})).status_code == 409
    made = await boss.put(account, json={"owner": LEAVER, "name": "Nightly", "groups": ["sales"]})
    assert made.status_code == 200, made.text
    assert (made.json()["owner"], made.json()["groups"], made.json()["active"]) == (LEAVER, ["sales"], True)
    secret = (await boss.post(TOKENS, json={"person": "nightly", "name": "cron"})).json()["secret"]
    assert secret.startswith("gw_svc_")
    with stage.store.write() as connection:
        cut_off(connection, CutOff(id="cut-api", person=LEAVER, cause="deactivated", by="scim"), 7)
        bump(connection)
    async with client_of(stage, None) as program:
        assert (await program.get("/api/v1/calls", headers={"authorization": f"Bearer {secret}"})).status_code == 401
    first = (await boss.get("/api/v1/service-accounts")).json()["accounts"][0]
    assert (first["id"], first["active"], first["tokens"]) == ("nightly", False, 1)
    assert (await boss.get(TOKENS, params={"state": "suspended"})).json()["tokens"][0]["person"] == "nightly"
    given = (await boss.put(account, json={"owner": EMPLOYEE, "reason": "Lee left"})).json()
    assert (given["owner"], given["active"], given["tokens"]) == (EMPLOYEE, True, 0)


async def test_who_answers_for_an_account_makes_its_tokens(me: httpx2.AsyncClient, boss: httpx2.AsyncClient) -> None:
    """And sees them beside their own; an employee makes no account."""
    assert (await boss.put("/api/v1/service-accounts/export", json={"owner": EMPLOYEE})).status_code == 200
    made = await me.post(TOKENS, json={"person": "export"})
    assert made.status_code == 201 and made.json()["token"]["owner"] == EMPLOYEE
    assert {one["person"] for one in (await me.get(TOKENS)).json()["tokens"]} >= {EMPLOYEE, "export"}
    assert (await me.put("/api/v1/service-accounts/export", json={"owner": EMPLOYEE})).status_code == 403
    assert (await me.get("/api/v1/service-accounts")).status_code == 403
