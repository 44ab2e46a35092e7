"""My calls and tokens in a real browser: somebody makes a token, copies it, pastes a command, revokes it; axe finds nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.control.caller import local_caller
from gatebook.identity.directory import Directory, Principal
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.service_accounts import ServiceOrder
from gatebook.identity.tokens import is_well_formed
from tests.console.stage import ADMIN, EMPLOYEE
from tests.console.test_browser_keyboard import tab_to
from tests.console.theatre import Theatre, assert_fit, opened, story_marks, violations, watched
from tests.console.tooling import dress

pytestmark = story_marks()
NEWCOMER = "kim@northwind.example"
OWN = ("/me", "/me/tokens/new")


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls, connectors, a service account, and somebody who has done nothing yet."""
    with opened(tmp_path_factory, 80) as theatre:
        stage = theatre.stage
        host = local_caller("root", stage.vault.subject)

        async def prepare() -> None:
            await dress(stage)
            await stage.desk.issuing.create(TokenOrder(person=NEWCOMER, person_name="Kim <b>New</b>"), host)
            await stage.desk.issuing.put_service_account(
                ServiceOrder(id="nightly", owner=EMPLOYEE, name="<img src=x onerror=alert(1)>"), host
            )
            await stage.desk.issuing.create(TokenOrder(person="nightly", name="'\"><script>alert(1)</script>"), host)

        theatre.run(prepare())
        yield theatre


def sign_in(page: Any, theatre: Theatre, person: str) -> None:
    """Use a one-time link."""
    page.goto(theatre.link(person))
    page.wait_for_url(re.compile(r"/(me)?$"))


def test_a_token_is_made_copied_and_revoked_with_keys(theatre: Theatre, browser: Any) -> None:
    """From the landing page to a token for one connector, its command, and its end, without a mouse."""
    with watched(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        sign_in(page, theatre, EMPLOYEE)
        assert page.url.endswith("/me")
        tab_to(page, "#tokens a[href='/me/tokens/new']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/me/tokens/new")
        page.keyboard.type("Cursor on my laptop")
        tab_to(page, "input[name=connector][value=crm]")
        page.keyboard.press("Space")
        assert page.is_checked("input[name=reach][value=some]")
        tab_to(page, ".fill button.primary")
        page.keyboard.press("Enter")
        page.wait_for_url("**/me/tokens/made/*")
        secret = page.inner_text("#secret")
        assert is_well_formed(secret) and secret not in page.url
        tab_to(page, "button[data-copy-from=secret]")
        page.keyboard.press("Enter")
        page.wait_for_function("document.getElementById('announce').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()") == secret
        assert f"Bearer {secret}" in page.inner_text("#way-claude-code")
        found = Directory(theatre.stage.store.snapshot(), str).authenticate(f"Bearer {secret}", 0)
        assert isinstance(found, Principal) and found.scopes == ("mcp:crm",)
        page.goto(f"{theatre.url}/me")
        row = page.locator("#tokens tr", has_text="Cursor on my laptop")
        row.locator("summary").focus()
        page.keyboard.press("Enter")
        tab_to(page, "details[open] input[name=reason]")
        page.keyboard.type("lost")
        page.keyboard.press("Enter")
        page.wait_for_url("**/me#tokens")
        assert page.locator("#tokens details.ended tr", has_text="Cursor on my laptop").count() == 1
        refusal = Directory(theatre.stage.store.snapshot(), str).authenticate(f"Bearer {secret}", 0)
        assert getattr(refusal, "reason", "") == "revoked"


def test_all_of_it_works_without_scripts(theatre: Theatre, browser: Any) -> None:
    """Forms and links alone make and revoke a token; who ticks a connector and says otherwise is told so."""
    with watched(browser, "400", java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(EMPLOYEE)))
        page.click("button")
        page.goto(f"{theatre.url}/me/tokens/new")
        page.check("input[name=connector][value=crm]")
        page.click(".fill button.primary")
        assert "ticked connectors" in page.inner_text(".banner") and page.is_checked("input[name=connector][value=crm]")
        page.check("input[name=reach][value=some]")
        page.fill("input[name=name]", "plain")
        page.click(".fill button.primary")
        assert is_well_formed(page.inner_text("#secret"))
        page.click("text=Done")
        page.locator("#tokens tr", has_text="plain").locator("summary").click()
        page.locator("#tokens tr", has_text="plain").locator("button.danger").click()
        page.wait_for_selector("#tokens details.ended tr:has-text('plain')", state="attached")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on any of these pages, with menus open too."""
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme) as page:
        for person, addresses in ((EMPLOYEE, OWN), (NEWCOMER, ("/me",)), (ADMIN, ("/tokens", "/tokens?q=zzz", "/me"))):
            sign_in(page, theatre, person)
            for address in addresses:
                page.goto(f"{theatre.url}{address}")
                for summary in page.locator("#main summary").all():
                    summary.evaluate("one => { one.parentElement.open = true }")
                found |= violations(page, f"{person} {address}")
        sign_in(page, theatre, EMPLOYEE)
        page.goto(f"{theatre.url}/me/tokens/new")
        page.click(".fill button.primary")
        page.wait_for_url("**/made/*")
        found |= violations(page, "made")
    assert found == {}


@pytest.mark.parametrize("width", [1440, 420])
def test_no_page_scrolls_sideways(theatre: Theatre, browser: Any, width: int) -> None:
    """Wide tables scroll by themselves."""
    with watched(browser) as page:
        sign_in(page, theatre, EMPLOYEE)
        assert_fit(page, theatre, OWN, width)
        sign_in(page, theatre, ADMIN)
        assert_fit(page, theatre, ("/tokens",), width)
