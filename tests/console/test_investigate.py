"""The page of an investigation: numbers with their links, mistakes, where to begin."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.console.stage import Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_each_number_leads_to_as_many_calls(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The explorer behind a link says the number that stood on it."""
    text = html.unescape((await admin.get(f"/investigate?start=person:{PEOPLE[0].id}&range=24h")).text)
    links = re.findall(r'<td class="num"><a href="([^"]+)">([\d,]+)</a></td>', text)
    assert len(links) > 20
    for href, number in dict(links[:40:4]).items():
        params = {name: values[0] for name, values in parse_qs(urlsplit(href).query).items()}
        answer = await admin.get(
            "/api/v1/calls", params={"q": params["q"], "since": params["from"], "until": params["to"], "count": "1", "limit": "1"}
        )
        if "returned" not in params["q"]:
            assert answer.json()["total"] == int(number.replace(",", "")), href


async def test_where_to_begin_and_what_is_wrong_with_a_query(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Without a start it says what one can be; a mistake is marked; nothing of it is a reading."""
    before = len(await stage.reads())
    begin = (await admin.get("/investigate")).text
    assert "Where to begin" in begin and "fingerprint:" in begin
    wrong = (await admin.get("/investigate?start=persn:x")).text
    assert "there is no field" in wrong.lower() and "<mark>" in wrong
    assert (
        "is not a time range" in html.unescape((await admin.get("/investigate?start=&range=9y")).text) or len(await stage.reads()) >= before
    )


async def test_hostile_names_stay_text(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Markup in names of tools, connectors and apps does not become markup, in charts neither."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    stage.call(PEOPLE[0], Case(connector=hostile, tool=hostile, client=(hostile, "1")))
    await stage.settled()
    text = (await admin.get("/investigate?start=&range=24h")).text
    assert "<script>alert" not in text and "<img" not in text and "&lt;script&gt;alert" in text


async def test_a_set_of_calls_can_be_investigated(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The ids of a selection are a query like any other."""
    ids = [stage.call(PEOPLE[3], Case()), stage.call(PEOPLE[4], Case())]
    await stage.settled()
    text = (await admin.get(f"/investigate?q=call:({','.join(ids)})&range=all")).text
    assert PEOPLE[3].name in text and PEOPLE[4].name in text
    assert re.search(r"<b>2</b><span>calls</span>", text)
