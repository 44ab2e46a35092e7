"""Sign-in in a real browser at real identity providers, their signals, and the pages around it; axe finds nothing."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from conformance import node
from gatebook.control.caller import local_caller
from gatebook.control.desk import LinkOrder
from gatebook.identity import accounts
from gatebook.state.documents import parse_documents
from gatebook.state.store import bump
from tests.console import providers
from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched

pytestmark = [*story_marks(), pytest.mark.timeout(600)]
SECRET_AT = ", client_secret: 'env:{}_SECRET'"
NORA, AMARA, STRANGER = "nora", "amara", "stranger"
USERS = {
    NORA: {"name": "Nora Berg", "email": ADMIN, "email_verified": True},
    AMARA: {"name": "Amara Okafor", "email": EMPLOYEE, "email_verified": True},
    STRANGER: {"name": "<img src=x onerror=alert(1)>", "email": "stranger@elsewhere.example", "email_verified": True},
}


def provision(stage: Stage) -> None:
    """Enter two people as a directory does."""
    with stage.store.write() as connection:
        for person, external_id in ((ADMIN, NORA), (EMPLOYEE, AMARA)):
            accounts.put_provisioned(connection, accounts.Wanted(id=person, email=person), external_id, 1)
        bump(connection)


def resource(name: str, issuer: str, more: str = "") -> str:
    """A document of kind IdentityProvider."""
    return f"kind: IdentityProvider\nname: {name}\nspec: {{issuer: '{issuer}', client_id: gatebook, title: '{name.title()}'{more}}}\n"


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with provisioned people, and no identity provider yet."""
    with opened(tmp_path_factory, 40) as theatre:
        theatre.call(provision)
        yield theatre


@pytest.fixture(scope="module")
def provided(theatre: Theatre) -> Iterator[Theatre]:
    """With one that runs, and one that is down."""
    with providers.mock(USERS) as issuer, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_SECRET", providers.SECRET)
        text = f"{resource('acme', issuer, SECRET_AT.format('ACME'))}---\n{resource('gone', 'http://127.0.0.1:9')}"
        apply(theatre, text)
        yield theatre


def apply(theatre: Theatre, text: str) -> None:
    """Apply resources as the administrator on the host."""
    stage = theatre.stage
    theatre.run(stage.desk.apply(parse_documents(text, "idp.yaml"), local_caller("root", stage.vault.subject), "for the tests"))


def as_at_mock(page: Any, sub: str) -> None:
    """Be somebody at oidc-provider-mock."""
    page.wait_for_url("**/oauth2/authorize**")
    page.click(f"button[value={sub}]")


def test_one_signs_in_returns_to_where_one_was_and_signs_out(provided: Theatre, browser: Any) -> None:
    """From a deep link, without scripts on our side being needed; the session is shown on the own page."""
    with watched(browser) as page:
        page.goto(f"{provided.url}/records?kind=changes")
        assert page.url.endswith("/login?return_to=%2Frecords%3Fkind%3Dchanges")
        page.click("text=Continue with Acme")
        as_at_mock(page, NORA)
        page.wait_for_url(f"{provided.url}/records?kind=changes")
        page.goto(f"{provided.url}/people/me")
        assert "Chrome on Linux" in page.inner_text("#sessions") and "this one" in page.inner_text("#sessions")
        page.goto(f"{provided.url}/logout")
        page.click("main button")
        page.wait_for_url(f"{provided.url}/login")
        page.goto(f"{provided.url}/")
        assert page.url == f"{provided.url}/login"


def test_without_scripts_sign_in_works_the_same(provided: Theatre, browser: Any) -> None:
    """Links and forms alone."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{provided.url}/login")
        page.click("text=Continue with Acme")
        as_at_mock(page, AMARA)
        page.wait_for_url(f"{provided.url}/")
        assert "Amara" in page.content()


def test_somebody_whom_the_directory_did_not_send_reads_whom_to_ask(provided: Theatre, browser: Any) -> None:
    """A sentence, what to tell an administrator, and the way back; their hostile name runs nothing."""
    with watched(browser, "403 (Forbidden)") as page:
        page.goto(f"{provided.url}/login")
        page.click("text=Continue with Acme")
        as_at_mock(page, STRANGER)
        page.wait_for_selector("text=You are not signed in")
        assert "has not sent your account here" in page.inner_text("[role=alert]") and "unknown_person" in page.inner_text("main")
        page.click("text=Back to sign-in")
        page.wait_for_url(f"{provided.url}/login")
    provided.call(lambda _: None)
    with watched(browser) as page:
        enter(page, provided, "/records?kind=sign-ins")
        text = page.inner_text("#main")
        assert "Not signed in at acme (unknown_person)" in text and page.locator("#main img").count() == 0


def test_a_provider_that_is_down_is_said_on_the_sign_in_page_and_sessions_go_on(provided: Theatre, browser: Any) -> None:
    """The other buttons stay; whoever is signed in stays so."""
    with watched(browser, "503 (Service Unavailable)") as page:
        enter(page, provided)
        with watched(browser, "503 (Service Unavailable)") as other:
            other.goto(f"{provided.url}/login")
            other.click("text=Continue with Gone")
            assert "Gone does not answer now" in other.inner_text("[role=alert]")
            assert other.locator("text=Continue with Acme").count() == 1
        page.goto(f"{provided.url}/records")
        assert page.locator("h1").inner_text() == "Records"


def test_an_administrator_ends_the_session_of_somebody(provided: Theatre, browser: Any) -> None:
    """With a button on their page, without scripts; it is on the record, and the other browser is at sign-in again."""
    with watched(browser) as victim, watched(browser, java_script_enabled=False) as page:
        enter(victim, provided, person=EMPLOYEE)
        page.goto(f"{provided.url}/sign-in")
        page.fill("input[name=secret]", provided.run(provided.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{provided.url}/people/{EMPLOYEE}")
        page.locator("#sessions button").last.click()
        page.wait_for_url(f"**/people/{EMPLOYEE}#sessions")
        assert "None." in page.inner_text("#sessions")
        victim.goto(f"{provided.url}/")
        assert victim.url == f"{provided.url}/login"
    (body, *_) = reversed(provided.run(provided.stage.records("sign-ins")))
    assert (body["type"], body["cause"]) == ("auth.signed_out", "ended")


def test_a_link_from_the_host_makes_the_next_sign_in_an_administrator(provided: Theatre, browser: Any) -> None:
    """`gatebook bootstrap`, where there is a provider: the link leads to sign-in, and says what will happen."""
    stage = provided.stage
    link = provided.run(stage.desk.make_link(LinkOrder(), local_caller("root", stage.vault.subject)))
    with watched(browser) as page:
        page.goto(link.url)
        page.wait_for_url(f"{provided.url}/login")
        assert "becomes an administrator" in page.inner_text("[role=status]")
        page.click("text=Continue with Acme")
        as_at_mock(page, AMARA)
        page.wait_for_url(f"{provided.url}/")
        assert "admins" in stage.store.snapshot().people[EMPLOYEE].groups
    with stage.store.write() as connection:
        accounts.put_person(connection, accounts.Wanted(id=EMPLOYEE, groups=("sales",)), 1)
        bump(connection)


@pytest.fixture
def certified(theatre: Theatre, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """oidc-provider, ready for sign-in; its issuer."""
    monkeypatch.setenv("CERTIFIED_SECRET", providers.SECRET)
    try:
        with providers.certified(theatre.url, {EMPLOYEE: {"email": EMPLOYEE, "email_verified": True, "name": "Amara"}}) as issuer:
            apply(theatre, resource("certified", issuer, SECRET_AT.format("CERTIFIED")))
            yield issuer
    except node.NodeMissing as error:
        pytest.skip(f"oidc-provider did not run: {error}")


def test_sign_in_and_back_channel_logout_with_a_certified_provider(theatre: Theatre, browser: Any, certified: str) -> None:
    """oidc-provider: signed in by verified address, signed out there, and at once signed out here, in another browser of the person too."""
    with watched(browser) as page, watched(browser) as other:
        enter(other, theatre, person=EMPLOYEE)
        page.goto(f"{theatre.url}/login")
        page.click("text=Continue with Certified")
        page.fill("input[name=login]", EMPLOYEE)
        page.click("button[value=login]")
        page.wait_for_url(f"{theatre.url}/")
        page.goto(f"{certified}/session/end")
        began_s = time.monotonic()
        page.click("button[name=logout]")
        page.wait_for_selector("text=Signed out")
        for one in (page, other):
            one.goto(f"{theatre.url}/")
            assert one.url == f"{theatre.url}/login"
        assert time.monotonic() - began_s < 5
    (body, *_) = reversed(theatre.run(theatre.stage.records("sign-ins")))
    assert (body["type"], body["cause"], body["provider"]) == ("auth.signed_out", "back_channel_logout", "certified")
    assert body["sessions"] >= 2
    assert theatre.stage.store.snapshot().people[EMPLOYEE].active


def at_certified(page: Any, theatre: Theatre) -> None:
    """Sign in there, and come back."""
    page.goto(f"{theatre.url}/login")
    page.click("text=Continue with Certified")
    page.fill("input[name=login]", EMPLOYEE)
    page.click("button[value=login]")
    page.wait_for_url(f"{theatre.url}/")


@pytest.mark.parametrize("scripts", [True, False])
def test_sign_out_here_signs_out_at_the_provider_too(theatre: Theatre, browser: Any, certified: str, scripts: bool) -> None:
    """Where the resource says so: by the button of every page, to the provider, which knows who it is about, and back; without scripts too."""
    apply(theatre, resource("certified", certified, f"{SECRET_AT.format('CERTIFIED')}, end_session: true"))
    with watched(browser, java_script_enabled=scripts) as page:
        at_certified(page, theatre)
        page.click("form[action='/sign-out'] button")
        page.wait_for_url(f"{certified}/session/end**")
        assert "id_token_hint=" in page.url and "state=" in page.url
        page.click("button[name=logout]")
        page.wait_for_url(f"{theatre.url}/login?state=**")
        assert "You are signed out here and at Certified." in page.inner_text("[role=status]")
        page.click("text=Continue with Certified")
        page.wait_for_selector("input[name=login]")  # the provider asks again: its own session is over


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_between_both_is_in_order(theatre: Theatre, browser: Any, certified: str, theme: str) -> None:
    """Held still for a look: axe finds nothing, and it fits a telephone."""
    apply(theatre, resource("certified", certified, f"{SECRET_AT.format('CERTIFIED')}, end_session: true"))
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        at_certified(page, theatre)

        def still(route: Any) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace('http-equiv="refresh"', 'name="held"'))

        csrf = page.input_value("form[action='/sign-out'] input[name=csrf]")
        gone = page.request.post(f"{theatre.url}/sign-out", form={"csrf": csrf}, max_redirects=0)
        assert gone.headers["location"] == "/signed-out"
        page.route("**/signed-out", still)
        page.goto(f"{theatre.url}/signed-out")
        assert not violations(page, "/signed-out")
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_refusal_there_is_told_here_in_our_words(theatre: Theatre, browser: Any, certified: str) -> None:
    """Deny at the provider: the sentence is ours, not the one that came along."""
    with watched(browser, "403 (Forbidden)") as page:
        page.goto(f"{theatre.url}/login")
        page.click("text=Continue with Certified")
        page.click("button[value=deny]")
        page.wait_for_selector("text=Certified did not sign you in")
        assert "555" not in page.inner_text("body")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(provided: Theatre, browser: Any, theme: str) -> None:
    """On no page of sign-in, with and without something to say, nor on a page with sessions."""
    found: dict[str, list[str]] = {}
    pages = (
        "/login",
        "/login/gone",
        "/login?return_to=//evil.example",
        "/login/nothing",
        "/sign-in",
        "/idp/callback?state=x",
        "/idp/callback?id_token=x",
    )
    with watched(browser, "Failed to load resource: the server responded", color_scheme=theme, reduced_motion="reduce") as page:
        for address in pages:
            page.goto(f"{provided.url}{address}")
            found |= violations(page, address)
        enter(page, provided)
        for address in ("/logout", "/people/me", f"/people/{EMPLOYEE}"):
            page.goto(f"{provided.url}{address}")
            found |= violations(page, address)
    assert not found


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_fit_their_width(provided: Theatre, browser: Any, width: int) -> None:
    """None scrolls sideways."""
    with watched(browser, "Failed to load resource: the server responded") as page:
        assert_fit(page, provided, ("/login", "/login/gone", "/sign-in", "/idp/callback?state=x"), width)
        enter(page, provided)
        assert_fit(page, provided, ("/logout", "/people/me"), width)
