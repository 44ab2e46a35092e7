"""The explorer's page and fragments, over the real index and log."""

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from gatebook.console import explorer
from gatebook.index import EngineError, counts
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


def ids(text: str) -> list[str]:
    """The calls of the rows."""
    return re.findall(r'<tr role="row" data-call="([0-9a-f-]{36})"', text)


def cookies(client: httpx2.AsyncClient, **more: str) -> str:
    """The client's own cookies and further ones, as a browser would send them."""
    return "; ".join(f"{name}={value}" for name, value in [*client.cookies.items(), *more.items()])


def later(ask: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same question, answered a second later."""

    async def asked(*args: Any, **options: Any) -> Any:
        await asyncio.sleep(1.0)
        return await ask(*args, **options)

    return asked


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


async def test_parts_that_come_late_are_answers_about_the_same_calls(
    admin: httpx2.AsyncClient, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With scripts the rows come first; histogram, facets and count follow from the same snapshot, whatever was recorded meanwhile."""
    complete = (await admin.get("/?range=all")).text
    expected = re.search(r"of <b>(\d+)</b> calls", complete)
    assert expected is not None
    for name in ("histogram", "facets"):
        monkeypatch.setattr(stage.room, name, later(getattr(stage.room, name)))
    monkeypatch.setattr(explorer, "PATIENCE_S", 0.0)
    text = (await admin.get("/?range=all", headers={"cookie": cookies(admin, scripts="1")})).text
    loads = dict(re.findall(r'data-part="(\w+)"[^>]* data-load="([^"]+)"', text))
    assert set(loads) == {"histogram", "facets", "count"} and len(ids(text)) == 200
    stage.call(PEOPLE[0], Case())
    await stage.settled()
    parts = {name: await admin.get(html.unescape(address), headers={"x-fragment": name}) for name, address in loads.items()}
    assert all(answer.headers["x-fragment"] == name and "data-load" not in answer.text for name, answer in parts.items())
    assert f"of <b>{expected[1]}</b> calls" in parts["count"].text
    legend = re.findall(r'aria-label="Only [\w ]+, ([\d,]+) calls"', parts["histogram"].text)
    assert sum(int(count.replace(",", "")) for count in legend) == int(expected[1])
    standing = re.search(r'data-standing="(As of record [^"]+)"', text)
    assert standing is not None and standing[1] in parts["count"].text


async def test_what_a_reader_who_left_asked_ends(admin: httpx2.AsyncClient, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Histogram and facets of a page, and a part that is fetched later, end with the request; asked again, they are answered."""
    begun, ended = asyncio.Event(), asyncio.Queue[str]()

    def endless(name: str) -> Callable[..., Awaitable[Any]]:
        async def ask(*_args: Any, **_options: Any) -> Any:
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.put_nowait(name)
                raise

        return ask

    async def leave(address: str, part: str) -> None:
        asking = asyncio.create_task(admin.get(address, headers={"x-fragment": part} if part else {}))
        await asyncio.wait_for(begun.wait(), 5)
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait({asking})

    monkeypatch.setattr(explorer, "PATIENCE_S", 0.0)
    with monkeypatch.context() as patch:
        for name in ("histogram", "facets"):
            patch.setattr(stage.room, name, endless(name))
        await leave("/?range=7d", "")
        assert {await asyncio.wait_for(ended.get(), 5) for _ in range(2)} == {"histogram", "facets"}
        await leave("/?range=7d&part=facets&view=none", "facets")
        assert {await asyncio.wait_for(ended.get(), 5) for _ in range(2)} == {"histogram", "facets"}
        text = (await admin.get("/?range=7d", headers={"cookie": cookies(admin, scripts="1")})).text
        address = html.unescape(dict(re.findall(r'data-part="(\w+)"[^>]* data-load="([^"]+)"', text))["facets"])
        await leave(address, "facets")
        assert await asyncio.wait_for(ended.get(), 5) == "facets" and ended.empty()
    assert "data-load" not in (await admin.get(address, headers={"x-fragment": "facets"})).text


async def test_a_part_of_a_view_that_is_gone_is_asked_anew(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """A token that nobody knows, or that was somebody else's, gives an answer within the reader's own scope."""
    text = (await admin.get("/?range=all")).text
    older = re.search(r"view=([\w-]+)", text)
    assert older is not None
    for client, token in ((admin, "nonsense"), (employee, older[1])):
        answer = await client.get(f"/?range=all&view={token}&part=count", headers={"x-fragment": "count"})
        assert answer.headers["x-fragment"] == "count" and "data-load" not in answer.text
    assert "your own only" in answer.text


@pytest.mark.parametrize("by", ["status", "connector", "tool", "person", "client", "rule"])
async def test_the_histogram_is_stacked_by_what_is_asked(admin: httpx2.AsyncClient, by: str) -> None:
    """Each series says what it is and links to it; the columns keep the stack."""
    text = (await admin.get(f"/?range=all&by={by}")).text
    assert f'<option value="{by}" selected' in text and f"by={by}" in text
    assert re.search(r'class="v-0" data-i="0"', text)
    if by == "person":
        key = text[text.index('class="legend"') :]
        assert f"{PEOPLE[0].name}<" in key and f"{PEOPLE[0].id}<" not in key


async def test_times_are_shown_in_the_chosen_zone(admin: httpx2.AsyncClient) -> None:
    """The zone stands in the head of the table, and the columns begin at its full hours."""
    text = (await admin.get("/?range=24h", headers={"cookie": cookies(admin, zone="Asia/Kathmandu")})).text
    assert "Time (UTC+0545)" in text and re.search(r'data-when="\d{4}-\d\d-\d\d \d\d:[03]0 – [^"]+ UTC\+0545"', text)


async def test_changes_of_the_configuration_are_marked(admin: httpx2.AsyncClient) -> None:
    """A vertical line where something changed, with a link to its record."""
    text = (await admin.get("/?range=1h")).text
    mark = re.search(r'class="mark" href="([^"]+)"', text)
    assert mark is not None
    assert "Nothing" not in (await admin.get(html.unescape(mark[1]))).text


async def test_ranges_step_and_widen(admin: httpx2.AsyncClient) -> None:
    """The arrows move by the whole range, zooming out doubles it."""
    text = (await admin.get("/?from=2026-01-05T14:00:00Z&to=2026-01-05T15:00:00Z")).text
    assert re.search(r'data-step="older" href="/\?from=2026-01-05T13%3A00%3A00Z&amp;to=2026-01-05T14%3A00%3A00Z"', text)
    assert re.search(r'data-step="newer" href="/\?from=2026-01-05T15%3A00%3A00Z&amp;to=2026-01-05T16%3A00%3A00Z"', text)
    assert re.search(r'data-step="wider" href="/\?from=2026-01-05T13%3A30%3A00Z&amp;to=2026-01-05T15%3A30%3A00Z"', text)
    assert "2026-01-05 14:00 – 15:00 UTC" in text
