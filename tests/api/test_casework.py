"""Context, investigations, reports and trends over HTTP: scope, readings on the record, what a download holds."""

import json
import re

import httpx2
import pytest

from tests.console.conftest import signed_in
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
CALLS = "/api/v1/calls"


async def test_the_context_is_the_session_around_a_call(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Nearest first on either side, as many as asked, of the same session only; on the record."""
    ids = [stage.call(PEOPLE[1], Case(session="ses_context"), (20 - number) * 1_000_000) for number in range(9)]
    stage.call(PEOPLE[1], Case(session="ses_other"), 12_500_000)
    await stage.settled()
    answer = (await admin.get(f"{CALLS}/{ids[4]}/context", params={"n": 3})).json()
    assert answer["by"] == "session" and answer["query"] == "session:ses_context"
    assert [row["call_id"] for row in answer["before"]] == [ids[3], ids[2], ids[1]]
    assert [row["call_id"] for row in answer["after"]] == [ids[7], ids[6], ids[5]]
    assert answer["more_before"] and answer["more_after"]
    whole = (await admin.get(f"{CALLS}/{ids[0]}/context")).json()
    assert not whole["before"] and not whole["more_before"] and len(whole["after"]) == 8
    read = (await stage.reads())[-1]
    assert (read["action"], read["query"], read["rows"]) == ("search", "session:ses_context", 8)


async def test_the_context_of_a_foreign_call_looks_like_none(stage: Stage) -> None:
    """Who may not see a call learns nothing of what is around it."""
    id = stage.call(PEOPLE[1], Case(session="ses_context"))
    await stage.settled()
    async with signed_in(stage, EMPLOYEE) as employee:
        foreign = await employee.get(f"{CALLS}/{id}/context")
        nothing = await employee.get(f"{CALLS}/00000000-0000-7000-8000-000000000000/context")
    assert foreign.status_code == nothing.status_code == 404 and foreign.json() == nothing.json()


async def test_an_investigation_is_answered_and_on_the_record(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Its numbers carry queries; the reading says what was asked and how many calls it was about."""
    answer = (await admin.get("/api/v1/investigation", params={"q": f"person:{PEOPLE[0].id}"})).json()
    assert answer["start"] == {"field": "person", "value": PEOPLE[0].id, "label": PEOPLE[0].name}
    assert answer["total"]["count"] > 10 and answer["people"][0]["value"] == PEOPLE[0].id
    read = (await stage.reads())[-1]
    assert (read["action"], read["rows"]) == ("search", answer["total"]["count"])
    wrong = await admin.get("/api/v1/investigation", params={"q": "persn:x"})
    assert wrong.status_code == 400 and wrong.json()["nearest"] == "person"


async def test_the_report_is_one_file_without_scripts(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """A download with the charts in it and nothing from elsewhere; its links lead to the console, whatever host was asked; it is an export on the record."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    stage.call(PEOPLE[0], Case(connector=hostile, tool=hostile))
    await stage.settled()
    forged = {"host": "evil.example"}
    answer = await admin.get("/api/v1/investigation/report.html", params={"q": f"person:{PEOPLE[0].id}"}, headers=forged)
    assert answer.headers["content-disposition"] == 'attachment; filename="gatebook-investigation-person-Amara-Okafor.html"'
    text = answer.text
    assert text.count("<svg") > 5 and "&lt;script&gt;" in text
    assert not re.search(r"<script|<img|<link|@import|url\(", text)
    addresses = {href.split("?")[0] for href in re.findall(r'href="([^"]*)"', text)}
    assert addresses == {f"{stage.console_url}/"} and "Gatebook · northwind" in text and "evil" not in text
    read = (await stage.reads())[-1]
    assert read["action"] == "export" and read["query"] == f"person:{PEOPLE[0].id}"


async def test_the_numbers_are_one_file_too(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """JSON, laid out, named after what it is about, an export on the record."""
    answer = await admin.get("/api/v1/investigation/report.json", params={"q": "connector:crm"})
    assert answer.headers["content-disposition"].endswith('connector-crm.json"') and answer.text.startswith("{\n  ")
    assert json.loads(answer.text)["query"] == "connector:crm"
    assert (await stage.reads())[-1]["action"] == "export"


async def test_trends_are_answered_within_the_scope(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Everybody's for who reads all calls, else one's own."""
    everything = (await admin.get("/api/v1/trends")).json()
    people = next(group for group in everything["violations"] if group["field"] == "person")
    assert len(people["series"]) > 1 and everything["latency"]
    async with signed_in(stage, EMPLOYEE) as employee:
        own = (await employee.get("/api/v1/trends")).json()
    people = next(group for group in own["violations"] if group["field"] == "person")
    assert {line["value"] for line in people["series"]} <= {EMPLOYEE}
    assert own["total"]["count"] < everything["total"]["count"]
