"""Hostile input through HTTP: an answer or a clear refusal, within the budget, never somebody else's rows, never words of the engine."""

import re
import time
from typing import Final
from urllib.parse import quote

import httpx2
import pytest

from gatebook.index.cursor import Place, encode
from gatebook.reading.room import BUDGET_S
from tests.console.stage import EMPLOYEE

pytestmark = pytest.mark.asyncio(loop_scope="module")

# What an error of the engine, of SQL or of Python looks like.
_INSIDES: Final = (
    "clickhouse",
    "chdb",
    "code:",
    "exception",
    "select ",
    "traceback",
    "db::",
    "g1.",
    "arrayexists",
    "sqlite",
    "syntax error",
    "nonetype",
)
# The budget for the index, and as much again as a busy machine needs to come to it.
_PATIENCE_S: Final = BUDGET_S + 25
_MANY = " OR ".join(f"tool:*a*{number}*" for number in range(290))
QUERIES: Final = {
    "longest": "a" * 10_000,
    "too long": "a" * 10_001,
    "many words": "w " * 299,
    "too many words": "w " * 5_000,
    "nested": "(" * 200 + "a" + ")" * 200,
    "not nested": "NOT " * 200 + "a",
    "unclosed": "(" * 10_000,
    "minus": "-" * 10_000,
    "wildcards": "tool:" + "*a" * 10 + "*",
    "too many wildcards": "tool:" + "*a" * 4_000,
    "many wildcards": _MANY,
    "payload wildcards": "arguments:*" + "a*" * 9 + " response:*e* text:*1*",
    "argument wildcards": "args.a.b.c:*" + "x*" * 9,
    "argument paths": " ".join(f"args.{'k' * 30}{number}:>1" for number in range(250)),
    "hundred years": "time:1926-01-01..2026-12-31",
    "thousands of years": "time:0001-01-01..9999-12-31",
    "huge number": "duration:>" + "9" * 18 + "d",
    "number of many digits": "bytes_out:>" + "9" * 5_000,
    "long ago": "since:-999999w",
    "quotes": 'person:"\'; DROP TABLE calls; --"',
    "backquotes": 'tool:"`x` {p0:String}"',
    "parameter": "tool:{p0:String} {batch:UInt32}",
    "tabs and lines": 'tool:"a\tb\nc\rd"',
    "null": "tool:\\N person:NULL",
    "nul": 'tool:"a\x00b"',
    "bare nul": "a\x00b",
    "surrogate": "tool:\ud800",
    "directions": "tool:\u202eevil",
    "separator": "args.a\x1fb:c",
    "like": "tool:%_\\%*",
    "all kinds of brackets": "tool:([{<>}])",
    "high plane": "\U0010ffff" * 500,
}


def encoded(text: str) -> str:
    """Percent-encoded as UTF-8, lone surrogates as they are."""
    return quote(text.encode("utf-8", "surrogatepass"))


async def asked(client: httpx2.AsyncClient, address: str) -> httpx2.Response:
    """The answer, which came within the budget and says nothing of the inside."""
    began_s = time.monotonic()
    answer = await client.get(address)
    assert time.monotonic() - began_s < _PATIENCE_S
    assert answer.status_code in (200, 400, 503), (answer.status_code, answer.text)
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        told = str({name: value for name, value in answer.json().items() if name != "parameter"}).lower()
        assert not [word for word in _INSIDES if word in told], answer.text
    return answer


def people_in(answer: httpx2.Response) -> set[str]:
    """Every person of the deployment whose id an answer holds anywhere."""
    return set(re.findall(r"\w+@northwind\.example", answer.text))


@pytest.mark.parametrize(
    "path", ["calls?limit=20&count=1&q=", "histogram?q=", "facets?fields=status,person,band&q=", "values?field=person&q=", "complete?q="]
)
@pytest.mark.parametrize("query", QUERIES)
async def test_a_hostile_query_is_answered_or_refused(employee: httpx2.AsyncClient, path: str, query: str) -> None:
    """At every place that takes a query; who reads their own calls only sees nobody else."""
    answer = await asked(employee, f"/api/v1/{path}{encoded(QUERIES[query])}")
    if answer.status_code == 200:
        assert people_in(answer) <= {EMPLOYEE}


@pytest.mark.parametrize(
    "pair", ["q=%00", "q=%", "q=%zz", "q=%ff%fe", "q=%ed%a0%80", "q=%c0%af", "limit=%00", "before=%0a", "since=%ff", "%ff=1", "%00=%00", "a" * 5000 + "=1", "=", "&&&", "q=a;limit=1"]
)  # fmt: skip
@pytest.mark.parametrize("path", ["calls", "records", "histogram", "facets", "complete"])
async def test_percent_encoded_rubbish_is_answered_or_refused(employee: httpx2.AsyncClient, path: str, pair: str) -> None:
    """Bytes that are no UTF-8, names that are none, and no name at all."""
    await asked(employee, f"/api/v1/{path}?{pair}")


@pytest.mark.parametrize(
    "value",
    [
        "1" * 30,
        "-1",
        "1e9",
        "NaN",
        "٣",
        "2026-13-01",
        "2026-01-01T25:00",
        "9999-12-31T23:59:59+23:59",
        "0000-01-01",
        "0001-01-01T00:00:00+23:59",
        "2026-W01-1",
        "now()",
        "\x00",
    ],
)
async def test_odd_times_are_answered_or_refused(admin: httpx2.AsyncClient, value: str) -> None:
    """Each is a time or named as none."""
    for path in ("calls", "histogram", "records"):
        answer = await asked(admin, f"/api/v1/{path}?since={encoded(value)}&until={encoded(value)}")
        assert answer.status_code in (200, 503) or answer.json()["parameter"] in ("since", "until")


async def test_a_range_of_a_hundred_years_is_answered(admin: httpx2.AsyncClient) -> None:
    """Everywhere, and counts all calls."""
    span = "since=1970-01-01T00:00:00Z&until=2099-12-31T00:00:00Z"
    total = (await asked(admin, f"/api/v1/calls?{span}&count=1")).json()["total"]
    assert total == sum(bucket["count"] for bucket in (await asked(admin, f"/api/v1/histogram?{span}")).json()["buckets"]) >= 300


def broken_cursors(good: str) -> dict[str, str]:
    """Cursors that are none of this API's, and one of somebody else's call."""
    return {
        "elsewhere": "eyJwIjogMX0",
        "truncated": good[:-1],
        "longer": good + "A",
        "another version": "Ag" + good[2:],
        "empty bytes": "AAAA",
        "not base64": "!!!!",
        "padded": good + "=",
        "slash": good[:-1] + "/",
        "line": good + "\n",
        "latest": encode(Place(4_102_444_800_000_000, "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12)),
        "too late": "Af//////////"[:12] + good[12:],
    }


@pytest.mark.parametrize("name", broken_cursors("A" * 34))
@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_cursor_from_elsewhere_is_refused(admin: httpx2.AsyncClient, name: str, side: str) -> None:
    """With a sentence that names the parameter; a place that no call has is a place all the same."""
    good = (await admin.get("/api/v1/calls?limit=1")).json()["next_cursor"]
    answer = await asked(admin, f"/api/v1/calls?{side}={encoded(broken_cursors(good)[name])}")
    if name == "latest":
        assert answer.status_code == 200
    else:
        assert answer.status_code == 400 and answer.json()["parameter"] == side and "not a cursor" in answer.json()["detail"]


async def test_a_cursor_of_another_persons_page_gives_no_row_of_theirs(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """It is a place in time and nothing more."""
    cursor = (await admin.get("/api/v1/calls?q=person:jonas*&limit=1")).json()["next_cursor"]
    for side in ("before", "after"):
        page = (await employee.get(f"/api/v1/calls?{side}={cursor}&limit=500")).json()
        assert {call["person"] for call in page["calls"]} <= {EMPLOYEE}


async def test_another_persons_snapshot_shows_ones_own_scope(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """A snapshot says when, not what; and that somebody else has read does not make it read by oneself."""
    snapshot = (await admin.get("/api/v1/calls?limit=1&count=1")).json()["snapshot"]
    page = (await employee.get(f"/api/v1/calls?snapshot={snapshot}&count=1&limit=500")).json()
    assert {call["person"] for call in page["calls"]} <= {EMPLOYEE} and page["total"] == len(page["calls"])
    facets = (await employee.get(f"/api/v1/facets?snapshot={snapshot}&fields=person")).json()["facets"]["person"]
    assert [count["value"] for count in facets] == [EMPLOYEE]


@pytest.mark.parametrize(
    "id", ["x", "../calls", "%00", "%ff", "'", "0" * 36, "00000000-0000-0000-0000-00000000000g", "a" * 3000, "%2e%2e", "\\N"]
)
async def test_an_odd_id_is_no_call(admin: httpx2.AsyncClient, id: str) -> None:
    """404, as for a call that is not there."""
    for path in ("calls/{}", "calls/{}/proof", "searches/{}", "shares/{}"):
        answer = await admin.get("/api/v1/" + path.format(quote(id, safe="%")))
        assert answer.status_code in (404, 400, 307), (path, answer.status_code)
