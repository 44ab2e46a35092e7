"""Stories in a real browser: find, narrow, open, prove, follow. Each fails on any console error, CSP violation or foreign request."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.stage import ADMIN
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched
from tests.console.traffic import PEOPLE, Case

pytestmark = story_marks()
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"
ROWS = "#calls tr[data-call]"


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls."""
    with opened(tmp_path_factory, 300) as theatre:
        yield theatre


def test_find_narrow_open_prove_by_keyboard(theatre: Theatre, browser: Any) -> None:
    """From the query to the proof of one call without a mouse, and back to the row."""
    with watched(browser) as page:
        enter(page, theatre)
        assert "#" not in page.url
        page.keyboard.press("/")
        page.keyboard.type("connector:git status:ok")
        page.keyboard.press("Enter")
        page.wait_for_selector(".chip >> nth=1")
        assert set(page.locator(f"{ROWS} td.c-connector").all_inner_texts()) == {"git"}
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(".drawer h2")
        second = page.locator(ROWS).nth(1).get_attribute("data-call")
        assert page.evaluate("document.activeElement.closest('.drawer') !== null") and f"call={second}" in page.url
        page.keyboard.press("j")
        third = page.locator(ROWS).nth(2).get_attribute("data-call")
        page.wait_for_selector(f".drawer .meta:has-text('{third}')")
        page.locator(".drawer #tab-proof").focus()
        page.keyboard.press("Enter")
        page.locator(".drawer form[data-proof] button").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".proof-result.good")
        assert "its signature holds" in page.inner_text(".proof-result")
        page.keyboard.press("Escape")
        page.wait_for_selector(".drawer", state="hidden")
        assert page.evaluate("document.activeElement.closest('tr').dataset.call") == third


def test_facets_chips_and_the_back_button(theatre: Theatre, browser: Any) -> None:
    """A click narrows, the chip removes, back restores the question and its rows."""
    with watched(browser) as page:
        enter(page, theatre)
        page.click(".facet:has(#facet-connector) a.only >> nth=0")
        page.wait_for_selector(".chip")
        narrowed = page.input_value("#query input[type=search]")
        assert narrowed.startswith("connector:")
        page.click(".chip a[title=Remove]")
        page.wait_for_selector(".chip", state="detached")
        assert page.input_value("#query input[type=search]") == ""
        page.go_back()
        page.wait_for_selector(".chip")
        assert page.input_value("#query input[type=search]") == narrowed
        page.click(".facet:has(#facet-status) a.only >> nth=0", modifiers=["Alt"])
        page.wait_for_selector(".chip.not")


def test_a_bad_query_keeps_the_last_good_rows(theatre: Theatre, browser: Any) -> None:
    """The mistake is marked, the rows stay."""
    with watched(browser) as page:
        enter(page, theatre)
        rows = page.locator(ROWS).count()
        page.fill("#query input[type=search]", "status:okk")
        page.press("#query input[type=search]", "Enter")
        page.wait_for_selector("#query-error mark")
        assert page.locator(ROWS).count() == rows
        assert page.get_attribute("#query input[type=search]", "aria-invalid") == "true"


def test_new_calls_appear_or_are_counted(theatre: Theatre, browser: Any) -> None:
    """At the top a new call is put in; further down it is only counted, and the place stays. Paused is visible."""
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector(".live[data-state=live]")
        first = theatre.call(lambda stage: stage.call(PEOPLE[0], Case(tool="brand_new")))
        page.wait_for_selector(f"#calls tbody.fresh tr[data-call='{first}']")
        page.evaluate("document.querySelector('.rows').scrollTop = 600")
        top = page.evaluate("document.querySelector('.rows').scrollTop")
        second = theatre.call(lambda stage: stage.call(PEOPLE[0], Case()))
        page.wait_for_selector(".pill button:has-text('1 new')")
        assert page.evaluate("document.querySelector('.rows').scrollTop") == top
        assert page.locator(f"tr[data-call='{second}']").count() == 0
        page.click(".pill button")
        page.wait_for_selector(f"tr[data-call='{second}']")
        page.click(".live")
        page.wait_for_selector(".live[data-state=paused]")
        assert page.inner_text(".live") == "Paused"


def test_hostile_content_is_shown_and_not_run(theatre: Theatre, browser: Any) -> None:
    """Markup in names, arguments and responses stays text in the table, the live rows, the drawer and the page."""
    case = Case(connector=HOSTILE, tool=HOSTILE, params={"name": HOSTILE, "arguments": {"a": "</pre>" + HOSTILE}}, result=HOSTILE)
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector(".live[data-state=live]")
        id = theatre.call(lambda stage: stage.call(PEOPLE[0], case))
        page.wait_for_selector(f"tr[data-call='{id}']")
        assert page.inner_text(f"tr[data-call='{id}'] td.c-tool") == HOSTILE
        page.click(f"tr[data-call='{id}'] td.c-tool")
        page.wait_for_selector(".drawer h2")
        assert page.inner_text(".drawer h2") == HOSTILE and HOSTILE in page.inner_text(".drawer .said")
        page.goto(f"{theatre.url}/calls/{id}")
        assert page.inner_text("h1") == HOSTILE
        assert page.locator("img, main script").count() == 0


def test_everything_works_without_scripts(theatre: Theatre, browser: Any) -> None:
    """Sign in by pasting, search, filter, page, open and prove with plain links and forms."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.link(ADMIN))
        page.click("button")
        page.fill("#query input[type=search]", "status:ok")
        page.click("#query button")
        page.click(".facet:has(#facet-connector) a.only >> nth=0")
        assert re.search("q=status%3Aok.connector", page.url)
        page.goto(f"{theatre.url}/")
        page.click("a[data-more]")
        page.locator(f"{ROWS} td.c-time a").first.click()
        page.click("form[data-proof] button")
        assert page.locator(".proof-result.good").count() == 1


def test_the_theme_is_kept_and_painted_at_once(theatre: Theatre, browser: Any) -> None:
    """The switch changes the theme, and the server's next page begins in it."""
    with watched(browser, color_scheme="light") as page:
        enter(page, theatre)
        page.click("[data-theme-switch]")
        assert page.get_attribute("html", "data-theme") == "dark"
        page.goto(f"{theatre.url}/records")
        assert '<html lang="en" data-theme="dark">' in page.content()
        assert (
            page.evaluate("getComputedStyle(document.body).colorScheme || getComputedStyle(document.documentElement).colorScheme") == "dark"
        )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on any screen."""
    id = theatre.call(lambda stage: stage.call(PEOPLE[0], Case(tool="export_contacts", end="blocked")))
    ok = theatre.call(lambda stage: stage.call(PEOPLE[0], Case(tool="export_contacts")))
    addresses = (
        "/",
        f"/?call={ok}",
        "/?q=tool:nope+status:ok",
        "/?q=conector:x",
        f"/calls/{id}",
        f"/calls/{ok}?verify=1",
        "/records",
        "/calls/x",
        "/sign-in",
    )
    found: dict[str, list[str]] = {}
    with watched(browser, "status of 404", color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in addresses:
            answer = page.goto(f"{theatre.url}{address}")
            assert answer is not None
            found |= violations(page, address)
        page.goto(f"{theatre.url}/")
        page.keyboard.press("?")
        page.wait_for_selector("#help[open]")
        found |= violations(page, "help")
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        id = page.locator(ROWS).first.get_attribute("data-call")
        assert_fit(page, theatre, ("/", f"/calls/{id}", "/records"), width)
