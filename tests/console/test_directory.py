"""The page of the directory: for administrators alone, a token shown once, requests with what was wrong, and what a group grants."""

import re
from html import unescape

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from gatebook.console.directory import token_row
from gatebook.identity.scim.directory_tokens import DirectoryToken
from gatebook.identity.scim.endpoint import ScimDeps, routes
from tests.console.conftest import BASE
from tests.console.granting import entitle
from tests.console.stage import Stage
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def entitled(stage: Stage) -> None:
    """Connectors that name groups."""
    await entitle(stage)


async def make_token(admin: httpx2.AsyncClient, name: str) -> str:
    """Make a token on the page; returns its secret."""
    answer = await admin.post("/directory/tokens", data=await form(admin, name=name, life="90"))
    found = re.search(r"gw_scim_[0-9A-Za-z]{36}", answer.text)
    assert answer.status_code == 200 and found is not None
    return found[0]


async def provision(stage: Stage, secret: str) -> str:
    """Send what a directory sends, one request of it wrong; returns the id of a group that is called sales."""
    deps = ScimDeps(journal=stage.desk.journal, cutting=stage.desk.cutting, visits=stage.visits, base_url=BASE)
    transport = httpx2.ASGITransport(app=Starlette(routes=routes(deps)))
    headers = {"authorization": f"Bearer {secret}"}
    async with httpx2.AsyncClient(transport=transport, base_url=f"{BASE}/scim/v2", headers=headers) as client:
        user = (await client.post("/Users", json={"userName": "zoe@northwind.example", "displayName": "Zoë <b>Quist</b>"})).json()
        assert (await client.post("/Users", json={"userName": "zoe@northwind.example"})).status_code == 409
        group = await client.post("/Groups", json={"displayName": "sales", "members": [{"value": user["id"]}]})
        await client.post("/Groups", json={"displayName": "<script>alert(1)</script>"})
    return str(group.json()["id"])


async def test_a_token_is_shown_once_and_two_live(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The secret is on the answer to the form and nowhere after; a third is refused with a sentence; revoking makes room."""
    first = await make_token(admin, "Okta")
    page = (await admin.get("/directory")).text
    assert first not in page and first[:12] in page and f"{stage.console_url}/scim/v2" in page
    await make_token(admin, "Okta, new")
    answer = await admin.post("/directory/tokens", data=await form(admin, name="third"))
    assert answer.status_code == 409 and "revoke one first" in answer.text
    second, _ = re.findall(r'name="revoke" value="(scim_\w+)"', (await admin.get("/directory")).text)
    assert (await admin.post("/directory/tokens", data=await form(admin, revoke=second))).status_code == 303
    group = await provision(stage, await make_token(admin, "Okta, newest"))
    page = unescape((await admin.get("/directory?show=failed")).text)
    assert "'zoe@northwind.example' is taken" in page and "<script>alert" not in (await admin.get("/directory")).text
    page = (await admin.get(f"/directory/groups/{group}")).text
    assert 'href="/people/zoe%40northwind.example"><bdi>Zoë &lt;b&gt;Quist&lt;/b&gt;</bdi>' in page
    assert "/connectors/crm" in page and "/people/zoe%40northwind.example" in page and "another name in the directory" in page
    found = (await admin.get(f"/api/v1/directory/groups/{group}")).json()
    assert found["members"] == ["zoe@northwind.example"]
    assert {"kind": "Connector", "name": "crm", "does": "members may use it"} in found["naming"]
    facts = (await admin.get("/api/v1/directory")).json()
    assert (facts["people"], facts["active"], len(facts["groups"])) == (1, 1, 2)
    assert all("sha256" not in token for token in facts["tokens"])


async def test_a_token_that_does_not_end_says_so(admin: httpx2.AsyncClient) -> None:
    """And who made it, by name of the account where that was the host."""
    page = (await admin.get("/directory")).text
    revoked = re.findall(r'name="revoke" value="(scim_\w+)"', page)
    await admin.post("/directory/tokens", data=await form(admin, revoke=revoked[0]))
    assert (await admin.post("/directory/tokens", data=await form(admin, name="for ever", life="never"))).status_code == 200
    page = (await admin.get("/directory")).text
    assert "<td>never</td>" in page and "Expires" in page
    token = DirectoryToken(id="scim_1", prefix="gw_scim_a", name="x", created_by="os:root", created_us=0)
    assert token_row(token, 5)["by"] == "root on the host" and token_row(token, 5)["until"] == "never"


async def test_it_is_for_administrators(employee: httpx2.AsyncClient) -> None:
    """Others see neither the page nor its line of the rail, and make no token."""
    assert (await employee.get("/directory")).status_code == 403
    assert 'href="/directory"' not in (await employee.get("/")).text
    assert (await employee.get("/api/v1/directory")).status_code == 403


async def test_a_forged_form_changes_nothing(admin: httpx2.AsyncClient) -> None:
    """Without the token of the session no form is taken."""
    assert (await admin.post("/directory/tokens", data={"name": "x"})).status_code == 400
