"""Stories of the explorer in a real browser: complete, brush, type a time, tick, select, choose columns, pause, save, share; and all of it by keyboard."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.console.stage import ADMIN
from tests.console.theatre import Theatre, opened, story_marks, violations, watched
from tests.console.traffic import PEOPLE, Case

pytestmark = story_marks()
ROWS = "#calls tr[data-call]"
FIELD = "#query input[name=q]"


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls."""
    with opened(tmp_path_factory, 300) as theatre:
        yield theatre


def enter(page: Any, theatre: Theatre) -> None:
    """Sign in by a one-time link and wait for the rows and all that stands beside them."""
    page.goto(theatre.link(ADMIN))
    page.wait_for_url(f"{theatre.url}/")
    settled(page)


def settled(page: Any) -> None:
    """Wait until no part of the page is still being asked."""
    page.wait_for_selector("#results:not(.dim):not(:has([data-load]))")


def test_completion_behind_an_emoji(theatre: Theatre, browser: Any) -> None:
    """Characters that are two units of UTF-16 do not move the place where a choice goes in."""
    with watched(browser) as page:
        enter(page, theatre)
        page.keyboard.press("/")
        page.keyboard.insert_text('"😀😀" conn')
        page.wait_for_selector("[role=option] >> text=connector")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert page.input_value(FIELD) == '"😀😀" connector:'


def test_completion_chips_and_history(theatre: Theatre, browser: Any) -> None:
    """Field, value with counts, chip to edit, and the old query by arrow up."""
    with watched(browser) as page:
        enter(page, theatre)
        page.keyboard.press("/")
        page.keyboard.type("conn")
        page.wait_for_selector("[role=option] >> text=connector")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#options[role=listbox] [role=option] .n")
        page.keyboard.type("gi")
        page.wait_for_selector("#options [role=option]:only-child")
        page.keyboard.press("ArrowDown")
        assert page.get_attribute(FIELD, "aria-activedescendant") == "option-0"
        page.keyboard.press("Tab")
        assert page.input_value(FIELD) == "connector:git "
        page.keyboard.press("Enter")
        page.wait_for_selector(".chip")
        page.click(".chip .edit")
        assert page.evaluate("String(getSelection())") == "connector:git"
        page.keyboard.type("status:blocked")
        page.keyboard.press("Enter")
        page.wait_for_selector(".chip >> text=blocked")
        page.focus(FIELD)
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert page.input_value(FIELD) == "connector:git"


def test_brush_back_and_a_typed_range(theatre: Theatre, browser: Any) -> None:
    """A drag narrows to whole columns, a double click goes back, words become a range, nonsense is told beside the field."""
    with watched(browser) as page:
        enter(page, theatre)
        box = page.locator(".canvas").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
        page.wait_for_selector(".tip:not([hidden])")
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=4)
        page.mouse.up()
        page.wait_for_url(re.compile(r"from=.*to="))
        settled(page)
        box = page.locator(".canvas").bounding_box()
        page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + 40)
        page.wait_for_url(f"{theatre.url}/")
        page.mouse.move(5, 5)
        settled(page)
        page.keyboard.press("t")
        page.wait_for_selector("#when:focus")
        page.keyboard.type("whenever")
        page.keyboard.press("Enter")
        page.wait_for_selector(".time-panel .problem:not([hidden])")
        page.fill("#when", "yesterday 00:00 to now")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("from="))
        assert "UTC" in page.inner_text(".count")


def test_a_late_answer_leaves_a_menu_open(theatre: Theatre, browser: Any) -> None:
    """Who opened a menu while the rows were on their way goes on typing in it."""
    with watched(browser) as page:
        enter(page, theatre)
        held: list[Any] = []
        page.route(lambda url: urlsplit(url).path == "/" and "status" in url, lambda route: held.append(route))
        page.fill(FIELD, "status:ok")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        page.keyboard.press("t")
        page.wait_for_selector("#when:focus")
        page.keyboard.type("yester")
        held.pop().continue_()
        page.wait_for_selector(".chip >> text=ok")
        page.keyboard.type("day")
        assert page.input_value("#when:focus") == "yesterday"
        page.unroute_all()


def test_the_cursor_of_the_histogram(theatre: Theatre, browser: Any) -> None:
    """Arrow keys move it, it says what it stands on, Enter narrows."""
    with watched(browser) as page:
        enter(page, theatre)
        page.keyboard.press("h")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert page.inner_text(".tip .when").endswith("UTC")
        since = page.evaluate("document.activeElement.dataset.since")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("from="))
        assert since.replace(":", "%3A") in page.url


def test_ticks_series_and_late_facets(theatre: Theatre, browser: Any) -> None:
    """Two ticks make a list and keep the focus; a series is hidden; a closed facet is counted when it is opened."""
    with watched(browser) as page:
        enter(page, theatre)
        for name in ("crm", "git"):
            page.focus(f"[data-focus='connector-box-{name}']")
            page.keyboard.press("Space")
            page.wait_for_selector(f"[data-focus='connector-box-{name}'][aria-checked=true]")
            assert page.evaluate("document.activeElement.dataset.focus") == f"connector-box-{name}"
        assert page.input_value(FIELD) == "connector:(crm, git)"
        page.click("[data-series='0']")
        assert page.get_attribute("[data-series='0']", "aria-pressed") == "false"
        assert page.evaluate("[...document.querySelectorAll('[data-i=\"0\"]')].every((piece) => piece.getAttribute('height') === '0')")
        page.click("details[data-facet=group] summary")
        page.wait_for_selector("details[data-facet=group] a.only")


def test_columns_are_kept_and_rows_selected(theatre: Theatre, browser: Any) -> None:
    """A column that is chosen stays after a reload; selected rows give one query; the menu of a row filters by it."""
    with watched(browser) as page:
        enter(page, theatre)
        page.keyboard.press("c")
        page.click(".columns-panel li[data-name=ip] label")
        page.wait_for_selector("#calls th[data-column=ip]")
        page.reload()
        assert page.locator("#calls th[data-column=ip]").count() == 1
        settled(page)
        # Within one turn of the browser, as fast fingers do.
        page.evaluate(
            "for (const key of 'jxjx') document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))"
        )
        page.wait_for_selector("#selection b:has-text('2')")
        page.click("#selection a >> text=Only these")
        page.wait_for_selector(".count b:has-text('2')")
        assert page.locator(ROWS).count() == 2
        page.keyboard.press("j")
        page.keyboard.press("o")
        page.wait_for_selector("tr.expanded .brief")
        page.keyboard.press(".")
        page.wait_for_selector("#row-menu:not([hidden])")
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.closest('tr[data-call]') !== null")


def test_columns_of_an_address_stay_until_own_ones_are_chosen(theatre: Theatre, browser: Any) -> None:
    """Somebody else's columns go along with every step; choosing one's own takes them out of the address; going back brings them again."""
    with watched(browser) as page:
        enter(page, theatre)
        page.goto(f"{theatre.url}/?range=7d&columns=time,tool,trace")
        settled(page)
        heads = "#calls th[data-column]"
        names = f"[...document.querySelectorAll('{heads}')].map((head) => head.dataset.column).join()"
        assert page.evaluate(names) == "time,tool,trace"
        page.click(".facets a.only >> nth=0")
        page.wait_for_url("**q=*")
        assert "columns=time%2Ctool%2Ctrace" in page.url and page.evaluate(names) == "time,tool,trace"
        settled(page)
        page.keyboard.press("c")
        page.click(".columns-panel li[data-name=session] label")
        page.wait_for_selector(f"{heads}[data-column=session]")
        page.wait_for_url(lambda url: "columns=" not in url)
        page.go_back()
        page.wait_for_selector("#calls thead:not(:has([data-column=session]))")
        assert page.evaluate(names) == "time,tool,trace"
        assert "c=time%2Ctool%2Ctrace" in page.get_attribute("link#columns", "href")
        settled(page)
        page.keyboard.press("c")
        page.click("[data-columns-reset]")
        page.wait_for_url(lambda url: "columns=" not in url)
        page.wait_for_selector(f"{heads}[data-column=summary]")


def test_paused_counts_what_arrives(theatre: Theatre, browser: Any) -> None:
    """Paused is visible with the number of new calls; live again shows them."""
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector(".live[data-state=live]")
        page.keyboard.press("l")
        page.wait_for_selector(".live[data-state=paused]")
        id = theatre.call(lambda stage: stage.call(PEOPLE[0], Case(tool="while_paused")))
        page.wait_for_selector(".live >> text=Paused — 1 new")
        assert page.locator(f"tr[data-call='{id}']").count() == 0
        page.keyboard.press("l")
        page.wait_for_selector(f"tr[data-call='{id}']")


def test_find_open_save_share_and_go_by_keyboard(theatre: Theatre, browser: Any) -> None:
    """Without a mouse: find, open, save, share, export page, palette; focus is never lost."""
    with watched(browser) as page:
        enter(page, theatre)
        page.keyboard.press("/")
        page.keyboard.type("status:blocked")
        page.keyboard.press("Enter")
        page.wait_for_selector(".chip")
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(".drawer h2")
        page.keyboard.press("Escape")
        page.wait_for_selector(".drawer", state="hidden")
        page.keyboard.press("s")
        page.wait_for_selector("details[data-menu=saved][open]")
        page.focus("form[data-save] input[name=name]")
        page.keyboard.type("Blocked calls")
        page.keyboard.press("Enter")
        page.wait_for_selector("details[data-menu=saved]:not([open])")
        page.focus("details[data-menu=share] summary")
        page.keyboard.press("Enter")
        page.focus("form[data-share] button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#share-address")
        link = page.input_value("#share-address")
        page.goto(link)
        assert page.input_value(FIELD) == "status:blocked" and "to=" in page.url
        page.keyboard.press("Control+k")
        page.wait_for_selector("#palette[open] [role=option] >> text=Blocked calls")
        page.keyboard.type("blocked calls")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"q=status%3Ablocked(?!.*to=)"))
        page.keyboard.press("g")
        page.keyboard.press("s")
        page.wait_for_url(f"{theatre.url}/saved")
        assert page.inner_text(".card h2") == "Blocked calls"


def test_single_keys_can_be_switched_off(theatre: Theatre, browser: Any) -> None:
    """The switch stands in the list of keys and is kept for the person."""
    with watched(browser) as page:
        enter(page, theatre)
        page.keyboard.press("?")
        with page.expect_response("**/preferences"):
            page.check("#keys-off")
        page.keyboard.press("Escape")
        page.reload()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") != "q"
        page.click("[data-help]")
        with page.expect_response("**/preferences"):
            page.uncheck("#keys-off")
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "q"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_menus(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation with menus, palette, completions and selection open, and on the pages around."""
    found: dict[str, list[str]] = {}

    def check(page: Any, name: str) -> None:
        found.update(violations(page, name))

    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        # Few rows, because each menu is judged together with all of them.
        page.goto(f"{theatre.url}/?q=status:blocked+connector:crm")
        settled(page)
        for menu in ("time", "columns", "saved", "share"):
            page.click(f"details[data-menu={menu}] > summary")
            check(page, menu)
            page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("x")
        page.keyboard.press(".")
        check(page, "row menu")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        check(page, "palette")
        page.keyboard.press("Escape")
        page.fill(FIELD, "")
        page.focus(FIELD)
        page.keyboard.type("status:")
        page.wait_for_selector("#options [role=option]")
        check(page, "completions")
        for address in ("/saved", "/facet?facet=tool", "/?by=tool&q=status:blocked+connector:crm"):
            page.goto(f"{theatre.url}{address}")
            check(page, address)
    assert not found
