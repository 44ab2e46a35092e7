"""Grants in a real browser: unused ones are chosen and drafted with keys and without scripts, and axe finds nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.state.documents import parse_documents
from tests.console.granting import entitle
from tests.console.stage import ADMIN
from tests.console.test_browser_keyboard import tab_to
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched

pytestmark = story_marks()


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls, and grants of which many are not used."""
    with opened(tmp_path_factory, 120) as theatre:
        theatre.run(entitle(theatre.stage))
        yield theatre


def handed_over(page: Any) -> str:
    """Press the button that hands a draft over; returns what the editor then holds, with a reason to go with it."""
    page.click("form[action='/changes/new'] button")
    page.wait_for_url("**/changes/new")
    assert page.input_value("[name=reason]")
    return str(page.input_value("#text"))


def test_unused_grants_are_drafted_with_keys(theatre: Theatre, browser: Any) -> None:
    """From the explorer with `g g`; all that are shown by one box, two are taken out again; the draft is put in force in the editor, and they are gone."""
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("g")
        page.wait_for_url("**/grants")
        page.fill("input[name=group]", "interns")
        page.keyboard.press("Enter")
        page.wait_for_url("**group=interns**")
        tab_to(page, "[data-choose-all]")
        page.keyboard.press("Space")
        assert page.locator("td.tick input:checked").count() == 7
        page.locator("td.tick input").first.uncheck()
        assert page.evaluate("document.querySelector('[data-choose-all]').indeterminate")
        page.click("button[value=chosen]")
        page.wait_for_selector("form[action='/changes/new']")
        assert "take 6 grants away" in page.inner_text("#drafted")
        shown = page.inner_text("pre.yaml")
        documents = parse_documents(handed_over(page), "draft")
        assert "narrow-crm-interns" in shown and {one.kind for one in documents} == {"Policy"}
        assert sum(len(one.spec.selector.tools) for one in documents) == 6
        page.wait_for_selector("#check[data-good]")
        page.click("[data-make]")
        page.wait_for_url(lambda address: not address.endswith("/changes/new"))
        page.goto(f"{theatre.url}/grants?group=interns")
        assert page.locator("tr[data-record]").count() == 1 and "1 of 1 grant was not used" in page.inner_text("#summary")


def test_without_scripts_it_is_the_same(theatre: Theatre, browser: Any) -> None:
    """Plain forms do it; the box that needs a script is not there."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{theatre.url}/grants?connector=git")
        assert not page.is_visible("[data-choose-all]")
        page.locator("td.tick input").first.check()
        page.click("button[value=chosen]")
        assert "1 policy that would take 1 grant away" in page.inner_text("#drafted")
        assert parse_documents(handed_over(page), "draft")


def test_a_scope_is_changed_on_the_connectors_page(theatre: Theatre, browser: Any) -> None:
    """Two groups are chosen as columns, one cell is set, and the draft that reaches the editor is that one policy."""
    with watched(browser) as page:
        enter(page, theatre, "/connectors/crm")
        page.click(".choose summary")
        while page.locator(".choose input:checked").count():
            page.locator(".choose input:checked").first.uncheck()
        page.get_by_label("sales", exact=True).check()
        page.get_by_label("legal", exact=True).check()
        page.click(".choose button")
        page.wait_for_url("**groups=**")
        assert page.locator(".matrix thead th").all_inner_texts() == ["Tool", "sales", "legal"]
        page.get_by_label("export_contacts for sales").select_option("off")
        page.click(".scopes button.primary")
        page.wait_for_selector("form[action='/changes/new']")
        (document,) = parse_documents(handed_over(page), "draft")
        assert document.name == "scope-off-crm-sales" and document.spec.selector.tools == ("export_contacts",)


PAGES = ("/connectors/crm", "/connectors/billing", "/grants", "/grants?show=all", "/grants?connector=nope&show=all")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on the page, on its empty state, and on a draft."""
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in (*PAGES, "draft"):
            if address == "draft":
                page.goto(f"{theatre.url}/grants")
                page.click("button[value=all]")
                page.wait_for_selector("pre.yaml")
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            else:
                page.goto(f"{theatre.url}{address}")
                page.evaluate("document.querySelectorAll('.choose details').forEach((one) => { one.open = true; })")
            found |= violations(page, address)
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, PAGES, width)
        page.goto(f"{theatre.url}/grants")
        page.click("button[value=all]")
        page.wait_for_selector("pre.yaml")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
