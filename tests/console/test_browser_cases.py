"""Stories of casework in a real browser: tabs by keyboard, context, copies, an investigation and its numbers, the report, trends."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.record.parts import ApiRequest
from tests.console.stage import ADMIN, Stage
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched
from tests.console.traffic import PEOPLE, Case, found

pytestmark = story_marks()
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls."""
    with opened(tmp_path_factory, 200) as theatre:
        yield theatre


@pytest.fixture(scope="module")
def calls(theatre: Theatre) -> list[str]:
    """A session of three calls; the one in the middle has findings and API requests."""

    def play(stage: Stage) -> list[str]:
        request = ApiRequest(method="GET", host="api.crm.example", path="/v2/contacts", status=200, started_us=900, duration_us=9000)
        rich = Case(
            tool="export_contacts", result={"iban": "[redacted:iban]"}, session="ses_case", redacted=True, api_requests=(request,),
            findings=(found("iban", 4, action="redacted"), found("email", 7)),
        )  # fmt: skip
        first, last = Case(session="ses_case", tool="before"), Case(session="ses_case", tool=HOSTILE, connector=HOSTILE)
        return [stage.call(PEOPLE[3], case, (9 - number) * 1_000_000) for number, case in enumerate((first, rich, last))]

    return theatre.call(play)


def shown_part(page: Any) -> str:
    """The part of the call that is shown; the others are hidden."""
    parts = page.locator(".panel[role=tabpanel]:visible")
    assert parts.count() == 1
    return str(parts.first.get_attribute("data-part-of-call"))


def test_the_parts_of_a_call_are_tabs_for_the_keyboard(theatre: Theatre, browser: Any, calls: list[str]) -> None:
    """Arrow keys, Home and End walk them; the address remembers; the context comes when it is asked for; Verify proves."""
    with watched(browser) as page:
        enter(page, theatre, f"/calls/{calls[1]}")
        assert shown_part(page) == "overview"
        page.locator("[role=tab][aria-selected=true]").focus()
        for key, part in (("ArrowRight", "arguments"), ("ArrowRight", "response"), ("End", "raw"), ("ArrowRight", "overview"), ("ArrowLeft", "raw"), ("Home", "overview")):  # fmt: skip
            page.keyboard.press(key)
            assert shown_part(page) == part
            assert page.evaluate("document.activeElement.getAttribute('href')") == f"#{part}"
        page.click("#tab-context")
        page.wait_for_selector(".story .here")
        assert page.locator(".story li").count() == 3 and HOSTILE in page.inner_text(".story")
        assert page.url.endswith("#context")
        page.reload()
        page.wait_for_selector(".story .here")
        page.goto(f"{page.url.partition('#')[0]}#proof")
        page.wait_for_function("document.querySelector('#tab-proof').ariaSelected === 'true'")
        page.locator("form[data-proof] button").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".proof-result.good")
        assert shown_part(page) == "proof"
        page.click("#tab-requests")
        assert "api.crm.example/v2/contacts" in page.inner_text("#requests")


def test_the_drawer_keeps_its_part_while_one_moves(theatre: Theatre, browser: Any, calls: list[str]) -> None:
    """With the drawer open j goes to the next call and shows the same part; a call of the context opens in the drawer; a value narrows the query."""
    with watched(browser) as page:
        enter(page, theatre, "/?q=session:ses_case&range=all")
        page.locator(f"#calls tr[data-call='{calls[1]}'] td.c-tool").click()
        page.wait_for_selector(f".drawer .meta:has-text('{calls[1]}')")
        page.locator(".drawer #tab-decision").click()
        page.locator(".drawer h2").first.focus()
        page.keyboard.press("j")
        page.wait_for_selector(f".drawer .meta:has-text('{calls[0]}')")
        assert shown_part(page) == "decision"
        page.locator(".drawer #tab-context").click()
        page.locator(f".drawer [data-open-call='{calls[1]}']").click()
        page.wait_for_selector(f".drawer .meta:has-text('{calls[1]}')")
        assert f"call={calls[1]}" in page.url
        page.locator(".drawer #tab-overview").click()
        page.locator(".drawer a.pick[data-term='tool:export_contacts']").focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("q=session%3Ases_case\\+tool%3Aexport_contacts"))
        assert page.input_value("#query input[type=search]") == "session:ses_case tool:export_contacts"


def test_a_call_is_copied_as_json_and_as_a_command(theatre: Theatre, browser: Any, calls: list[str]) -> None:
    """The clipboard holds the API's answer, or what one types into a terminal."""
    with watched(browser, permissions=["clipboard-read", "clipboard-write"]) as page:
        enter(page, theatre, f"/calls/{calls[1]}")
        page.click(".call .menu summary")
        page.click("[data-copy^='gatebook show']")
        page.wait_for_function("document.getElementById('announce').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()") == f"gatebook show {calls[1]}"
        page.wait_for_selector(".call .menu:not([open])")
        page.click(".call .menu summary")
        page.click("[data-copy-url]")
        page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('{'))")
        assert calls[1] in page.evaluate("navigator.clipboard.readText()")


def test_an_investigation_leads_from_a_call_to_its_numbers(theatre: Theatre, browser: Any, calls: list[str]) -> None:
    """From the call to the person, to a number, to exactly so many rows; the report is downloaded and opens by itself."""
    with watched(browser, accept_downloads=True) as page:
        enter(page, theatre, f"/calls/{calls[1]}")
        page.click("nav[aria-label='Investigate from here'] a >> nth=0")
        page.wait_for_selector(".totals")
        assert "Mateo Alvarez" in page.inner_text(".case-title")
        with page.expect_download() as downloading:
            page.click("a[download] >> nth=0")
        report = downloading.value
        assert report.suggested_filename == "gatebook-investigation-person-Mateo-Alvarez.html"
        number = page.locator(".columns-2 .ranked td.num a").first
        count = int(number.inner_text().replace(",", ""))
        number.click()
        page.wait_for_selector("#calls")
        assert page.locator("#calls tr[data-call]").count() == count
        page.goto("about:blank")
        page.set_content(report.path().read_text())
        assert page.locator("svg.reach").count() == 1 and page.locator("script").count() == 0


def test_marks_of_trends_lead_to_their_calls(theatre: Theatre, browser: Any) -> None:
    """A piece of a column opens the explorer with as many calls as it says."""
    with watched(browser) as page:
        enter(page, theatre, "/trends?range=24h")
        mark = page.locator("svg.columns .s-blocked").first
        words = mark.locator("xpath=..").get_attribute("aria-label")
        mark.locator("xpath=..").dispatch_event("click")
        page.wait_for_selector("#calls")
        count = re.search(r": ([\d,]+) Blocked", words)
        assert count is not None and page.locator("#calls tr[data-call]").count() == int(count[1])


def test_casework_works_without_scripts(theatre: Theatre, browser: Any, calls: list[str]) -> None:
    """All parts stand below each other; context and proof are links and forms; investigations and trends are pages."""
    with watched(browser, java_script_enabled=False) as page:
        page.goto(f"{theatre.url}/sign-in")
        page.fill("input[name=secret]", theatre.link(ADMIN))
        page.click("button")
        page.goto(f"{theatre.url}/calls/{calls[1]}")
        assert page.locator(".panel:visible").count() == 10
        page.click("[data-waiting] a")
        assert page.locator(".story .here").count() == 1
        page.goto(f"{theatre.url}/investigate")
        page.fill("input[name=start]", "session:ses_case")
        page.click("button:has-text('Investigate')")
        assert page.locator(".totals b").first.inner_text() == "3"
        page.click("details.table summary >> nth=0")
        page.goto(f"{theatre.url}/trends")
        assert page.locator("svg.columns").count() == 2


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, calls: list[str], theme: str) -> None:
    """No accessibility violation on any screen of casework."""
    parts = ("overview", "response", "requests", "decision", "context", "proof")
    addresses = [*(f"/calls/{calls[1]}#{part}" for part in parts), f"/?call={calls[1]}", "/investigate", "/investigate?start=persn:x", "/investigate?start=&range=24h", "/trends"]  # fmt: skip
    found: dict[str, list[str]] = {}
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        enter(page, theatre)
        for address in addresses:
            page.goto(f"{theatre.url}{address}")
            if "#context" in address:
                page.wait_for_selector(".story .here")
            page.evaluate("document.querySelectorAll('.case details').forEach((one) => { one.open = true; })")
            found |= violations(page, address)
    assert not found


@pytest.mark.parametrize("width", [1440, 1024, 720, 390])
def test_pages_fit_their_width(theatre: Theatre, browser: Any, calls: list[str], width: int) -> None:
    """No page scrolls sideways, also at 200 % zoom (720) and on a phone."""
    with watched(browser) as page:
        enter(page, theatre)
        assert_fit(page, theatre, (f"/calls/{calls[1]}", "/investigate?start=&range=24h", "/trends"), width)
