"""Roles in a real browser: an administrator looks with other eyes and comes back, without a mouse; axe finds nothing in either theme."""

from collections.abc import Iterator
from typing import Any

import pytest

from gatebook.control.caller import local_caller
from gatebook.identity.issuing import TokenOrder
from gatebook.state.documents import parse_documents
from tests.console.stage import AUDITOR, Stage
from tests.console.test_browser_keyboard import tab_to
from tests.console.test_roles import CUSTOM
from tests.console.theatre import Theatre, assert_fit, opened, story_marks, violations, watched

pytestmark = story_marks()
OPS = "ops"


async def dress(stage: Stage) -> None:
    """An administrator who sees no payloads, another who gave themselves more, and a role of the company's own."""
    caller = local_caller("root", stage.vault.subject)
    await stage.desk.apply(parse_documents(CUSTOM.replace("<b>bold</b>", "Looks at payments."), "r.yaml"), caller)
    await stage.desk.issuing.create(TokenOrder(person=OPS, groups=("admins",), person_name="Ines Duarte", name="laptop"), caller)
    for groups in (("admins",), ("admins", "security")):
        await stage.desk.issuing.create(TokenOrder(person="max", groups=groups, person_name="Max Ferrer", name="laptop"), caller)
    await stage.settled()


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    """The app with a day of calls and those people."""
    with opened(tmp_path_factory, 60) as theatre:
        theatre.run(dress(theatre.stage))
        yield theatre


def sign_in(page: Any, theatre: Theatre, person: str) -> None:
    """Open a link as the person."""
    page.goto(theatre.link(person))
    page.wait_for_url(f"{theatre.url}/")


def test_an_administrator_looks_with_other_eyes_and_comes_back(theatre: Theatre, browser: Any) -> None:
    """`g l`, the button of a role, the banner, and its button."""
    with watched(browser) as page:
        sign_in(page, theatre, OPS)
        page.wait_for_selector("#results:not(:has([data-load]))")
        page.keyboard.press("g")
        page.keyboard.press("l")
        page.wait_for_url("**/roles")
        assert page.locator(".noticed").inner_text().count("Max Ferrer") == 1
        tab_to(page, "button[value='role:it_support']")
        page.keyboard.press("Enter")
        page.wait_for_selector(".viewing")
        assert "role IT support" in page.locator(".viewing").inner_text()
        tab_to(page, ".viewing button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/roles")
        assert page.locator(".viewing").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(theatre: Theatre, browser: Any, theme: str) -> None:
    """The matrix, a call of which most is hidden, a view as somebody, the reason, and who looked; nothing is wider than the window."""
    with watched(browser, color_scheme=theme, reduced_motion="reduce") as page:
        sign_in(page, theatre, OPS)
        page.goto(f"{theatre.url}/?range=all&q=connector:crm")
        id = page.locator("tr[data-call]").first.get_attribute("data-call")
        pages = ("/roles", f"/calls/{id}", "/reason", "/readings")
        for path in pages:
            page.goto(theatre.url + path)
            assert violations(page, path) == {}
        assert_fit(page, theatre, pages, 1024)
        page.goto(f"{theatre.url}/roles")
        page.locator("button[value='role:team_lead']").click()
        page.wait_for_selector(".viewing")
        assert violations(page, "view as") == {}
    with watched(browser, color_scheme=theme) as page:
        sign_in(page, theatre, AUDITOR)
        page.goto(f"{theatre.url}/roles")
        assert violations(page, "roles of an auditor") == {}
