"""The sign-in pages without a browser: addresses, cookies and refusals. Real providers: test_browser_login.py."""

import html
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import msgspec
import pytest
import pytest_asyncio

from gatebook.console import session
from gatebook.console.app import create_console
from gatebook.control.caller import local_caller
from gatebook.identity import accounts
from gatebook.state.documents import parse_documents
from gatebook.state.store import bump
from tests.console.conftest import client_of, signed_in
from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.identity.oidc.forge import Forge, forging

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def forge(stage: Stage) -> AsyncIterator[Forge]:
    """A provider, where the employee has an account."""
    async with forging() as made:
        text = msgspec.yaml.encode({"kind": "IdentityProvider", "name": "corp", "spec": {"issuer": made.issuer, "client_id": "gatebook"}})
        await stage.desk.apply(parse_documents(text.decode(), "idp.yaml"), local_caller("root", stage.vault.subject))
        with stage.store.write() as connection:
            accounts.put_provisioned(connection, accounts.Wanted(id=EMPLOYEE), "s-1", 1)
            bump(connection)
        yield made


async def came_back(client: httpx2.AsyncClient, forge: Forge, query: str = "") -> httpx2.Response:
    """Go to the provider and come back."""
    gone = await client.get(f"/login/corp{query}")
    assert gone.status_code == 303
    return await client.get("/idp/callback", params=forge.grant(gone.headers["location"]))


async def test_sign_in_leads_back_with_a_new_cookie(stage: Stage, forge: Forge) -> None:
    """To the path that was asked for; the cookie of the way is gone; the one of before is worth nothing."""
    async with signed_in(stage, EMPLOYEE) as client:
        before = client.cookies["gatebook"]
        answer = await came_back(client, forge, "?return_to=%2Fcalls%2F1%3Fa%3Db")
        assert (answer.status_code, answer.headers["location"]) == (303, "/calls/1?a=b")
        cookies = answer.headers.get_list("set-cookie")
        assert [cookie.partition("=")[0] for cookie in cookies] == ["gatebook", "gatebook-sign-in"]
        assert all("HttpOnly" in cookie and "SameSite=lax" in cookie for cookie in cookies) and "Max-Age=0" in cookies[1]
        assert client.cookies["gatebook"] != before and stage.desk.who(before) is None
        assert (await client.get("/login?return_to=/records")).headers["location"] == "/records"


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/%09/evil"])
async def test_nobody_is_sent_elsewhere(stage: Stage, forge: Forge, path: str) -> None:
    """Said on the page, for strangers and for those who are signed in; what only looks odd stays on this host."""
    async with client_of(stage) as stranger, signed_in(stage, EMPLOYEE) as known:
        for client in (stranger, known):
            for address in ("/login", "/login/corp"):
                answer = await client.get(address, params={"return_to": path})
                local = path == "/%09/evil"
                assert answer.status_code == 400 or local
                assert "evil" not in urlsplit(answer.headers.get("location", "")).netloc
                assert local or "is not one of this console" in answer.text


async def test_a_way_back_that_was_not_begun_here_is_refused(stage: Stage, forge: Forge) -> None:
    """Mixed-up state, replay, a token in the address: a page with a sentence, no session, and a record each."""
    async with client_of(stage) as client, client_of(stage) as other:
        gone = (await client.get("/login/corp")).headers["location"]
        params = forge.grant(gone)
        assert (await other.get("/idp/callback", params=params)).status_code == 403
        assert (await client.get("/idp/callback", params={**params, "access_token": "x"})).status_code == 403
        assert (await client.get("/idp/callback", params=params)).status_code == 303
        again = await client.get("/idp/callback", params=params)
        assert again.status_code == 403 and "You are not signed in" in again.text and "no-referrer" in again.text
        assert "gatebook" not in other.cookies
    reasons = [record.get("reason") for record in (await stage.records("sign-ins"))[-4:]]
    assert reasons == ["state", "token_in_address", None, "state"]


async def test_nothing_of_the_way_back_is_on_the_record(stage: Stage, forge: Forge) -> None:
    """Neither code nor state nor cookie, where a sign-in fails."""
    async with client_of(stage) as client:
        gone = (await client.get("/login/corp")).headers["location"]
        await client.get("/idp/callback", params={"code": "the-code", "state": "the-state"})
        text = str(await stage.records("sign-ins"))
        assert "the-code" not in text and "the-state" not in text
        assert parse_qs(urlsplit(gone).query)["state"][0] not in text and client.cookies["gatebook-sign-in"] not in text


async def test_sign_out_asks_first(stage: Stage, forge: Forge) -> None:
    """An address alone ends nothing; strangers go to sign-in."""
    async with signed_in(stage, ADMIN) as client, client_of(stage) as stranger:
        assert "Sign out?" in (await client.get("/logout")).text
        assert (await client.get("/people/me")).status_code == 200
        assert (await stranger.get("/logout")).headers["location"] == "/login"


async def test_a_page_that_only_a_post_may_open_leads_to_the_start(stage: Stage) -> None:
    """Whoever was signed out while writing does not come back to an address without a page."""
    async with client_of(stage) as client:
        assert (await client.post("/saved", data={})).headers["location"] == "/login"
        assert (await client.get("/calls/x")).headers["location"] == "/login?return_to=%2Fcalls%2Fx"


async def test_over_https_both_cookies_are_bound_to_the_host(stage: Stage, forge: Forge) -> None:
    """`__Host-` and Secure, as browsers require them together."""
    deps = msgspec.structs.replace(stage.console_deps(), console_url="https://book.example")
    transport = httpx2.ASGITransport(app=create_console(deps))
    async with httpx2.AsyncClient(transport=transport, base_url="https://book.example") as client:
        cookie = (await client.get("/login/corp")).headers["set-cookie"]
        assert cookie.startswith("__Host-gatebook-sign-in=") and "Secure" in cookie and "Path=/;" in cookie and "Domain" not in cookie
    assert session.cookie_name(deps) == "__Host-gatebook"


async def leave(client: httpx2.AsyncClient) -> httpx2.Response:
    """Sign out, as the button does."""
    return await client.post("/sign-out", data={"csrf": session.csrf_token(client.cookies["gatebook"])})


async def test_sign_out_goes_on_to_a_provider_that_is_to_be_told(stage: Stage, forge: Forge) -> None:
    """First the session here ends, then the browser goes there, and comes back to a page that says so; once."""
    forge.metadata["end_session_endpoint"] = f"{forge.issuer}/end"
    spec = {"issuer": forge.issuer, "client_id": "gatebook", "title": "Corp & Co", "end_session": True}
    text = msgspec.yaml.encode({"kind": "IdentityProvider", "name": "telling", "spec": spec}).decode()
    await stage.desk.apply(parse_documents(text, "idp.yaml"), local_caller("root", stage.vault.subject))
    async with client_of(stage) as client:
        gone = await client.get("/login/telling")
        entered = await client.get("/idp/callback", params=forge.grant(gone.headers["location"]))
        assert any("gatebook-sign-out=" in one and "HttpOnly" in one for one in entered.headers.get_list("set-cookie"))
        assert (await client.get("/signed-out")).headers["location"] == "/logout"
        secret = client.cookies["gatebook"]
        assert (await leave(client)).headers["location"] == "/signed-out" and stage.desk.who(secret) is None
        page = await client.get("/signed-out")
        assert page.headers["cache-control"] == "no-store" and "Corp &amp; Co" in page.text and "no-referrer" in page.text
        address = html.unescape(page.text.partition('content="0;url=')[2].partition('"')[0])
        assert address.startswith(f"{forge.issuer}/end?") and f'href="{html.escape(address)}"' in page.text
        state = parse_qs(urlsplit(address).query)["state"][0]
        assert "signed out here and" not in (await client.get("/login?state=made-up")).text
        assert "You are signed out here and at Corp &amp; Co." in (await client.get("/login", params={"state": state})).text
        assert "signed out here and" not in (await client.get("/login", params={"state": state})).text


async def test_sign_out_ends_here_where_no_provider_is_to_be_told(stage: Stage, forge: Forge) -> None:
    """The default; and somebody who was never signed in comes to the sign-in page."""
    async with client_of(stage) as client, client_of(stage) as stranger:
        await came_back(client, forge)
        assert "gatebook-sign-out" not in client.cookies
        assert (await leave(client)).headers["location"] == "/login"
        assert "Continue with" in (await stranger.get("/signed-out")).text
