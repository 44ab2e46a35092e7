"""The rule tester and a backtest in a real browser: with and without scripts, by keys, in both themes, and axe finds nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.console.stage import ADMIN, Stage
from tests.console.test_browser_keyboard import tab_to
from tests.console.theatre import Theatre, enter, opened, story_marks, violations, watched
from tests.console.tooling import dress
from tests.reading.payloads import CODED, IBAN, enforce, finding, guardrail, recorded, text_of

pytestmark = story_marks()
TEXT = f'{{"pay": "{IBAN}", "note": "{CODED}", "other": "DE89370400440532013001", "x": "<img src=x onerror=alert(1)>"}}'
DRAFT = guardrail("accounts", more="parts: [response], reason: Account numbers stay here.")


def play(stage: Stage) -> None:
    """Calls with account numbers in their answers, and one from which it had been taken out."""
    for number in range(12):
        recorded(stage, {"n": number}, text_of(IBAN if number % 2 else CODED), person=number % 4, tool="get_customer")
    recorded(stage, {}, text_of("[redacted:iban]"), connector="files", tool="read_text_file", findings=[finding("pii/iban", "redacted")])


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with connectors, a guardrail, and calls."""
    with opened(tmp_path_factory, 60) as theatre:
        theatre.run(dress(theatre.stage))
        theatre.run(enforce(theatre.stage, guardrail("accounts", action="redact", more="parts: [response]")))
        theatre.call(play)
        yield theatre


def begin(page: Any, theatre: Theatre) -> None:
    """Write a draft in the editor, begin a backtest, and wait for its result."""
    page.goto(f"{theatre.url}/changes/new?kind=Guardrail")
    page.fill("#text", DRAFT)
    page.click("[data-backtest]")
    page.wait_for_selector("#backtest .result")


def test_a_text_is_tried_with_keys_alone(theatre: Theatre, browser: Any) -> None:
    """Text, part, connector, button; then the answer beside it, with every find in words as well as in colour."""
    with watched(browser) as page:
        enter(page, theatre, "/guardrails/tester")
        page.locator("textarea[name=text]").focus()
        page.keyboard.insert_text(TEXT)
        tab_to(page, "select[name=part]")
        page.keyboard.press("ArrowDown")
        tab_to(page, ".ask-for .button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".verdict")
        assert page.url == f"{theatre.url}/guardrails/tester"
        assert page.inner_text(".verdict .badge") == "Redacted" and page.locator(".marked mark .kind").all_inner_texts() == [
            " iban",
            " iban",
        ]
        assert "[redacted:iban]" in page.inner_text(".verdict pre >> nth=1") and page.locator("#main img").count() == 0
        assert "pii/iban" in page.inner_text("section.near") and "checksum" in page.inner_text("section.near")
        assert page.input_value("textarea[name=text]") == TEXT


def test_a_draft_is_tried_without_scripts(theatre: Theatre, browser: Any) -> None:
    """The form does it alone; a mistake stands with its line, and the text is still there."""
    with watched(browser, java_script_enabled=False, expected="400") as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{theatre.url}/guardrails/tester")
        page.fill("textarea[name=text]", TEXT)
        page.select_option("select[name=part]", "response")
        page.click(".ask-for summary")
        page.fill("textarea[name=draft]", DRAFT.replace("iban", "ibann"))
        page.click(".ask-for .button")
        assert "draft:3" in page.inner_text(".banner") and page.input_value("textarea[name=text]") == TEXT
        page.fill("textarea[name=draft]", DRAFT)
        page.click(".ask-for .button")
        assert page.inner_text(".verdict .badge") == "Blocked" and "Account numbers stay here." in page.inner_text(".verdict")


def test_a_backtest_is_a_page_without_scripts(theatre: Theatre, browser: Any) -> None:
    """The same button leads to a page that says how far it is, and then what came of it."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret(ADMIN)))
        page.click("button")
        page.goto(f"{theatre.url}/changes/new?kind=Guardrail")
        page.fill("#text", DRAFT)
        page.click("[data-backtest]")
        page.wait_for_url("**/changes/backtests/*")
        page.wait_for_selector("#backtest .result")
        assert "13 of " in page.inner_text("#backtest .result")


def test_a_backtest_is_begun_followed_and_read(theatre: Theatre, browser: Any) -> None:
    """From the button of the editor to the numbers, without leaving the page; each leads to its calls; no value is shown."""
    with watched(browser) as page:
        enter(page, theatre, "/")
        begin(page, theatre)
        text = page.inner_text("#backtest")
        assert "13 of " in text and "Of " in text and IBAN not in text and "**####" in text
        assert page.evaluate("document.activeElement.dataset.backtest") == "" and page.input_value("#text") == DRAFT
        assert "would end differently" in page.inner_text("#announce")
        page.click(".sums [aria-label=Tools] a")
        page.wait_for_selector("#calls tbody tr")
        assert "tool:get_customer" in page.input_value("#query input[name=q]")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """No accessibility violation in the tester, empty and with an answer, nor in a result."""
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre, "/guardrails/tester")
        for name in ("empty", "answered", "backtest"):
            if name == "answered":
                page.fill("textarea[name=text]", TEXT)
                page.click(".ask-for summary")
                page.click(".ask-for .button")
                page.wait_for_selector(".verdict")
            if name == "backtest":
                begin(page, theatre)
            found |= violations(page, name)
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone; a result is a page of its own too."""
    with watched(browser) as page:
        enter(page, theatre, "/guardrails/tester")
        page.set_viewport_size({"width": width, "height": 900})
        page.fill("textarea[name=text]", TEXT + "x" * 300)
        page.click(".ask-for .button")
        page.wait_for_selector(".verdict")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        begin(page, theatre)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not re.search("NaN|undefined|None", page.inner_text("#backtest"))
