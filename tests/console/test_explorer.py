"""The explorer's page and fragments, over the real index and log."""

import re

import httpx2
import pytest

from gatebook.index import EngineError, counts
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


def ids(text: str) -> list[str]:
    """The calls of the rows."""
    return re.findall(r'<tr role="row" data-call="([0-9a-f-]{36})"', text)


async def test_the_first_page_shows_rows_counts_facets_and_histogram(admin: httpx2.AsyncClient) -> None:
    """Two hundred rows, the count of all, the facets and the chart."""
    text = (await admin.get("/")).text
    assert len(ids(text)) == 200 and re.search(r"of <b>300</b> calls in the last 24 h", text)
    for part in ("facet-status", "facet-person", "facet-connector", "facet-tool", "facet-client", 'aria-label="Calls over time"'):
        assert part in text
    assert text.count("<h1") == 1 and 'href="#main"' in text


async def test_older_pages_hold_every_call_once(admin: httpx2.AsyncClient) -> None:
    """Following "older" gives all calls, with and without scripts."""
    for headers in ({}, {"x-fragment": "rows"}):
        seen: list[str] = []
        text = (await admin.get("/")).text
        while True:
            seen += ids(text)
            more = re.search(r'data-more href="([^"]+)"', text)
            if more is None:
                break
            text = (await admin.get(more[1].replace("&amp;", "&"), headers=headers)).text
        assert len(seen) == len(set(seen)) == 300


async def test_facets_link_to_the_question_they_count(admin: httpx2.AsyncClient) -> None:
    """Following a facet's value gives as many calls as it says."""
    text = (await admin.get("/")).text
    links = re.findall(r'class="only" data-swap data-focus="[^"]+" href="([^"]+)".*?<span class="n">([\d,]+)</span>', text, re.DOTALL)
    assert len(links) > 15
    for address, count in links[:12]:
        page = (await admin.get(address.replace("&amp;", "&"))).text
        assert f"of <b>{count}</b> calls" in page


async def test_the_histogram_adds_up_and_links_to_its_columns(admin: httpx2.AsyncClient) -> None:
    """The legend's counts sum to the total; the columns' addresses narrow to what they say."""
    text = (await admin.get("/?range=7d")).text
    legend = [int(count.replace(",", "")) for count in re.findall(r'aria-label="Only [\w ]+, ([\d,]+) calls"', text)]
    assert sum(legend) == 300
    columns = re.findall(r'<a class="col" href="([^"]+)" tabindex="-?\d" aria-label="[^"]+: ([^"]+)"', text)
    address, words = next((address, words) for address, words in columns if "no calls" not in words)
    expected = sum(int(number) for number in re.findall(r"(\d+) ", words))
    assert f"of <b>{expected}</b> calls" in (await admin.get(address.replace("&amp;", "&"))).text


async def test_an_employee_sees_and_counts_own_calls_only(employee: httpx2.AsyncClient) -> None:
    """Rows, facets and counts hold nobody else."""
    text = (await employee.get("/?range=all")).text
    assert "your own only" in text
    for person in PEOPLE[1:]:
        assert person.name not in text


async def test_hostile_names_and_arguments_are_text(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Markup in every field that a stranger can write is shown, never run."""
    case = Case(
        connector=HOSTILE,
        tool=HOSTILE,
        params={"name": HOSTILE, "arguments": {HOSTILE: "</pre>" + HOSTILE}},
        result=HOSTILE,
        client=(HOSTILE, HOSTILE),
    )
    id = stage.call(PEOPLE[0], case)
    refused = stage.call(PEOPLE[0], Case(method=HOSTILE, connector=None, tool=HOSTILE, end="blocked"))
    await stage.settled()
    for path in ("/", f"/?call={id}", f"/calls/{id}", f"/calls/{refused}", "/?q=tool:" + '"<script>alert"', "/records"):
        text = (await admin.get(path)).text
        assert "<script>alert" not in text and "<img" not in text
    assert "&lt;script&gt;alert" in (await admin.get(f"/calls/{id}")).text


async def test_fragments_are_parts_of_the_page(admin: httpx2.AsyncClient) -> None:
    """A known fragment comes alone and says its name; an unknown one is the whole page."""
    answer = await admin.get("/?q=status:ok", headers={"x-fragment": "results"})
    assert answer.headers["x-fragment"] == "results" and "x-fragment" in answer.headers["vary"].lower()
    assert answer.text.lstrip().startswith('<div id="results"')
    assert (await admin.get("/", headers={"x-fragment": "nonsense"})).text.startswith("<!doctype html>")


async def test_a_bad_query_is_marked_at_its_place(admin: httpx2.AsyncClient) -> None:
    """The page names the place and the nearest field, and shows no rows."""
    text = (await admin.get("/?q=status:ok+conector:crm")).text
    assert "<mark>conector:crm</mark>" in text and "connector" in text and not ids(text)


async def test_an_empty_result_names_the_filter_to_remove(admin: httpx2.AsyncClient) -> None:
    """Each way out says how many calls it would show."""
    text = (await admin.get("/?q=connector:crm+tool:nope")).text
    assert "No calls match" in text and re.search(r"Without tool:nope</a> <span class=\"quiet\">\d+ calls", text)


@pytest.mark.parametrize(
    "params", [{"range": "3y"}, {"before": "nonsense"}, {"from": "x"}, {"call": "x" * 500}, {"q": "\x00"}, {"q": "(" * 300}]
)
async def test_odd_addresses_are_answered(admin: httpx2.AsyncClient, params: dict[str, str]) -> None:
    """Nothing in an address makes the page fail."""
    assert (await admin.get("/", params=params)).status_code == 200


async def test_a_part_that_fails_leaves_the_others(admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a histogram there are still rows, and a way to try again."""

    def fail(*_args: object, **_options: object) -> None:
        raise EngineError("broken")

    monkeypatch.setattr(counts, "over_time", fail)
    text = (await admin.get("/")).text
    assert "The histogram cannot be shown" in text and len(ids(text)) == 200 and "broken" not in text


async def test_without_an_index_the_page_says_so(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """An index that is not open is a sentence, not an error page."""
    index, stage.index = stage.index, None
    try:
        answer = await admin.get("/")
    finally:
        stage.index = index
    assert answer.status_code == 200 and "The search index does not answer now" in answer.text


async def test_each_page_is_one_reading_on_the_record(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Opening the explorer writes one search with the query and its range; a call one show."""
    before = len(await stage.reads())
    id = ids((await admin.get("/?q=connector:crm&range=all")).text)[0]
    await admin.get(f"/calls/{id}")
    new = (await stage.reads())[before:]
    assert [(read["action"], read["query"]) for read in new] == [("search", "connector:crm"), ("show", id)]
    assert all(read["payloads"] and read["actor"]["auth"] == "session" for read in new)
    assert EMPLOYEE not in str(new)
