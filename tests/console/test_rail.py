"""The rail: who finds which page in it."""

import pytest

from gatebook.console.rail import RAIL
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.test_roles import signed_in


def test_names_addresses_and_keys_are_used_once() -> None:
    """A key leads to one page."""
    entries = [entry for section in RAIL for entry in section.entries]
    for part in ("name", "href", "key"):
        values = [getattr(entry, part) for entry in entries]
        assert len(set(values)) == len(values), part


@pytest.mark.parametrize("who", [ADMIN, AUDITOR, EMPLOYEE])
async def test_everybody_finds_their_own_pages_and_only_pages_that_open(who: str, stage: Stage) -> None:
    """Each link of the rail opens, and what is for others is not there."""
    async with signed_in(stage, who) as client:
        page = (await client.get("/records")).text
        shown = {entry.href for section in RAIL for entry in section.entries if f'href="{entry.href}" title="{entry.name}"' in page}
        assert {"/me", "/people/me", "/connections", "/connected-apps", "/readings", "/requests"} <= shown
        assert ("/people" in shown) == (who != EMPLOYEE) and ("/tokens" in shown) == (who == ADMIN)
        for href in shown:
            assert (await client.get(href)).status_code == 200, href
        headings = page.count('class="heading"')
        assert headings == (2 if who == EMPLOYEE else 4)
