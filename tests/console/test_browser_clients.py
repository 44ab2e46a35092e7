"""A browser through consent, and the pages of AI clients: with and without scripts, in light and dark, and what a forged form does."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from gatebook.identity.oauth.registry import ClientOrder
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched
from tests.identity.oauth.deployment import CHALLENGE, SOURCE
from tests.identity.oauth.test_redirects import CLAUDE, CURSOR

pytestmark = story_marks()
HOSTILE = "<img src=x onerror=alert(1)> “Claude” "


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with clients of every kind, and people who let them call tools."""
    with opened(tmp_path_factory, 30) as theatre:
        theatre.run(populate(theatre.stage))
        yield theatre


async def populate(stage: Stage) -> None:
    """Clients of every kind; two people have let the first two do something."""
    body = b'{"client_name": "%s", "redirect_uris": ["%s"], "token_endpoint_auth_method": "none"}'
    stage.ids = {
        "cursor": (await stage.oauth.registry.register(body % (b"Cursor", '", "'.join(CURSOR).encode()), SOURCE)).client.id,
        "hostile": (await stage.oauth.registry.register(body % (HOSTILE.encode(), b"http://127.0.0.1:9/cb"), SOURCE)).client.id,
    }
    caller = stage.desk.who(await session_of(stage, ADMIN))
    assert caller is not None
    stage.ids["claude"] = (await stage.oauth.registry.add(ClientOrder(name="Claude", redirect_uris=(CLAUDE,)), caller)).client.id
    for client, person in (("claude", EMPLOYEE), ("claude", AUDITOR), ("cursor", EMPLOYEE)):
        secret = await session_of(stage, person)
        who = stage.desk.who(secret)
        assert who is not None
        begun = await stage.oauth.consenting.begin(asked(stage.ids[client], CLAUDE if client == "claude" else CURSOR[0]), secret)
        await stage.oauth.consenting.answer(begun.id, secret, who, SOURCE, allow=True)


async def session_of(stage: Stage, person: str) -> str:
    """The secret of a new console session."""
    session = await stage.desk.sign_in(await stage.link_secret(person), SOURCE)
    assert session is not None
    return session.secret


def asked(client: str, redirect: str, **more: str) -> dict[str, str]:
    """The parameters of a request."""
    return {
        "client_id": client,
        "response_type": "code",
        "redirect_uri": redirect,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "st",
        "resource": "http://127.0.0.1:8400/mcp",
    } | more


def ask(theatre: Theatre, page: Any, client: str, redirect: str, **more: str) -> None:
    """Open the address that a client shows."""
    page.goto(f"{theatre.url}/oauth/authorize?{urlencode(asked(theatre.stage.ids[client], redirect, **more))}")


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("do", ["allow", "deny"])
def test_a_person_answers_an_app_on_their_computer(theatre: Theatre, browser: Any, scripts: bool, do: str) -> None:
    """The page names host, name, scopes and address, and warns; the button leads back to the app, past the page's own policy."""
    with watched(browser, expected="127.0.0.1:9", java_script_enabled=scripts) as page:
        arrived: list[str] = []
        page.route("http://127.0.0.1:9/**", lambda route: (arrived.append(route.request.url), route.fulfill(body="back in the app")))
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(EMPLOYEE)))
        page.click("button")
        ask(theatre, page, "hostile", "http://127.0.0.1:9/cb", scope="mcp:crm")
        text = page.inner_text("main")
        assert "127.0.0.1:9" in text and "<img src=x onerror=alert(1)>" in text and "connector crm" in text
        assert "any program there could say that it is this app" in text and "nobody: it registered itself" in text
        page.click(f"button[value={do}]")
        page.wait_for_url("http://127.0.0.1:9/**")
        said = parse_qs(urlsplit(arrived[0]).query)
        assert said["iss"] == [theatre.url] and said["state"] == ["st"] and ("code" in said) == (do == "allow")


def test_a_web_app_is_named_by_its_host(theatre: Theatre, browser: Any) -> None:
    """An app that an administrator added is vouched for, and there is no warning."""
    with watched(browser) as page:
        page.goto(theatre.link(EMPLOYEE))
        page.wait_for_url("**/me")
        ask(theatre, page, "claude", CLAUDE)
        assert "Let claude.ai call tools for you?" in page.inner_text("h1")
        assert "an administrator, who added it" in page.inner_text("main") and not page.locator(".banner").count()


def test_a_wrong_request_is_told_to_the_person(theatre: Theatre, browser: Any) -> None:
    """On a page, with a sentence; nobody is sent anywhere."""
    with watched(browser, expected="400 (Bad Request)") as page:
        page.goto(theatre.link(EMPLOYEE))
        page.wait_for_url("**/me")
        ask(theatre, page, "hostile", "https://evil.example/cb")
        assert "did not register" in page.inner_text("main") and page.url.startswith(theatre.url)
        page.goto(f"{theatre.url}/oauth/consent?request=made-up")
        assert "This request is over" in page.inner_text("main")


def test_a_form_of_another_site_allows_nothing(theatre: Theatre, browser: Any) -> None:
    """Without the session's token, from another origin, or in a frame."""
    with watched(browser, expected="403 (Forbidden)") as page:
        page.goto(theatre.link(EMPLOYEE))
        page.wait_for_url("**/me")
        ask(theatre, page, "hostile", "http://127.0.0.1:9/cb")
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.content()))
        whole = {"csrf": fields["csrf"], "request": fields["request"], "do": "allow"}
        for form, headers in (
            (whole | {"csrf": "x"}, {"origin": theatre.url}),
            (whole, {"origin": "https://evil.example"}),
            (whole, {"sec-fetch-site": "cross-site"}),
            (whole | {"do": "x"}, {"origin": theatre.url}),
        ):
            answer = page.request.post(f"{theatre.url}/oauth/consent", form=form, headers=headers, max_redirects=0)
            assert answer.status == 403, form
        answer = page.request.get(page.url)
        assert answer.headers["x-frame-options"] == "DENY" and "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "form-action 'self' http://127.0.0.1:9;" in answer.headers["content-security-policy"]
        assert page.request.post(f"{theatre.url}/oauth/consent", form=whole, headers={"origin": theatre.url}, max_redirects=0).status == 303


def test_whoever_is_not_signed_in_comes_back_after_it(theatre: Theatre, browser: Any) -> None:
    """The whole request goes along to the sign-in as an address of this host."""
    with watched(browser) as page:
        query = urlencode(asked(theatre.stage.ids["claude"], CLAUDE))
        answer = page.request.get(f"{theatre.url}/oauth/authorize?{query}", max_redirects=0)
        where = urlsplit(answer.headers["location"])
        assert (answer.status, where.path, where.netloc) == (303, "/login", "")
        assert parse_qs(where.query)["return_to"] == [f"/oauth/authorize?{query}"]


def test_an_administrator_adds_disables_and_removes(theatre: Theatre, browser: Any) -> None:
    """The secret is shown once; what is disabled ends at once; names and addresses of clients stay text."""
    with watched(browser, expected="400 (Bad Request)") as page:
        enter(page, theatre)
        page.goto(f"{theatre.url}/clients")
        page.fill("[name=name]", "Workbench")
        page.fill("[name=redirects]", "javascript:alert(1)")
        page.click("text=Add client")
        assert "must begin with https" in page.inner_text(".banner") and page.input_value("[name=name]") == "Workbench"
        page.fill("[name=redirects]", "https://bench.example/cb")
        page.check("[name=secret]")
        page.click("text=Add client")
        assert len(page.inner_text("code.secret")) == 43
        page.click("th a:has-text('Claude') >> nth=0")
        page.wait_for_selector("#grants")
        page.goto(f"{theatre.url}/clients/one?id={theatre.stage.ids['claude']}")
        assert page.locator("button:has-text('Revoke')").count() == 2
        page.locator("button:has-text('Revoke')").first.click()
        page.wait_for_load_state()
        assert page.locator("button:has-text('Revoke')").count() == 1
        page.click("button[value=disable]")
        page.wait_for_selector("button[value=enable]")
        assert "Nobody lets it do anything now." in page.inner_text("main")
        page.click("button[value=remove]")
        page.wait_for_url("**/clients")
        assert "claude.ai" not in page.inner_text("table")


def test_a_person_ends_what_they_allowed(theatre: Theatre, browser: Any) -> None:
    """On a page of their own; the pages of all clients are not for them."""
    with watched(browser, expected="403 (Forbidden)") as page:
        page.goto(theatre.link(EMPLOYEE))
        page.wait_for_url("**/me")
        page.goto(f"{theatre.url}/connected-apps")
        before = page.locator("button:has-text('Revoke')").count()
        page.locator("button:has-text('Revoke')").first.click()
        page.wait_for_load_state()
        assert page.locator("button:has-text('Revoke')").count() == before - 1
        page.goto(f"{theatre.url}/clients")
        assert "only members of the group admins" in page.inner_text("main").lower()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, scheme: str) -> None:
    """Every page, in both themes."""
    with watched(browser, expected="400 (Bad Request)", color_scheme=scheme) as page:
        enter(page, theatre)
        found: dict[str, list[str]] = {}
        ask(theatre, page, "hostile", "http://127.0.0.1:9/cb")
        found |= violations(page, "consent")
        for address in (f"/clients/one?id={theatre.stage.ids['cursor']}", "/clients", "/connected-apps", "/oauth/consent?request=x"):
            page.goto(f"{theatre.url}{address}")
            found |= violations(page, address)
        assert not found
        assert_fit(page, theatre, ("/clients", "/connected-apps"), 1024)
