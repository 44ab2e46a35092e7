"""The directory in a real browser: a token is made with keys, and axe finds nothing in light and dark."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.granting import entitle
from tests.console.test_directory import provision
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched

pytestmark = story_marks()
PAGES = ("/directory", "/directory?show=failed")


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls, and connectors that name groups."""
    with opened(tmp_path_factory, 60) as theatre:
        theatre.run(entitle(theatre.stage))
        yield theatre


def test_a_token_is_made_and_revoked(theatre: Theatre, browser: Any) -> None:
    """From the rail with `g d`; the secret is shown, used, and gone from the page when it is opened again."""
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("d")
        page.wait_for_url("**/directory")
        page.fill("input[name=name]", "Okta")
        page.keyboard.press("Enter")
        secret = page.inner_text(".secret")
        theatre.run(provision(theatre.stage, secret))
        page.goto(f"{theatre.url}/directory")
        assert secret not in page.content() and "uniqueness" not in page.inner_text("#requests")
        assert "is taken" in page.inner_text("main")
        page.click("text=sales")
        page.wait_for_url("**/directory/groups/*")
        assert "crm" in page.inner_text("main")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on the page and on that of a group."""
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in PAGES:
            page.goto(f"{theatre.url}{address}")
            found |= violations(page, address)
        page.goto(f"{theatre.url}/directory")
        page.click("text=sales")
        page.wait_for_url("**/directory/groups/*")
        found |= violations(page, "group")
    assert not found


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, PAGES, width)
