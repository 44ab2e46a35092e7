"""One way through the console with nothing but the keyboard: find, narrow, open, prove, share, export."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.stage import ADMIN
from tests.console.theatre import Theatre, opened, story_marks, watched

pytestmark = story_marks()
TABS_MAX = 150


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls."""
    with opened(tmp_path_factory, 120) as theatre:
        yield theatre


def tab_to(page: Any, selector: str) -> None:
    """Press Tab until the focus is on something; fails when it is never reached."""
    for _ in range(TABS_MAX):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{selector} cannot be reached with the Tab key")


def test_find_narrow_open_prove_share_export_without_a_mouse(theatre: Theatre, browser: Any) -> None:
    """No click and no focus that is set from outside: only keys, as somebody without a mouse has them."""
    with watched(browser, accept_downloads=True) as page:
        page.goto(theatre.link(ADMIN))
        page.wait_for_url(f"{theatre.url}/")
        page.wait_for_selector("#results:not(:has([data-load]))")
        find_and_narrow(page)
        open_and_prove(page)
        share(page)
        export(page)


def find_and_narrow(page: Any) -> None:
    """A query typed, then one value of a facet."""
    page.keyboard.press("/")
    page.keyboard.type("status:ok")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip >> text=ok")
    page.keyboard.press("Escape")
    page.wait_for_selector("#results:not(.dim):not(:has([data-load]))")
    page.keyboard.press("f")
    tab_to(page, ".facet:has(#facet-connector) a.only")
    page.keyboard.press("Enter")
    page.wait_for_selector(".chip >> nth=1")
    page.wait_for_selector("#results:not(.dim):not(:has([data-load]))")


def open_and_prove(page: Any) -> None:
    """The second row's call, its last tab but one, and the real proof."""
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".drawer h2")
    tab_to(page, ".drawer [role=tab]")
    while not page.evaluate("document.activeElement.id === 'tab-proof'"):
        page.keyboard.press("ArrowRight")
    tab_to(page, ".drawer form[data-proof] button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".proof-result.good")
    page.keyboard.press("Escape")
    page.wait_for_selector(".drawer", state="hidden")


def share(page: Any) -> None:
    """A short link, which opens the same calls with absolute times."""
    before = page.input_value("#query input[name=q]")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    tab_to(page, "details[data-menu=share] summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("form[data-share] button:focus")
    page.keyboard.press("Enter")
    page.wait_for_selector("#share-address")
    page.goto(page.input_value("#share-address"))
    assert page.input_value("#query input[name=q]") == before and "to=" in page.url


def export(page: Any) -> None:
    """What is shown, as NDJSON, down to the file."""
    page.keyboard.press("e")
    page.wait_for_selector("#export[open]")
    page.wait_for_selector("#export [data-estimate]:has-text('calls, about')")
    tab_to(page, "#export input[type=radio]")
    while not page.evaluate("document.activeElement.value === 'ndjson'"):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/exports#*")
    page.wait_for_selector(".export .badge.is-ok")
    tab_to(page, ".export a[download]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    lines = [json.loads(line) for line in download.value.path().read_bytes().splitlines()]
    assert lines and {(line["status"], line["connector"]) for line in lines} == {("ok", lines[0]["connector"])}
