"""Who is let in."""

import httpx2
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette
from starlette.routing import Mount

from gatebook.api.app import create_api
from gatebook.control.caller import local_caller
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.issuing import TokenOrder
from gatebook.record.parts import Source
from gatebook.state.store import bump
from tests.console.stage import ADMIN, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATHS = ("/api/v1/calls", "/api/v1/calls/x", "/api/v1/calls/x/proof", "/api/v1/tail", "/api/v1/records", "/api/v1/status")


@pytest.mark.parametrize("path", PATHS)
async def test_nobody_is_let_in_without_credentials(stranger: httpx2.AsyncClient, path: str) -> None:
    """Each address answers 401 with a challenge, and no rows."""
    answer = await stranger.get(path)
    assert answer.status_code == 401 and answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_refused_token_is_on_the_record(stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """A token that is not one gives 401 and a record."""
    answer = await stranger.get("/api/v1/calls", headers={"authorization": "Bearer gw_pat_nonsense"})
    assert answer.status_code == 401
    newest = (await stage.records("sign-ins"))[-1]
    assert (newest["type"], newest["endpoint"], newest["reason"]) == ("auth.failed", "/api/v1/calls", "malformed")


async def test_a_token_of_connectors_alone_reads_nothing(stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """403 with the scopes that it needs, on the record with its owner; with book:read it reads."""
    host = local_caller("root", stage.vault.subject)
    issued = [await stage.desk.issuing.create(TokenOrder(person=EMPLOYEE, scopes=(scope,)), host) for scope in ("mcp:crm", "book:read")]
    narrow, reader = ({"authorization": f"Bearer {one.secret}"} for one in issued)
    answer = await stranger.get("/api/v1/calls", headers=narrow)
    assert answer.status_code == 403 and answer.json()["scope"] == "book:read mcp:crm"
    assert 'error="insufficient_scope", scope="book:read mcp:crm"' in answer.headers["www-authenticate"]
    newest = (await stage.records("sign-ins"))[-1]
    assert (newest["type"], newest["reason"], newest["actor"]["token"]) == ("auth.failed", "scope", issued[0].token.id)
    assert (await stranger.get("/api/v1/calls", headers=reader)).status_code == 200


async def test_a_token_is_good_as_state_says_at_that_moment(stage: Stage) -> None:
    """What this process has in memory of people may be older: cut off is cut off on the next request, and a group that was left shows nothing."""
    late, host = "late@northwind.example", local_caller("root", stage.vault.subject)
    issued = await stage.desk.issuing.create(TokenOrder(person=late, groups=("security",), scopes=("book:read",)), host)
    older = stage.directory()
    api = Starlette(routes=[Mount("/api", create_api(replace(stage.api_deps(), directory=lambda: older)))])
    headers = {"authorization": f"Bearer {issued.secret}"}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api), base_url="http://x", headers=headers) as client:
        assert (await client.get("/api/v1/calls")).json()["calls"]
        with stage.store.write() as connection:
            put_person(connection, Wanted(id=late, groups=()), 1)
            bump(connection)
        assert (await client.get("/api/v1/calls")).json()["calls"] == []
        with stage.store.write() as connection:
            cut_off(connection, CutOff(id="cut_late", person=late, cause="deactivated", by="Okta"), 2)
            bump(connection)
        answer = await client.get("/api/v1/calls")
    assert answer.status_code == 401 and "revoked" in answer.json()["detail"]


async def test_a_token_in_the_address_is_refused(stage: Stage, stranger: httpx2.AsyncClient) -> None:
    """Even beside a good one: the sentence says where it belongs, and does not repeat it."""
    secret = stage.tokens[EMPLOYEE]
    for query in (f"access_token={secret}", f"q={secret}", "access_token=x"):
        answer = await stranger.get(f"/api/v1/calls?{query}", headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == 400 and "Authorization" in answer.json()["detail"] and secret not in answer.text


async def test_a_console_session_is_let_in(stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """The cookie of a console session works, an unknown one does not."""
    opened = await stage.desk.sign_in(await stage.link_secret(ADMIN), _source())
    assert opened is not None
    answer = await stranger.get("/api/v1/status", headers={"cookie": f"gatebook={opened.secret}"})
    assert answer.status_code == 200 and answer.json()["records"] > 300
    assert (await stranger.get("/api/v1/status", headers={"cookie": "gatebook=other"})).status_code == 401


async def test_a_bad_token_beside_a_good_session_is_refused(stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """What is presented must be good; there is no falling back."""
    opened = await stage.desk.sign_in(await stage.link_secret(ADMIN), _source())
    assert opened is not None
    headers = {"cookie": f"gatebook={opened.secret}", "authorization": "Bearer x"}
    assert (await stranger.get("/api/v1/status", headers=headers)).status_code == 401


async def test_other_methods_and_addresses_are_problems(admin: httpx2.AsyncClient) -> None:
    """Unknown addresses and methods answer in the form of all errors."""
    for answer in (await admin.get("/api/v1/nothing"), await admin.post("/api/v1/calls")):
        assert answer.status_code in (404, 405) and answer.headers["content-type"] == "application/problem+json"


async def test_records_are_paged_and_scoped(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage) -> None:
    """An administrator pages over all records; an employee sees their own only; an unknown kind is refused."""
    first = (await admin.get("/api/v1/records?kind=changes&limit=5")).json()
    second = (await admin.get(f"/api/v1/records?kind=changes&limit=5&before={first['next_cursor']}")).json()
    ids = [record["id"] for record in first["records"] + second["records"]]
    assert len(set(ids)) == 10 and ids == sorted(ids, reverse=True)
    own = stage.vault.subject("amara@northwind.example")
    await employee.get("/api/v1/calls")
    await stage.settled()
    mine = (await employee.get("/api/v1/records")).json()["records"]
    assert mine and {record["core"]["actor"]["subject"] for record in mine} == {own}
    assert (await admin.get("/api/v1/records?kind=other")).status_code == 400


def _source() -> Source:
    return Source(ip="127.0.0.1", port=1)
