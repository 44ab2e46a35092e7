"""The page of trends."""

import html
import re

import httpx2
import pytest

from tests.console.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_every_chart_has_links_and_a_table(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Marks lead to the explorer with query and range; what is drawn over time can be read as a table."""
    text = html.unescape((await admin.get("/trends?range=24h")).text)
    for title in (
        "Blocked against redacted",
        "Findings by type",
        "Violations over time",
        "Rising",
        "Latency and errors by connector",
        "Share of clients",
    ):
        assert title in text
    assert text.count("Show as table") >= 4
    marks = re.findall(r'<svg class="chart [^>]*>.*?</svg>', text, re.DOTALL)
    assert len(marks) > 6
    hrefs = [href for svg in marks for href in re.findall(r'href="([^"]*)"', svg)]
    assert hrefs and all(re.match(r"/\?(q=|from=)", href) and "to=" in href for href in hrefs)


async def test_ranges_and_queries_narrow_the_dashboard(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The presets, a range of one's own, a query, and mistakes in each."""
    assert 'aria-current="true">90 d' in (await admin.get("/trends?range=90d")).text
    own = (await admin.get("/trends?from=2026-01-01&to=2026-01-02")).text
    assert "2026-01-01 00:00:00" in own and "No calls in this range" in own
    assert "There is no time range" in html.unescape((await admin.get("/trends?range=9y")).text)
    assert "there is no field" in (await admin.get("/trends?q=persn:x")).text.lower()
    narrowed = html.unescape((await admin.get("/trends?q=connector:git&range=24h")).text)
    table = narrowed.partition("Latency and errors by connector")[2].partition("</table>")[0]
    assert re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', table) == ["git"]
