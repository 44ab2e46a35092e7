"""Exports in a real browser: from the explorer by keyboard to the file, in both themes, under the policy that allows nothing else, with axe."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.stage import ADMIN
from tests.console.theatre import Theatre, opened, story_marks, watched

pytestmark = story_marks()


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls."""
    with opened(tmp_path_factory, 40) as theatre:
        yield theatre


def test_export_from_the_explorer_by_keyboard(theatre: Theatre, browser: Any) -> None:
    """`e` opens the dialog with an estimate; the page shows it until it is ready; the file comes; it is deleted."""
    from axe_playwright_python.sync_playwright import Axe

    for theme in ("light", "dark"):
        with watched(browser, color_scheme=theme, accept_downloads=True) as page:
            story(page, theatre, Axe())


def story(page: Any, theatre: Theatre, axe: Any) -> None:
    """One person's way, without a mouse up to the download."""
    page.goto(theatre.link(ADMIN))
    page.wait_for_url(f"{theatre.url}/")
    page.goto(f"{theatre.url}/?q=status:ok&range=7d")
    page.wait_for_selector("#calls")
    page.locator("#main").focus()
    page.keyboard.press("e")
    page.wait_for_selector("#export[open]")
    page.wait_for_selector("#export [data-estimate]:has-text('calls, about')")
    assert "status:ok" in page.locator("#export [data-export-query]").inner_text()
    page.locator("#export input[value=ndjson]").focus()
    page.keyboard.press("Space")
    page.wait_for_selector("#export [data-estimate]:has-text('as NDJSON')")
    assert not axe.run(page, "#export").response["violations"]
    page.keyboard.press("Enter")
    page.wait_for_url(f"{theatre.url}/exports#*")
    page.wait_for_selector(".export .badge.is-ok", timeout=30_000)
    assert not axe.run(page).response["violations"]
    with page.expect_download() as download:
        page.locator(".export a[download]").first.click()
    with open(download.value.path(), "rb") as file:
        assert all(json.loads(line)["status"] == "ok" for line in file)
    page.locator(".export button:has-text('Delete')").first.click()
    page.wait_for_selector("#exports .none")
