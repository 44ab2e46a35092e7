"""People in a real browser: somebody is found, what they are denied is read, and other arguments are tried, without a mouse; axe finds nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.control.caller import local_caller
from gatebook.query import parse
from gatebook.state.documents import parse_documents
from tests.console.stage import EMPLOYEE
from tests.console.test_browser_keyboard import tab_to
from tests.console.test_people import POLICY
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched
from tests.console.tooling import dress
from tests.console.traffic import PEOPLE, Case
from tests.state.noting import HOSTILE

pytestmark = story_marks()
PERSON = f"/people/{EMPLOYEE}"
PAGES = ("/people", "/people?q=zzz", PERSON, f"{PERSON}?outcome=pending", f"{PERSON}/why?connector=crm&tool=update_customer", "/people/sofia@northwind.example", "/people/me")  # fmt: skip


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls, connectors of which some drifted, and policies with conditions."""
    with opened(tmp_path_factory, 60) as theatre:
        stage = theatre.stage
        theatre.run(dress(stage))
        theatre.run(stage.desk.apply(parse_documents(POLICY, "policies.yaml"), local_caller("root", stage.vault.subject), "for the tests"))
        yield theatre


def test_somebody_is_found_and_another_call_is_decided_with_keys(theatre: Theatre, browser: Any) -> None:
    """`g o`, the search, what is denied, back to what is conditional, Why?, and arguments that turn the decision."""
    with watched(browser) as page:
        enter(page, theatre)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("o")
        page.wait_for_url("**/people")
        tab_to(page, "input[name=q]")
        page.keyboard.type("okafor")
        page.keyboard.press("Enter")
        page.wait_for_url("**/people?q=okafor")
        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{PERSON}")
        tab_to(page, "a[href$='outcome=denied']")
        page.keyboard.press("Enter")
        page.wait_for_url("**?outcome=denied")
        words = page.locator(".matrix tr[data-record] .badge").all_inner_texts()
        assert set(words) == {"Denied"} and "You have no access to the connector git." in page.inner_text(".matrix")
        tab_to(page, "a[href$='outcome=conditional']")
        page.keyboard.press("Enter")
        page.wait_for_url("**?outcome=conditional")
        tab_to(page, "a[href*='tool=update_customer']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/why?connector=crm&tool=update_customer")
        assert page.inner_text(".answer .badge") == "Allowed" and "may call update_customer of crm" in page.inner_text(".sentence")
        tab_to(page, "textarea[name=arguments]")
        page.keyboard.press("Control+A")
        page.keyboard.type('{"limit": 500}')
        tab_to(page, ".ask button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".answer .badge.is-blocked")
        assert "the policy small-updates denies it: Too many at once." in page.inner_text(".sentence")
        assert page.input_value("textarea[name=arguments]") == '{"limit": 500}' and "limit" not in page.url
        assert "small-updates" in page.inner_text("tr.decided") and "Matches" in page.inner_text("tr.decided")


def test_a_call_is_explained_without_scripts(theatre: Theatre, browser: Any) -> None:
    """An employee goes from their own call to the decision of now, by links and a form alone."""
    params = {"name": "update_customer", "arguments": {"limit": 11, "note": "</textarea><script>alert(1)</script>"}}
    id = theatre.call(lambda stage: stage.call(PEOPLE[0], Case(tool="update_customer", params=params)))
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(EMPLOYEE)))
        page.click("button")
        page.goto(f"{theatre.url}/calls/{id}")
        page.click("text=Explain this decision")
        page.wait_for_selector(".answer .badge.is-blocked")
        assert "</textarea><script>" in page.input_value("textarea[name=arguments]") and "note" not in page.url
        page.fill("textarea[name=arguments]", "{}")
        page.click(".ask button")
        page.wait_for_selector(".answer .badge.is-ok")
        page.click("text=What may I do?")
        page.wait_for_url("**/people/me")
        assert page.locator("a[href^='/policies']").count() == 0 and page.locator(".matrix .of").all_inner_texts() == ["crm 7 tools"]


def test_hostile_tools_run_nothing(theatre: Theatre, browser: Any) -> None:
    """Every "Why?" of a hostile tool: no dialog, no violation, no request elsewhere, no element of theirs, and nothing hidden."""
    with watched(browser) as page:
        enter(page, theatre, f"{PERSON}?outcome=denied")
        links = [
            link
            for link in page.eval_on_selector_all(".matrix a", "all => all.map(one => one.getAttribute('href'))")
            if "connector=scratch" in link
        ]
        assert len(links) == len(HOSTILE)
        for link in links:
            page.goto(f"{theatre.url}{link}")
            assert page.url == f"{theatre.url}{link}" and page.locator("#main script, #main img, #main b b").count() == 0
            page.click(".ask button.primary")
            page.wait_for_selector(".answer .badge.is-blocked")
            assert not re.search("[\u202e\u200b\u0007]", page.inner_text("#main"))
            assert page.evaluate("document.documentElement.scrollWidth") <= 1440


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on any page of people, and none on the tab of a call that leads there."""
    found: dict[str, list[str]] = {}
    index = theatre.stage.index
    assert index is not None
    call = index.search(parse("method:tools/call"), limit=1).rows[0].call_id
    with watched(browser, "400 (Bad Request)", color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in (*PAGES, f"/calls/{call}#decision"):
            page.goto(f"{theatre.url}{address}")
            found |= violations(page, address)
        page.goto(f"{theatre.url}{PAGES[4]}")
        for text in ('{"limit": 500}', "{"):
            page.fill("textarea[name=arguments]", text)
            page.click(".ask button.primary")
            page.wait_for_load_state("networkidle")
            found |= violations(page, text)
        assert "The arguments are not JSON" in page.inner_text("[role=alert]")
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, PAGES, width)
