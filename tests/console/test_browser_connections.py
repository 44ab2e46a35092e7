"""My connections in a real browser: away to a real authorization server and back, with and without scripts, and axe finds nothing."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.connecting import connect
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched
from tests.fixtures import oauth_mcp

pytestmark = story_marks()
PAGES = ("/connections", "/connect/notes", "/connect/calendar")


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with connections of every standing, and a server to connect to."""
    with opened(tmp_path_factory, 20) as theatre:
        began, stop = threading.Event(), asyncio.Event()

        async def serve() -> None:
            async with oauth_mcp.running() as url:
                await connect(theatre.stage, url)
                began.set()
                await stop.wait()

        serving = asyncio.run_coroutine_threadsafe(serve(), theatre._loop)
        assert began.wait(30)
        yield theatre
        theatre._loop.call_soon_threadsafe(stop.set)
        serving.result(10)


def test_an_account_is_connected_and_given_up(theatre: Theatre, browser: Any) -> None:
    """From the explorer with `g n`; the page names the host before it leaves; the code is in no address afterwards."""
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("n")
        page.wait_for_url("**/connections")
        page.get_by_role("link", name="Connect: Notes").click()
        page.get_by_role("button", name="Connect").click()
        page.get_by_role("link", name="Continue to 127.0.0.1").click()
        page.wait_for_url("**/connections?connected=notes")
        assert "Notes is connected" in page.inner_text("[role=status]")
        page.get_by_role("button", name="Disconnect Notes").click()
        page.wait_for_url("**/connections")
        assert "Not connected" in page.inner_text("[data-record=notes]")


def test_without_scripts_it_is_the_same(theatre: Theatre, browser: Any) -> None:
    """Links and forms do it."""
    from tests.console.stage import ADMIN

    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{theatre.url}/connect/notes")
        page.click("form[action='/connect/notes'] button")
        page.click("a[rel=noreferrer]")
        page.wait_for_url("**/connections?connected=notes")
        page.click("[data-record=notes] form button")
        page.wait_for_url("**/connections")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on the list, before the way and on it."""
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in PAGES:
            page.goto(f"{theatre.url}{address}")
            found |= violations(page, address)
        page.goto(f"{theatre.url}/connect/notes")
        page.click("form[action='/connect/notes'] button")
        page.wait_for_selector("a[rel=noreferrer]")
        found |= violations(page, "on the way")
    assert not found


@pytest.mark.parametrize("width", [1440, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, PAGES, width)
