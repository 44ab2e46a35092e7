"""Cut-offs in a real browser: somebody is cut off with and without scripts, a receipt follows by itself, axe finds nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.identity.accounts import Wanted, put_person
from gatebook.state.store import bump
from gatebook.state.workers import drop_worker
from tests.console.severed import finish, populate
from tests.console.stage import Stage
from tests.console.theatre import Theatre, assert_fit, enter, opened, story_marks, violations, watched

pytestmark = story_marks()
PAGES = ("/cut-offs", "/cut-offs/cut_done", "/cut-offs/cut_lost", "/people/gone-0@northwind.example/cut-off")


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with receipts of every kind, and two more people."""
    with opened(tmp_path_factory, 30) as theatre:
        theatre.call(dress)
        yield theatre


def dress(stage: Stage) -> None:
    """Receipts, and people who have not been cut off yet."""
    populate(stage)
    with stage.store.write() as connection:
        for number in range(2):
            put_person(connection, Wanted(id=f"gone-{number}@northwind.example", name=f"Gone {number}"), 1)
        bump(connection)


def leave(stage: Stage) -> None:
    """No worker is there that a cut-off would wait for."""
    with stage.store.write() as connection:
        for stream in ("node1-w0", "node2-w1"):
            drop_worker(connection, stream, "b")
        bump(connection)


def test_a_receipt_follows_until_it_is_complete(theatre: Theatre, browser: Any) -> None:
    """What is open is named; when it is done the page shows it without being asked."""
    with watched(browser) as page:
        enter(page, theatre, "/cut-offs/cut_open")
        assert "node2-w1 has not said yet that it refuses" in page.inner_text("#receipt")
        assert page.locator("#receipt progress").get_attribute("value") == "1"
        theatre.call(finish)
        page.wait_for_selector("#receipt:not([data-running])")
        assert "Complete" in page.inner_text("#receipt") and page.locator("#receipt progress").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_an_administrator_cuts_somebody_off(theatre: Theatre, browser: Any, scripts: bool) -> None:
    """From the page of the person to the receipt."""
    theatre.call(leave)
    who = f"gone-{int(scripts)}@northwind.example"
    with watched(browser, java_script_enabled=scripts) as page:
        if scripts:
            enter(page, theatre, f"/people/{who}")
        else:
            page.goto(f"{theatre.url}/sign-in")
            page.fill("input[name=secret]", theatre.run(theatre.stage.link_secret("admin@northwind.example")))
            page.click("button")
            page.goto(f"{theatre.url}/people/{who}")
        page.click("text=Cut off …")
        page.fill("textarea[name=reason]", "Left today")
        page.check("input[name=sure]")
        page.click("button.danger")
        page.wait_for_url("**/cut-offs/cut_*")
        assert "Left today" in page.inner_text("#receipt")
        page.goto(f"{theatre.url}/people/{who}")
        assert "Not active" in page.inner_text(".top")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, scheme: str) -> None:
    """Every page, in both themes; none scrolls sideways."""
    with watched(browser, color_scheme=scheme) as page:
        enter(page, theatre)
        found: dict[str, list[str]] = {}
        for address in PAGES:
            page.goto(f"{theatre.url}{address}")
            page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            found |= violations(page, address)
        assert not found
        assert_fit(page, theatre, PAGES, 1024)
