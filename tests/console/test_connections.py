"""My connections over HTTP: what is shown to whom, and that nothing is done without this session's own form."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.state.documents import parse_documents
from tests.console.conftest import signed_in
from tests.console.connecting import connect
from tests.console.stage import EMPLOYEE, Stage
from tests.fixtures import oauth_mcp

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connected(stage: Stage) -> AsyncIterator[None]:
    """Connectors of every standing, one of them real."""
    async with oauth_mcp.running() as url:
        await connect(stage, url)
        yield


def csrf(page: str) -> str:
    """The token of a page's form."""
    found = re.search(r'name="csrf" value="(\w+)"', page)
    assert found is not None
    return found[1]


async def test_each_connector_stands_as_it_does(admin: httpx2.AsyncClient) -> None:
    """With scopes written out, however a server wrote them; who reads all sees numbers of everybody. The API says the same."""
    page = (await admin.get("/connections")).text
    cards = dict(re.findall(r'<li class="card link" data-record="(\w+)">(.*?)</li>', page, re.DOTALL))
    words = {
        "notes": "Not connected",
        "tracker": "Connected",
        "files": "Needs more permission",
        "calendar": "Connect anew",
        "mail": "not confirmed",
    }
    assert set(cards) == set(words) and all(word in cards[name] for name, word in words.items())
    assert "<img" not in cards["calendar"]
    assert "\u202e" not in cards["calendar"]
    assert "&lt;U+202E&gt;" in cards["calendar"]
    assert "files.write" in cards["files"] and "/connections/mail/disconnect" not in cards["mail"]
    assert "All people" in page and "Ledger" in page
    found = (await admin.get("/api/v1/connections")).json()["connections"]
    assert {one["connector"]: one["state"] for one in found}["mail"] == "ending"
    totals = {one["connector"]: one for one in (await admin.get("/api/v1/connections/totals")).json()["connectors"]}
    assert (totals["calendar"]["connected"], totals["calendar"]["needs_reconnect"], totals["erp"]["kind"]) == (2, 1, "secret")


async def test_an_employee_sees_their_own_and_no_numbers(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """Neither on the page nor from the API; a connector that they may not use is as unknown as one that does not exist."""
    page = (await employee.get("/connections")).text
    assert "All people" not in page and "private" not in page
    assert (await employee.get("/api/v1/connections/totals")).status_code == 403
    for name in ("private", "erp", "nowhere"):
        answer = await employee.get(f"/connect/{name}")
        assert answer.status_code == 404 and "There is no such connector" in answer.text


async def test_an_account_is_connected_and_given_up(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """Form, link, server, back; the address with the code does not stay. Then disconnected, and gone at the server."""
    token = csrf((await employee.get("/connect/notes")).text)
    assert (await employee.post("/connect/notes", data={"csrf": token})).status_code == 303
    page = (await employee.get("/connect/notes")).text
    link = re.search(r'rel="noreferrer" href="([^"]+)"', page)
    assert link is not None and "Continue to 127.0.0.1" in page
    async with httpx2.AsyncClient() as browser:
        back = (await browser.get(link[1].replace("&amp;", "&"))).headers["location"]
    answer = await employee.get(back)
    assert answer.status_code == 303 and answer.headers["location"] == "/connections?connected=notes"
    assert "Notes is connected" in (await employee.get(answer.headers["location"])).text
    again = await employee.get(back)
    assert again.status_code == 400 and "used already" in again.text
    assert (await employee.post("/connections/notes/disconnect", data={"csrf": token})).status_code == 303
    mine = (await employee.get("/api/v1/connections")).json()["connections"]
    assert {one["connector"]: one["state"] for one in mine}["notes"] == "not_connected"
    assert (await employee.delete("/api/v1/connections/notes", headers={"x-gatebook-csrf": token})).status_code in (403, 404)


@pytest.mark.parametrize("path", ["/connect/notes", "/connections/tracker/disconnect"])
async def test_a_form_of_another_site_does_nothing(stage: Stage, admin: httpx2.AsyncClient, path: str) -> None:
    """Without the session's token, and with the right one from another origin."""
    token = csrf((await admin.get("/connections")).text)
    for data, headers in (({}, {}), ({"csrf": "0" * 64}, {}), ({"csrf": token}, {"origin": "https://evil.example"})):
        assert (await admin.post(path, data=data, headers=headers)).status_code == 400
    mine = (await admin.get("/api/v1/connections")).json()["connections"]
    assert {one["connector"]: one["state"] for one in mine}["tracker"] == "connected"


async def test_a_connector_that_cannot_be_reached_is_said_so(stage: Stage) -> None:
    """In a sentence, on the page that was left; nothing is half done."""
    async with signed_in(stage, EMPLOYEE) as client:
        token = csrf((await client.get("/connect/tracker")).text)
        answer = await client.post("/connect/tracker", data={"csrf": token})
        assert answer.status_code == 502 and "tracker.example" in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize(
    "query", ["", "?state=x", "?state=x&code=y", "?error=access_denied&state=%00", "?state=" + "x" * 5000, "?code=a&iss=<b>"]
)
async def test_an_answer_that_nobody_began_is_refused(admin: httpx2.AsyncClient, query: str) -> None:
    """Whatever it holds, none of it is shown."""
    answer = await admin.get(f"/connect/callback{query}")
    assert (
        answer.status_code == 400
        and "not begun here" in answer.text
        and "<b>" not in answer.text.partition("<main")[2].partition("not begun")[0]
    )


async def test_a_connector_that_has_moved_asks_to_be_connected_anew(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Workers do not send it what was got for its address before, and the page says so."""
    text = "kind: Connector\nname: tracker\nspec: {transport: http, url: 'https://elsewhere.example/mcp', credential: {kind: person}, allow: {groups: [everyone]}}\n"
    await stage.desk.apply(parse_documents(text, "moved.yaml"), local_caller("root", stage.vault.subject))
    found = {one["connector"]: one for one in (await admin.get("/api/v1/connections")).json()["connections"]}
    assert (found["tracker"]["state"], found["tracker"]["detail"]) == ("needs_reconnect", "moved")
    assert found["files"]["state"] == "needs_permission"
