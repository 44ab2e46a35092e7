"""What narrows a question: facets in full, typed ranges, one more filter, completions; and a call in a few lines."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from gatebook.console import filters
from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
COUNTED = re.compile(r'class="only" data-swap data-focus="(\w+)-([^"]*)" href="([^"]+)".*?<span class="n">([\d,]+)</span>', re.DOTALL)


async def total(client: httpx2.AsyncClient, address: str) -> int:
    """How many calls a page of the explorer says there are."""
    found = re.search(r"(?:of )?<b>([\d,]+)</b> calls", (await client.get(address)).text)
    assert found is not None
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("name", ["tool", "group", "rule", "band", "decision"])
async def test_a_facet_is_counted_when_it_is_opened(admin: httpx2.AsyncClient, name: str) -> None:
    """Each facet gives its values as links that find as many calls as it says, also those that are closed at first."""
    answer = await admin.get(f"/facet?facet={name}&range=all", headers={"x-fragment": "facet"})
    assert answer.headers["x-fragment"] == "facet"
    values = COUNTED.findall(answer.text)
    assert values
    _, _, address, count = values[0]
    assert await total(admin, html.unescape(address)) == int(count.replace(",", ""))


async def test_a_facet_is_searched_within(admin: httpx2.AsyncClient) -> None:
    """Only the values that hold the text, over the whole range and not only the most frequent."""
    text = (await admin.get("/facet?facet=tool&contains=search_&range=all")).text
    assert {value for _, value, _, _ in COUNTED.findall(text)} == {"search_customers", "search_issues", "search_nodes"}


async def test_a_facet_ignores_its_own_filter_and_no_other(admin: httpx2.AsyncClient) -> None:
    """With one connector chosen the others are still offered, with their own counts."""
    text = (await admin.get("/?q=connector:crm&range=all")).text
    counted = {(field, value): int(count.replace(",", "")) for field, value, _, count in COUNTED.findall(text)}
    assert counted["connector", "git"] > 0 and counted["connector", "crm"] == await total(admin, "/?q=connector:crm&range=all")
    assert ("tool", "git_log") not in counted


async def test_boxes_add_to_a_list_and_take_away_from_it(admin: httpx2.AsyncClient) -> None:
    """Two boxes of one facet find what either finds."""
    text = (await admin.get("/?q=connector:crm&range=all")).text
    box = re.search(r'role="checkbox" aria-checked="false" data-focus="connector-box-git" href="([^"]+)"', text)
    assert box is not None
    both = html.unescape(box[1])
    assert parse_qs(urlsplit(both).query)["q"] == ["connector:(crm, git)"]
    one, other = [await total(admin, f"/?q=connector:{name}&range=all") for name in ("crm", "git")]
    assert await total(admin, both) == one + other
    assert (await admin.get(both)).text.count('aria-checked="true"') == 2


@pytest.mark.parametrize(
    ("text", "field", "value", "expected"),
    [
        ("", "tool", "a b", 'tool:"a b"'),
        ("tool:x", "tool", "a, b", 'tool:(x, "a, b")'),
        ('tool:(x, "a, b") y', "tool", "a, b", "tool:x y"),
        ("tool:x y", "tool", "X", "y"),
        ("duration:..100ms", "duration", "1s..5s", "duration:(..100ms, 1s..5s)"),
        ("-tool:x", "tool", "y", "-tool:x tool:y"),
    ],
)
async def test_a_value_is_toggled_in_the_query(text: str, field: str, value: str, expected: str) -> None:
    """Lists are written as people would, and what stood beside stays."""
    assert filters.toggled(text, field, value) == expected


async def test_a_typed_range_leads_to_its_calls(admin: httpx2.AsyncClient) -> None:
    """A typed range becomes absolute ends in the address, read in the zone of the cookie."""
    answer = await admin.get("/range?q=status:ok&when=2026-01-05+14:00+to+15:00")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query == {"q": ["status:ok"], "from": ["2026-01-05T14:00:00Z"], "to": ["2026-01-05T15:00:00Z"]}
    session = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    answer = await admin.get("/range?when=2026-01-05+14:00+to+15:00", headers={"cookie": f"{session}; zone=Europe/Stockholm"})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["from"] == ["2026-01-05T13:00:00Z"]


async def test_a_typed_range_that_is_none_is_told(admin: httpx2.AsyncClient) -> None:
    """As a fragment for the field, or as a page."""
    told = await admin.get("/range?when=whenever", headers={"x-fragment": "results"})
    assert told.headers["x-fragment"] == "problem" and "Expected" in told.text and told.headers["content-type"].startswith("text/plain")
    page = await admin.get("/range?when=whenever")
    assert page.status_code == 400 and "cannot be read" in page.text


async def test_one_more_filter_by_name_and_value(admin: httpx2.AsyncClient) -> None:
    """The server writes the query, quotation marks and all."""
    answer = await admin.get("/narrow", params={"q": "status:ok", "field": "tool", "value": 'a "b"'})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["q"] == ['status:ok tool:"a \\"b\\""']
    answer = await admin.get("/narrow", params={"q": "", "field": "person", "value": "ann", "not": "1"})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["q"] == ["-person:ann"]
    assert (await admin.get("/narrow", params={"field": "nonsense", "value": "x"})).headers["location"] == "/"


@pytest.mark.parametrize(
    ("text", "inserted"),
    [
        ("conn", "connector:"),
        ("connector:g", "git "),
        ("status:bl", "blocked "),
        ("status:ok -connector:cr", "crm "),
        ("duration:", "&gt;"),
    ],
)
async def test_completions_fit_the_cursor(admin: httpx2.AsyncClient, text: str, inserted: str) -> None:
    """Fields, then operators or values, rendered as options."""
    answer = await admin.get("/complete", params={"q": text, "at": str(len(text)), "range": "all"}, headers={"x-fragment": "complete"})
    assert answer.headers["x-fragment"] == "complete"
    assert inserted in re.findall(r'data-insert="([^"]*)"', answer.text)


async def test_completions_are_within_the_scope_of_the_reader(employee: httpx2.AsyncClient) -> None:
    """Names that somebody may not see are not offered."""
    answer = await employee.get("/complete", params={"q": "person:", "at": "7", "range": "all"})
    assert "amara" in answer.text
    assert not [person.id for person in PEOPLE[1:] if person.id in answer.text]


async def test_hostile_values_are_escaped_in_options(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """A tool's name cannot leave its attribute."""
    stage.call(PEOPLE[0], Case(tool='"><script>alert(1)</script>'))
    await stage.settled()
    answer = await admin.get("/complete", params={"q": "tool:script", "at": "11", "range": "all"})
    assert "<script" not in answer.text and "&lt;script" in answer.text


async def test_a_call_in_a_few_lines(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage) -> None:
    """What was asked and what came back, for who may see it; the reading is on the record."""
    id = stage.call(PEOPLE[1], Case(result="forty-two"))
    await stage.settled()
    before = len(await stage.reads())
    answer = await admin.get(f"/calls/{id}/brief", headers={"x-fragment": "brief"})
    assert "forty-two" in answer.text and [read["query"] for read in (await stage.reads())[before:]] == [id]
    assert (await employee.get(f"/calls/{id}/brief", headers={"x-fragment": "brief"})).status_code == 404
    assert (await admin.get(f"/calls/{id}/brief")).headers["location"] == f"/calls/{id}"


async def test_the_stylesheet_of_columns_is_served(admin: httpx2.AsyncClient) -> None:
    """Columns of an address are laid out by CSS; what is no column is not."""
    answer = await admin.get("/columns.css?c=time:100,ip,}body{display:none")
    assert answer.headers["content-type"].startswith("text/css") and "--columns: 24px 100px 108px" in answer.text
    assert "body" not in answer.text
