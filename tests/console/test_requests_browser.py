"""With nothing but the keyboard: a call that waits is found, read and approved, and then goes through the real gateway."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.governed import Governed, governed
from tests.console.test_browser_keyboard import tab_to
from tests.console.theatre import story_marks, watched

pytestmark = story_marks()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Governed]:
    """A deployment as processes."""
    with governed(tmp_path_factory.mktemp("story") / "data") as running:
        yield running


def accessible(page: Any) -> None:
    """Nothing that axe finds, in both themes."""
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        violations = Axe().run(page).response["violations"]
        assert not violations, [(one["id"], one["nodes"][0]["html"][:200]) for one in violations]


def sign_in(page: Any, running: Governed) -> None:
    """Open the console by a one-time link."""
    from gatebook.control.office import run

    page.goto(run(running.deployment.settings, "bootstrap", {"person": "nora@example.com"})["url"])
    page.wait_for_url(f"{running.deployment.settings.console_url}/")
    page.wait_for_selector("#results:not(:has([data-load]))")


def test_a_waiting_call_is_approved_without_a_mouse(running: Governed, browser: Any) -> None:
    """Requests by `g q`, the call by Tab and Enter, a reason typed, approved once; the call then goes through, once."""
    arguments = {"segment": "emea", "limit": 3}
    call = running.refused("echo", arguments)
    with watched(browser) as page:
        sign_in(page, running)
        page.keyboard.press("g")
        page.keyboard.press("q")
        page.wait_for_url("**/requests")
        accessible(page)
        tab_to(page, f'a[href="/approvals/{call}"]')
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/approvals/{call}")
        assert "Ana Lima" in page.inner_text("h2.sentence")
        assert "Hidden from your role" in page.inner_text("article") and "emea" not in page.content()
        accessible(page)
        tab_to(page, "textarea[name=reason]")
        page.keyboard.type("Agreed with Ana")
        tab_to(page, "button[value=once]")
        page.keyboard.press("Enter")
        page.wait_for_selector("h3#decision")
        assert "Agreed with Ana" in page.inner_text("article") and "nora@example.com" in page.inner_text("article")
        accessible(page)
    assert running.goes_through("echo", arguments)
    assert not running.call("echo", arguments)[0]


def test_access_is_granted_and_revoked_without_a_script(running: Governed, browser: Any) -> None:
    """Forms alone: an administrator asks for Ana, and decides as well, because it is not their own; then it is over."""
    call = running.refused("pid", {})
    with watched(browser) as page:
        sign_in(page, running)
        state = page.context.storage_state()
    with watched(browser, java_script_enabled=False, storage_state=state) as page:
        page.goto(f"{running.deployment.settings.console_url}/access/{call}")
        page.fill("textarea[name=reason]", "Ana looks after the processes")
        page.click("button[value=ask]")
        page.wait_for_selector("button[value=grant]")
        page.select_option("select[name=hours]", "1")
        page.click("button[value=grant]")
        page.wait_for_selector("button[value=revoked]")
        assert running.goes_through("pid", {})
        page.fill("textarea[name=reason]", "Done")
        page.click("button[value=revoked]")
        page.wait_for_selector("text=The request is revoked.")
    assert running.stays_out("pid", {})
