"""Sign-in, sessions, CSRF and the headers of every answer."""

from urllib.parse import quote

import httpx2
import msgspec
import pytest

from gatebook.console.app import create_console
from gatebook.console.headers import POLICY
from gatebook.console.session import cookie_name, csrf_token
from gatebook.console.sign_in import REFUSALS_OF_ONE
from tests.console.conftest import BASE, client_of, signed_in
from tests.console.stage import ADMIN, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("path", ["/", "/calls/x", "/records", "/live", "/nothing"])
async def test_pages_lead_to_sign_in(stage: Stage, path: str) -> None:
    """Nobody sees a page without a session; a script that asks for a fragment gets 401."""
    async with client_of(stage) as client:
        answer = await client.get(path)
        back = "" if path in ("/", "/nothing") else f"?return_to={quote(path, safe='')}"
        assert answer.status_code == 303 and answer.headers["location"] == f"/login{back}"
        if path != "/nothing":
            assert (await client.get(path, headers={"x-fragment": "results"})).status_code == 401


async def test_every_answer_has_the_strict_headers(admin: httpx2.AsyncClient) -> None:
    """Pages, errors and static files alike; only static files may be kept."""
    page = await admin.get("/")
    static = page.text.partition('stylesheet" href="')[2].partition('"')[0]
    for path in ("/", "/calls/x", "/nothing", "/sign-in", static):
        headers = (await admin.get(path)).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert ("immutable" in headers["cache-control"]) is (path == static) is not ("no-store" in headers["cache-control"])


async def test_pages_hold_nothing_inline(admin: httpx2.AsyncClient) -> None:
    """No inline script, style or handler, so the policy needs no exception."""
    id = (await admin.get("/")).text.partition('data-call="')[2][:36]
    for path in ("/", f"/calls/{id}?verify=1", "/records", "/sign-in"):
        text = (await admin.get(path)).text
        assert "<style" not in text and " style=" not in text and " onclick=" not in text and "javascript:" not in text
        assert all("src=" in tag for tag in text.split("<script")[1:])


async def test_a_link_works_once(stage: Stage) -> None:
    """The second use is refused, and the refusal is on the record."""
    secret = await stage.link_secret(ADMIN)
    async with client_of(stage) as client:
        first = await client.post("/sign-in", data={"secret": f"{BASE}/sign-in#{secret}"})
        assert first.status_code == 303
        cookie = first.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=28800" in cookie and "Secure" not in cookie
        second = await client.post("/sign-in", data={"secret": secret})
        assert second.status_code == 403 and "not valid" in second.text
    newest = (await stage.records("sign-ins"))[-2:]
    assert [record["type"] for record in newest] == ["auth.signed_in", "auth.failed"]


@pytest.mark.parametrize("body", [b"", b"secret=", b"secret=" + b"x" * 20_000, b"\xff\xfe", b"secret=%00", b"a&b&c"])
async def test_odd_forms_are_refused(stage: Stage, body: bytes) -> None:
    """Nothing that can be posted opens a session or fails."""
    async with client_of(stage) as client:
        answer = await client.post("/sign-in", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 403 and "set-cookie" not in answer.headers


async def test_another_site_cannot_sign_somebody_in_or_out(stage: Stage) -> None:
    """A foreign Origin is refused for both forms, a wrong token for sign-out."""
    async with signed_in(stage, ADMIN) as client:
        foreign = {"origin": "https://evil.example"}
        token = csrf_token(client.cookies["gatebook"])
        assert (await client.post("/sign-in", data={"secret": await stage.link_secret(ADMIN)}, headers=foreign)).status_code == 403
        assert (await client.post("/sign-out", data={"csrf": token}, headers=foreign)).status_code == 403
        assert (await client.post("/sign-out", data={"csrf": "0" * 64})).status_code == 403
        assert (await client.get("/")).status_code == 200


async def test_sign_out_ends_the_session(stage: Stage) -> None:
    """The cookie is dropped, and the old one no longer opens anything."""
    async with signed_in(stage, ADMIN) as client:
        secret = client.cookies["gatebook"]
        assert csrf_token(secret) in (await client.get("/")).text
        answer = await client.post("/sign-out", data={"csrf": csrf_token(secret)})
        assert answer.status_code == 303 and 'gatebook=""' in answer.headers["set-cookie"]
        assert (await client.get("/", headers={"cookie": f"gatebook={secret}"})).status_code == 303


async def test_over_https_the_cookie_is_bound_to_the_host(stage: Stage) -> None:
    """`__Host-` and Secure, as browsers require them together."""
    deps = msgspec.structs.replace(stage.console_deps(), console_url="https://book.example")
    assert cookie_name(deps) == "__Host-gatebook" and deps.https


async def test_wrong_links_of_one_network_are_written_down_so_often(stage: Stage) -> None:
    """Then they are refused without a record each, and a link that is valid works all the same."""
    console = create_console(stage.console_deps())
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=console, client=("198.51.100.9", 1)), base_url=BASE) as client:
        answers = [(await client.post("/sign-in", data={"secret": "wrong"})).status_code for _ in range(REFUSALS_OF_ONE + 5)]
        assert answers == [403] * REFUSALS_OF_ONE + [429] * 5
        right = await client.post("/sign-in", data={"secret": await stage.link_secret(ADMIN)})
        assert right.status_code == 303
