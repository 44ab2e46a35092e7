"""What else is one's own, a line each."""

import httpx2
import pytest

from gatebook.console.own_panels import _listed
from tests.console.stage import EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


def panels(page: str) -> dict[str, str]:
    """Titles and lines of the panels of a page."""
    parts = page.partition('class="panels"')[2].partition("</ul>")[0].split("<li")[1:]
    return {
        part.partition("<h2>")[2].partition("</h2>")[0].rpartition('">')[2].removesuffix("</a>"): part.partition("<p>")[2].partition(
            "</p>"
        )[0]
        for part in parts
    }


async def test_each_says_how_it_stands(employee: httpx2.AsyncClient) -> None:
    """Connections, apps, sessions and readings, in one sentence each, with the way to their own pages."""
    page = (await employee.get("/me")).text
    found = panels(page)
    assert found["My connections"] == "No connector wants an account of yours."
    assert found["Connected apps"] == "No app has signed in for you."
    assert found["My sessions"] == "Signed in here alone."
    assert found["Who looked at my calls"] == "Nobody else was shown a call of yours in 90 days."
    for href in ("/connections", "/connected-apps", "/people/me#sessions", "/readings"):
        assert f'<h2><a href="{href}">' in page and (await employee.get(href.partition("#")[0])).status_code == 200


async def test_who_looked_is_told_to_whom_they_looked_at(stage: Stage, employee: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    """Somebody opens a call of Amara's; Amara reads that on her own page."""
    calls = (await employee.get("/api/v1/calls?limit=1")).json()["calls"]
    assert (await admin.get(f"/calls/{calls[0]['call_id']}")).status_code == 200
    await stage.settled()
    line = panels((await employee.get("/me")).text)["Who looked at my calls"]
    assert line.startswith("1 time in 90 days; last Nora Berg"), line
    assert EMPLOYEE not in line


@pytest.mark.parametrize(
    ("names", "text"), [((), ""), (("a",), "a"), (("a", "b", "c", "d", "e"), "a, b, c and 2 more"), (("a\u202eb",), "a⟨U+202E⟩b")]
)
async def test_a_few_names_stand_for_many(names: tuple[str, ...], text: str) -> None:
    """And nothing hidden is in them."""
    assert "\u202e" not in _listed(names) and (_listed(names) == text or "202" in text)
