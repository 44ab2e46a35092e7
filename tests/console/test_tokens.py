"""Pages about tokens over HTTP."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.identity.directory import Directory, Principal
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.tokens import PATTERN
from tests.console.conftest import client_of, signed_in
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.test_saved_pages import form
from tests.console.tooling import dress

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEW = "/me/tokens/new"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def dressed(stage: Stage) -> AsyncIterator[None]:
    """Connectors that have listed tools."""
    await dress(stage)
    yield


async def make(who: httpx2.AsyncClient, **fields: object) -> httpx2.Response:
    """Send the form of a new token."""
    return await who.post(NEW, data={**await form(who), "name": "Cursor", "reach": "mcp", "days": "30", **fields})


async def test_a_token_is_made_shown_once_and_ready_to_be_pasted(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """The secret is in no address; whoever loads the page again finds that it was shown."""
    made = await make(employee, reach="some", connector=["crm"], name="<b>Cursor</b>")
    assert made.status_code == 303
    where = made.headers["location"]
    assert not PATTERN.search(where)
    page = await employee.get(where)
    secrets = set(PATTERN.findall(page.text))
    assert len(secrets) == 1 and "claude mcp add" in page.text and "<b>Cursor" not in page.text
    assert page.headers["cache-control"] == "no-store"
    again = await employee.get(where)
    assert again.status_code == 404 and not PATTERN.search(again.text)
    found = Directory(stage.store.snapshot(), str).authenticate(f"Bearer {secrets.pop()}", 0)
    assert isinstance(found, Principal) and (found.person, found.scopes) == (EMPLOYEE, ("mcp:crm",))


async def test_nobody_else_is_shown_it(employee: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    """The key of the page is worth nothing to another person."""
    where = (await make(employee)).headers["location"]
    assert (await admin.get(where)).status_code == 404
    assert PATTERN.search((await employee.get(where)).text)


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"reach": "some"}, 400, "Choose at least one connector"),
        ({"connector": "crm"}, 400, "ticked connectors"),
        ({"days": "x"}, 400, "how long"),
        ({"days": "3000"}, 409, "365 days at most"),
        ({"days": "never"}, 403, "Only an administrator"),
        ({"reach": "some", "connector": "*"}, 409, "is not a scope"),
        ({"for": ADMIN}, 403, ""),
        ({"csrf": "x"}, 403, "out of date"),
    ],
)
async def test_what_cannot_be_is_said_above_the_form(
    employee: httpx2.AsyncClient, stage: Stage, fields: dict[str, str], status: int, text: str
) -> None:
    """With what was filled in; and no token is made."""
    before = len(stage.desk.tokens())
    answer = await make(employee, **fields)
    assert answer.status_code in (status, 404) and text in answer.text
    assert len(stage.desk.tokens()) == before


async def test_own_tokens_are_revoked_and_those_of_others_are_not_there(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """A form of another site does nothing."""
    host = local_caller("root", stage.vault.subject)
    mine = await stage.desk.issuing.create(TokenOrder(person=EMPLOYEE, name="to lose"), host)
    theirs = await stage.desk.issuing.create(TokenOrder(person=AUDITOR), host)
    assert "to lose" in (await employee.get("/me")).text
    assert (await employee.post(f"/tokens/{theirs.token.id}/revoke", data=await form(employee))).status_code == 404
    strange = {"origin": "https://evil.example"}
    assert (await employee.post(f"/tokens/{mine.token.id}/revoke", data=await form(employee), headers=strange)).status_code == 403
    answer = await employee.post(f"/tokens/{mine.token.id}/revoke", data={**await form(employee), "reason": "lost"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/me#tokens")
    states = {one.id: one.revoked_us for one in stage.desk.tokens()}
    assert states[mine.token.id] is not None and states[theirs.token.id] is None
    assert (await stage.records("changes"))[-1]["type"] in ("token.changed", "config.changed")


async def test_administrators_see_all_tokens_and_keep_service_accounts(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Found by owner and state; an account is made, gets a token, and is given to somebody else."""
    page = (await admin.get("/tokens")).text
    assert page.count("data-record=") >= len(stage.tokens) and not PATTERN.search(page)
    found = (await admin.get("/tokens?q=amara&state=valid")).text
    assert "Amara Okafor" in found and "Kenji" not in found
    assert "None fits" in (await admin.get("/tokens?q=zzz&page=99999")).text
    made = {"id": "nightly", "owner": EMPLOYEE, "name": "Nightly <i>", "groups": "sales, ops"}
    answer = await admin.post("/service-accounts", data={**await form(admin), **made})
    assert (answer.status_code, answer.headers["location"]) == (303, "/tokens#accounts")
    page = (await admin.get("/tokens")).text
    assert "Nightly &lt;i&gt;" in page and "ops, sales" in page
    where = (await make(admin, **{"for": "nightly", "days": "90"})).headers["location"]
    assert "gw_svc_" in (await admin.get(where)).text
    assert "Service accounts that you answer for" not in (await admin.get("/me")).text
    async with signed_in(stage, EMPLOYEE) as owner:
        own = (await owner.get("/me")).text
        assert "Service accounts that you answer for" in own and "gw_svc_" in own
        assert (await owner.get(f"{NEW}?for=nightly")).status_code == 200
        assert (await owner.get(f"{NEW}?for=other")).status_code == 404
    given = await admin.post("/service-accounts", data={**await form(admin), "id": "nightly", "owner": AUDITOR, "reason": "moves"})
    assert given.status_code == 303
    wrong = await admin.post("/service-accounts", data={**await form(admin), "id": "nightly", "owner": "nobody"})
    assert wrong.status_code == 409 and "must be an active person" in wrong.text


async def test_who_is_no_administrator_sees_their_own_alone(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """The page of all is refused, and not in the rail; so is it for an auditor, who reads all calls."""
    assert (await employee.get("/tokens")).status_code == 403
    assert 'href="/tokens"' not in (await employee.get("/me")).text
    async with signed_in(stage, AUDITOR) as auditor:
        assert (await auditor.get("/tokens")).status_code == 403
        assert (await auditor.post("/service-accounts", data={**await form(auditor), "id": "x", "owner": AUDITOR})).status_code == 403


async def test_without_a_session_there_is_nothing(stage: Stage) -> None:
    """Every address leads to the sign-in."""
    async with client_of(stage) as nobody:
        for path in ("/me", "/tokens", NEW, "/me/tokens/made/x"):
            assert (await nobody.get(path)).headers["location"].startswith("/login?return_to=")


async def test_hostile_names_stay_text(employee: httpx2.AsyncClient) -> None:
    """What somebody calls a token runs nowhere."""
    answer = await make(employee, name='"><script>alert(1)</script>')
    page = (await employee.get(answer.headers["location"])).text + (await employee.get("/me")).text
    assert not re.search(r"<script>alert", page)
