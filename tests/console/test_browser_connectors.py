"""Connectors in a real browser: a drifted tool is found, read and approved without a mouse; hostile ones do nothing; axe finds nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.definitions.key import key_of
from tests.console.stage import ADMIN
from tests.console.test_browser_keyboard import tab_to
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched
from tests.console.tooling import dress
from tests.state.noting import HOSTILE

pytestmark = story_marks()


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls, and connectors of which some drifted."""
    with opened(tmp_path_factory, 60) as theatre:
        theatre.run(dress(theatre.stage))
        yield theatre


def test_a_drifted_tool_is_found_read_and_approved_with_keys(theatre: Theatre, browser: Any) -> None:
    """From the explorer with `g c`, by rows, to the difference; Tab to the form; and what is listed is then what may be called."""
    stage = theatre.stage
    before = stage.store.snapshot().approved["crm"]["export_contacts"].hash
    listed = stage.store.snapshot().listings["crm"].tools["export_contacts"]
    assert before != listed
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("c")
        page.wait_for_url("**/connectors")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/connectors/crm")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/tools/export_contacts")
        assert page.inner_text(".words del").strip() == "a" and "IMPORTANT" in page.inner_text(".words ins >> nth=-1")
        assert "hidden from all clients" in page.inner_text(".meaning")
        tab_to(page, ".decide input[name=reason]")
        page.keyboard.type("Spoke to the vendor")
        tab_to(page, ".decide button[value=approved]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".top .badge.is-ok")
        assert "may be called" in page.inner_text(".meaning") and "Spoke to the vendor" in page.inner_text("#main")
    assert stage.store.snapshot().approved["crm"]["export_contacts"].hash == listed


def test_all_that_waits_is_refused_without_scripts(theatre: Theatre, browser: Any) -> None:
    """Plain forms do it, and the page then says that all is decided."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{theatre.url}/connectors/scratch")
        page.fill(".decide input[name=reason]", "Nobody knows this server")
        page.click(".decide button[value=refused]")
        page.wait_for_selector(".summary .badge.is-ok")
        assert page.locator("tr .badge.is-blocked").count() == len(HOSTILE)


def test_hostile_definitions_run_nothing(theatre: Theatre, browser: Any) -> None:
    """Every page of a hostile tool: no dialog, no violation, no request elsewhere, no element of theirs, and nothing hidden."""
    with watched(browser) as page:
        enter(page, theatre, "/connectors/scratch")
        links = [link.get_attribute("href") for link in page.locator("tbody th a").all()]
        assert set(links) == {f"/connectors/scratch/tools/{key_of(one['name'])}" for one in HOSTILE}
        for link in links:
            page.goto(f"{theatre.url}{link}")
            assert page.url == f"{theatre.url}{link}" and page.locator("#main script, #main img, #main b b").count() == 0
            assert not re.search("[\u202e\u200b\u0007]", page.inner_text("#main"))
            assert page.evaluate("document.documentElement.scrollWidth") <= 1440


PAGES = ("/connectors", "/connectors/crm", "/connectors/scratch", "/connectors/crm/tools/fetch_customer", "/connectors/crm/tools/export_contacts", f"/connectors/scratch/tools/{key_of('..')}")  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on any page of connectors."""
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in PAGES:
            page.goto(f"{theatre.url}{address}")
            page.evaluate("document.querySelectorAll('.connectors details').forEach((one) => { one.open = true; })")
            found |= violations(page, address)
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, PAGES, width)
