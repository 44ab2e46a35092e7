"""Policies in a real browser: written with a mistake, mended, tried, put in force and rolled back without a mouse; decided by two people; axe finds nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.ruling import EDITED, SECOND, apply, ask_for_two, enroll_second, rule
from tests.console.stage import ADMIN
from tests.console.test_browser_keyboard import tab_to
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched

pytestmark = story_marks()


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls, policies with hits and a history, and two administrators."""
    with opened(tmp_path_factory, 120) as theatre:
        theatre.run(rule(theatre.stage))
        theatre.run(enroll_second(theatre.stage))
        yield theatre


def press(page: Any, selector: str, key: str = "Enter") -> None:
    """Go to something with the Tab key, and press a key on it."""
    tab_to(page, selector)
    page.keyboard.press(key)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_policy_is_edited_tried_put_in_force_and_rolled_back_with_keys(theatre: Theatre, browser: Any, theme: str) -> None:
    """From `g p` to the row, the editor, the line of the mistake, the replay with its progress, the list, the history, and back."""
    stage = theatre.stage
    with watched(browser, color_scheme=theme) as page:
        enter(page, theatre)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("p")
        page.wait_for_url("**/policies")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/policies/wide-searches")
        press(page, "a[href*='/changes/new']")
        page.wait_for_url("**/changes/new?**")
        mistake_and_mend(page)
        with page.expect_response("**/changes/replays") as begun:
            press(page, "[data-try]")
        assert "<progress" in begun.value.text()
        page.wait_for_selector("#replay .result")
        assert "would be decided otherwise" in page.inner_text("#replay .result")
        assert page.locator("#replay a[href^='/calls/']").count() > 0 and page.inner_text("#announce").endswith("otherwise")
        tab_to(page, "[name=reason]")
        page.keyboard.type("Fifteen are enough")
        press(page, "[data-make]")
        page.wait_for_url("**/policies/wide-searches")
        assert stage.store.snapshot().rules.policies["wide-searches"].when == "args.?limit.orValue(0) > 15"
        page.keyboard.press("g")
        page.keyboard.press("p")
        page.wait_for_url("**/policies")
        assert "> 15" in page.inner_text("tr[data-record=wide-searches]") and ADMIN in page.inner_text("tr[data-record=wide-searches]")
        roll_back(page)
    assert stage.store.snapshot().rules.policies["wide-searches"].when == "args.?limit.orValue(0) > 20"


def mistake_and_mend(page: Any) -> None:
    """A field that does not exist is named with its line; Enter on the line selects it, and typing replaces it."""
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.press("Control+End")
    page.keyboard.type("  severty: high")
    page.wait_for_selector("#check .problems a[data-line]")
    assert "did you mean 'severity'" in page.inner_text("#check .problems")
    press(page, "#check .problems a[data-line]")
    field = "const one = document.getElementById('text'); "
    assert page.evaluate(f"(() => {{ {field} return one.value.slice(one.selectionStart, one.selectionEnd); }})()") == "  severty: high"
    page.keyboard.type("  severity: high")
    page.wait_for_selector("#check[data-good]")
    assert "+  severity: high" in page.inner_text("#check .diff").replace("\n", "")
    value = page.input_value("#text").replace("> 20", "> 15").replace("  mode: observe\n", "")
    # A whole text comes by pasting, as people do it.
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(value)
    page.wait_for_selector("#check[data-good] del:has-text('> 20')")
    assert page.inner_text("#place").startswith("Line ")


def roll_back(page: Any) -> None:
    """From the row by the history to the preview with its difference, then in force."""
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/policies/wide-searches")
    press(page, ".versions li:nth-child(2) details:nth-of-type(2) summary")
    tab_to(page, ".versions li:nth-child(2) [name=reason]")
    page.keyboard.type("Too few after all")
    page.keyboard.press("Enter")
    page.wait_for_url("**/changes/new?**version=**")
    assert page.input_value("[name=reason]") == "Too few after all" and page.locator("#check ins:has-text('> 20')").count() == 1
    press(page, "[data-make]")
    page.wait_for_url("**/policies/wide-searches")
    assert "Too few after all" in page.inner_text(".versions li:first-child")


def test_two_people_decide_where_the_company_asks(theatre: Theatre, browser: Any) -> None:
    """One proposes, as the button says before; the list counts it; the other one tries it, approves it, and it is in force."""
    theatre.run(ask_for_two(theatre.stage, True))
    try:
        with watched(browser) as page:
            enter(page, theatre, "/changes/new?kind=Policy&name=no-deletions")
            page.fill("#text", page.input_value("#text").replace("purge_*", "wipe_*"))
            page.wait_for_selector("#check[data-good][data-second]")
            page.fill("[name=reason]", "Wiping is deleting")
            page.click("text=Propose")
            page.wait_for_url("**/changes/chg_*")
            address = page.url
            page.goto(f"{theatre.url}/policies")
            assert page.inner_text(".top .count") == "1"
        with watched(browser, color_scheme="dark") as page:
            enter(page, theatre, "/policies", SECOND)
            page.click("text=Changes")
            page.click("text=Decide")
            page.wait_for_url(address)
            page.click("[data-try]")
            page.wait_for_selector("#replay .result")
            page.fill(".decide [name=reason]", "Right")
            page.click("text=Approve, and put in force")
            page.wait_for_selector(".top .badge.is-ok")
        assert theatre.stage.store.snapshot().rules.policies["no-deletions"].selector.tools == ("delete_*", "wipe_*")
    finally:
        theatre.run(ask_for_two(theatre.stage, False))
        theatre.run(apply(theatre.stage, EDITED, "as before"))


def test_all_of_it_works_without_scripts(theatre: Theatre, browser: Any) -> None:
    """A mistake by the button, a replay by its link, then in force; the mode by its form."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{theatre.url}/changes/new?kind=Policy&name=no-deletions")
        text = page.input_value("#text")
        page.fill("#text", text.replace("effect: deny", "effect: denny"))
        page.click("text=Check")
        assert page.inner_text("#check .problems a").startswith("Line ")
        page.fill("#text", text.replace("purge_*", "erase_*"))
        page.click("[data-try]")
        assert "erase_*" in page.input_value("#text")
        while page.locator("#replay progress").count():
            page.click("noscript .button")
        assert page.locator("#replay .result").count() == 1 and "erase_*" in page.input_value("#text")
        page.fill("[name=reason]", "Erasing is deleting")
        page.click("text=Put in force")
        page.wait_for_url("**/policies/no-deletions")
        page.fill(".switch [name=reason]", "For a day")
        page.click("text=Observe only")
        page.wait_for_selector(".top .badge.is-failed")
    assert theatre.stage.store.snapshot().rules.policies["no-deletions"].mode == "observe"
    theatre.run(apply(theatre.stage, EDITED, "as before"))


def test_a_change_of_somebody_else_keeps_the_text(theatre: Theatre, browser: Any) -> None:
    """The answer says what was overtaken, what was typed is still there, and one goes on from what is in force now."""
    with watched(browser, expected="409") as page:
        enter(page, theatre, "/changes/new?kind=Policy&name=no-deletions")
        page.fill("#text", page.input_value("#text").replace("purge_*", "shred_*"))
        page.wait_for_selector("#check[data-good]")
        page.fill("[name=reason]", "Shredding too")
        theatre.run(apply(theatre.stage, EDITED.replace("AI clients", "AI apps"), "in between"))
        page.click("text=Put in force")
        page.wait_for_selector("text=Somebody else has changed")
        assert "shred_*" in page.input_value("#text") and page.input_value("[name=reason]") == "Shredding too"
        page.click("text=Go on from what is in force now")
        page.wait_for_selector("#check[data-good]")
        page.click("text=Put in force")
        page.wait_for_url("**/policies/no-deletions")
    theatre.run(apply(theatre.stage, EDITED, "as before"))


PAGES = (
    "/policies",
    "/guardrails",
    "/policies/no-deletions",
    "/guardrails/cards-masked",
    "/changes/new?kind=Policy&name=",
    "/changes/new?kind=Guardrail&name=",
    "/changes/new?kind=Policy&name=no-deletions&version=1",
    "/changes/new?kind=Policy&name=ask-before-export&delete=1",
    "/changes",
)


def propose(page: Any, theatre: Theatre) -> str:
    """Have one change wait; returns its path."""
    theatre.run(ask_for_two(theatre.stage, True))
    page.goto(f"{theatre.url}/changes/new?kind=Policy&name=wide-searches")
    page.fill("#text", page.input_value("#text").replace("> 20", "> 10"))
    page.wait_for_selector("#check[data-good]")
    page.fill("[name=reason]", "Ten are enough")
    page.click("[data-make]")
    page.wait_for_url("**/changes/chg_*")
    return str(page.url.removeprefix(theatre.url))


def withdraw(page: Any, theatre: Theatre, path: str) -> None:
    """Take it back."""
    page.goto(f"{theatre.url}{path}")
    page.fill(".decide [name=reason]", "Seen")
    page.click("text=Withdraw it")
    page.wait_for_selector("text=Withdrawn")
    theatre.run(ask_for_two(theatre.stage, False))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation on any of the pages, also with a mistake, a finished replay and all details open."""
    found: dict[str, list[str]] = {}

    def look(page: Any, name: str) -> None:
        page.evaluate("document.querySelectorAll('.rules details').forEach((one) => { one.open = true; })")
        found.update(violations(page, name))

    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        waiting = propose(page, theatre)
        for address in (*PAGES, waiting):
            page.goto(f"{theatre.url}{address}")
            look(page, address)
        withdraw(page, theatre, waiting)
        page.goto(f"{theatre.url}/changes/new?kind=Policy&name=no-deletions")
        text = page.input_value("#text")
        page.fill("#text", text.replace("delete_*", "search_*"))
        page.wait_for_selector("#check[data-good]")
        page.click("[data-try]")
        page.wait_for_selector("#replay .sums")
        look(page, "a replay")
        page.fill("#text", text.replace("effect", "efect"))
        page.wait_for_selector("#check .problems")
        look(page, "a mistake")
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, PAGES, width)


def test_a_draft_that_cannot_be_tried_now_says_so(theatre: Theatre, browser: Any) -> None:
    """While the index is away the editor stays as it is, and the next try works."""
    stage = theatre.stage
    with watched(browser, expected="503") as page:
        enter(page, theatre, "/changes/new?kind=Policy&name=no-deletions")
        page.fill("#text", page.input_value("#text").replace("delete_*", "search_*"))
        page.wait_for_selector("#check[data-good]")
        kept, stage.index = stage.index, None
        try:
            page.click("[data-try]")
            page.wait_for_selector("#try-failed:not([hidden])")
        finally:
            stage.index = kept
        page.click("[data-try]")
        page.wait_for_selector("#replay .result")
        assert page.locator("#try-failed").is_hidden()
        page.fill("#text", page.input_value("#text").replace("search_*", "get_*"))
        page.wait_for_selector("#earlier:not([hidden])")
