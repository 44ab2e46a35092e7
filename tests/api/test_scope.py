"""Whatever somebody asks who reads their own calls only: no row, count, facet, value or page speaks of anybody else."""

import random
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio

from gatebook.index import CallRow
from tests.api.conftest import client_of
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
_QUERIES: Final = 150
_SECRET: Final = "zzsecretzz"
_OTHERS: Final = {person.id for person in PEOPLE} - {EMPLOYEE}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def marked(stage: Stage) -> Stage:
    """Calls of other people in which every text holds a word that no call of the employee does."""
    for person in PEOPLE[1:5]:
        case = Case(
            connector=f"{_SECRET}-connector",
            tool=f"{_SECRET}_tool",
            params={"name": "x", "arguments": {f"{_SECRET}_key": f"{_SECRET} value", "limit": 7}},
            result={"found": _SECRET},
        )
        stage.call(person, case)
        stage.call(person, case, finish=False)
    await stage.settled()
    return stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eyes(marked: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The employee, once the others' calls are there."""
    async with client_of(marked, EMPLOYEE) as client:
        yield client


async def asked(client: httpx2.AsyncClient, path: str, **params: str) -> dict[str, Any]:
    """What is answered; nothing when a busy machine could not within the budget, which tells nothing either."""
    answer = await client.get(f"/api/v1/{path}", params=params)
    assert answer.status_code in (200, 503), (params, answer.text)
    body: dict[str, Any] = answer.json()
    assert answer.status_code == 200 or set(body) == {"type", "title", "status", "detail"}
    return body if answer.status_code == 200 else {}


def leaves(dice: random.Random, rows: list[dict[str, Any]]) -> str:
    """One condition that somebody else's call meets, or any call."""
    row = dice.choice(rows)
    field = dice.choice(
        ["person", "email", "group", "subject", "connector", "tool", "client", "session", "ip", "trace", "token", "status", "call", "text", "args", "duration", "time", "rule"]
    )  # fmt: skip
    match field:
        case "group" | "rule":
            held = row[f"{field}s"]
            return f'{field}:"{held[0]}"' if held else f"{field}:*"
        case "text":
            return dice.choice([_SECRET, f"{_SECRET[:4]}*", f"*{_SECRET[2:8]}*", '"renewal due"'])
        case "args":
            return dice.choice([f"args.{_SECRET}_key:*", f"args.{_SECRET}_key:{_SECRET}*", "args.limit:>=7", "args.limit:..8"])
        case "duration":
            return f"duration:{dice.choice(['>', '<', '>=', '<='])}{row['duration_us']}us"
        case "time":
            return dice.choice(["since:-1h", "time:>=2020-01-01", "until:now", "time:today"])
        case "call":
            return f"call:{row['call_id']}"
        case _:
            value = row[field]
            return dice.choice([f'{field}:"{value}"', f"{field}:*", f"{field}:{value[:2]}*" if value[:2].isalnum() else f"{field}:*"])


def tree(dice: random.Random, rows: list[dict[str, Any]], depth: int = 0) -> str:
    """A query of such conditions, negated, joined and in brackets."""
    if depth > 3 or dice.random() < 0.35:
        return leaves(dice, rows)
    match dice.randrange(4):
        case 0:
            return f"NOT {tree(dice, rows, depth + 1)}"
        case 1:
            return f"-({tree(dice, rows, depth + 1)})"
        case 2:
            return f"({tree(dice, rows, depth + 1)} OR {tree(dice, rows, depth + 1)})"
        case _:
            return f"{tree(dice, rows, depth + 1)} {tree(dice, rows, depth + 1)}"


async def test_random_queries_never_leave_the_scope(eyes: httpx2.AsyncClient, admin: httpx2.AsyncClient, marked: Stage) -> None:
    """Rows, counts and facets are those of the employee's own calls, which are few enough to be counted here."""
    dice = random.Random(11)
    rows = (await admin.get("/api/v1/calls?limit=500")).json()["calls"]
    own = {row["call_id"] for row in rows if row["person"] == EMPLOYEE}
    subject = marked.vault.subject(EMPLOYEE)
    assert {row["person"] for row in rows} >= _OTHERS
    answered = 0
    for _ in range(_QUERIES):
        query = tree(dice, rows)
        page = await asked(eyes, "calls", q=query, limit="500", count="1")
        if not page:
            continue
        found = {call["call_id"] for call in page["calls"]}
        assert found <= own and page["total"] == len(found), query
        assert {call["subject"] for call in page["calls"]} <= {subject}
        fields = "person,connector,tool,session,group,band,status"
        more = {"q": query, "snapshot": page["snapshot"]}
        facets = (await asked(eyes, "facets", **more, fields=fields, limit="200")).get("facets", {})
        assert _SECRET not in str(facets) and {count["value"] for count in facets.get("person", ())} <= {EMPLOYEE}, query
        assert all(
            sum(count["count"] for count in facets.get(field, ())) <= len(own) for field in ("person", "connector", "status", "band")
        ), query
        histogram = await asked(eyes, "histogram", **more, by="tool")
        if histogram:
            answered += 1
            assert sum(bucket["count"] for bucket in histogram["buckets"]) == page["total"] and _SECRET not in str(histogram["buckets"]), (
                query
            )
    assert answered


async def test_no_value_that_completes_a_query_is_somebody_elses(eyes: httpx2.AsyncClient) -> None:
    """Of every field, of arguments, and behind every beginning of the word that only others have."""
    fields = (
        "person",
        "email",
        "subject",
        "connector",
        "tool",
        "session",
        "token",
        "ip",
        "group",
        "client",
        "args",
        f"args.{_SECRET}_key",
        "args.limit",
        "trace",
    )
    for field in fields:
        for query in ("", _SECRET, f"tool:{_SECRET}_tool OR person:*"):
            values = (await asked(eyes, "values", field=field, q=query, limit="200")).get("values", [])
            assert _SECRET not in str(values) and not _OTHERS & {value["value"] for value in values}
    for text in (
        f"tool:{_SECRET[:3]}",
        "connector:",
        "person:",
        "args.",
        f"args.{_SECRET[:5]}",
        f"args.{_SECRET}_key:",
        "session:",
        "email:j",
    ):
        found = await asked(eyes, "complete", q=text, limit="50")
        assert _SECRET not in str(found["offers"]) and not [one for one in _OTHERS if one in str(found["offers"])]


async def test_every_row_of_somebody_else_is_one_that_is_not_there(eyes: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    """By id, by proof and by what is around it: the answer is that for no call at all."""
    rows = (await admin.get("/api/v1/calls?limit=200")).json()["calls"]
    nothing = await eyes.get("/api/v1/calls/00000000-0000-7000-8000-000000000000")
    for row in [row for row in rows if row["person"] in _OTHERS][:12]:
        for path in ("", "/proof", "/context"):
            answer = await eyes.get(f"/api/v1/calls/{row['call_id']}{path}")
            assert answer.status_code == 404 and answer.json() == nothing.json()


async def test_investigation_and_trends_stay_within_the_scope(eyes: httpx2.AsyncClient) -> None:
    """Also there every number is of the employee's own calls."""
    for path in ("investigation", "trends", "investigation/report.json", "investigation/report.html"):
        answer = await eyes.get(f"/api/v1/{path}")
        assert answer.status_code == 200
        assert _SECRET not in answer.text and not [one for one in _OTHERS if one in answer.text]


async def test_the_rows_have_the_columns_that_are_asked_for() -> None:
    """The conditions above read these of a row."""
    assert {"person", "groups", "rules", "subject", "session", "trace", "token", "ip"} <= set(CallRow.__struct_fields__)
