"""Grants and their use over HTTP."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio
from msgspec.structs import replace

from gatebook.control.caller import local_caller
from gatebook.reading.health import Health
from gatebook.state.documents import parse_documents
from tests.api.conftest import client_of
from tests.api.test_policies import finished
from tests.console.granting import entitle
from tests.console.stage import AUDITOR, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def entitled(stage: Stage) -> None:
    """Connectors that are half a year old, a tool pack of today."""
    await entitle(stage)


async def report(client: httpx2.AsyncClient, query: str = "") -> Any:
    """Ask."""
    answer = await client.get(f"/api/v1/grants{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_use_is_what_the_book_says(admin: httpx2.AsyncClient) -> None:
    """Calls, people and the last one are those that a search finds; the three states add up, by connector too."""
    found = await report(admin)
    rows = found["grants"]
    assert found["used"] + found["unused"] + found["new"] == found["total"] == len(rows) > 40
    for state in ("used", "unused", "new"):
        assert found[state] == sum(one[state] for one in found["connectors"]) == sum(row["state"] == state for row in rows)
    assert found["used"] and found["unused"]
    assert {(row["to"], row["tool"]) for row in rows if row["state"] == "new"} == {("sales", "list_invoices")}
    for row in rows:
        if row["kind"] == "group" and row["to"] != "everyone" and row["connector"] in ("crm", "git"):
            query = f"method:tools/call connector:{row['connector']} tool:{row['tool']} -decision:blocked group:{row['to']}"
            calls = (await admin.get("/api/v1/calls", params={"q": query, "count": "1", "limit": "1"})).json()
            assert row["calls"] == calls["total"] and row["last_us"] == (calls["calls"][0]["time"] if calls["calls"] else None)
    assert (await report(admin, "?days=1"))["since_us"] > found["since_us"]


async def test_filters_narrow_and_pages_are_parts_of_the_whole(admin: httpx2.AsyncClient) -> None:
    """By connector, group and state; limit and offset walk through all of it once."""
    whole = await report(admin)
    mine = await report(admin, "?connector=crm&group=Sales")
    assert mine["grants"] == [row for row in whole["grants"] if (row["connector"], row["to"]) == ("crm", "sales")] != []
    unused = await report(admin, "?unused=1")
    assert unused["grants"] == [row for row in whole["grants"] if row["state"] == "unused"] and unused["used"] == whole["used"]
    pages = [await report(admin, f"?limit=3&offset={at}") for at in range(0, whole["total"], 3)]
    assert [row for page in pages for row in page["grants"]] == whole["grants"] and {page["total"] for page in pages} == {whole["total"]}
    assert (await report(admin, "?connector=nope"))["total"] == 0


async def test_a_draft_takes_away_what_is_unused_and_changes_no_call(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """All unused grants at once: the draft can be applied as it is, its replay over the span changes nothing, and afterwards they are gone."""
    before = await report(admin, "?unused=1&connector=crm")
    made = (await admin.post("/api/v1/grants/narrowing", json={"connector": "crm"})).json()
    assert made["taken"] == before["total"] > 0 and not made["left_out"] and not made["problems"]
    begun = await admin.post("/api/v1/policies/replays", json={"documents": made["documents"], "since": before["since_us"]})
    assert begun.status_code == 202
    replayed = await finished(admin, begun.json()["id"])
    assert replayed["failure"] is None and replayed["result"]["calls"] > 100 and replayed["result"]["changed"] == 0
    stored = stage.store.snapshot().rules.policies
    await stage.desk.apply(parse_documents(made["documents"], "draft"), local_caller("root", stage.vault.subject), "unused")
    try:
        assert (await report(admin, "?unused=1&connector=crm"))["total"] == 0
        assert (await admin.post("/api/v1/grants/narrowing", json={"connector": "crm"})).json()["documents"] == ""
    finally:
        for name in made["names"]:
            if name not in stored:
                await stage.desk.delete("Policy", name, local_caller("root", stage.vault.subject), "back")
    assert (await report(admin, "?unused=1&connector=crm"))["total"] == before["total"]


async def test_what_is_used_or_not_there_is_left_out(admin: httpx2.AsyncClient) -> None:
    """With the reason; nothing is drafted of it."""
    used = next(row for row in (await report(admin))["grants"] if row["state"] == "used")
    order = {"grants": [used["id"], "0" * 16, used["id"]]}
    made = (await admin.post("/api/v1/grants/narrowing", json=order)).json()
    assert made["documents"] == "" and made["names"] == [] and made["taken"] == 0
    assert {one["why"].partition(":")[0] for one in made["left_out"]} == {"It was used", "There is no such grant."}


async def test_a_test_that_would_fail_is_told(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """A policy in force that promises an unused tool to the group stands against the draft, and is named."""
    row = next(row for row in (await report(admin, "?unused=1"))["grants"] if row["connector"] == "git")
    promise = {"person": "x", "groups": [row["to"]], "connector": row["connector"], "tool": row["tool"], "expect": "allow"}
    text = f"kind: Policy\nname: promise\nspec: {{effect: alert_only, tests: [{promise}]}}"
    caller = local_caller("root", stage.vault.subject)
    await stage.desk.apply(parse_documents(text, "promise"), caller, "")
    try:
        made = (await admin.post("/api/v1/grants/narrowing", json={"grants": [row["id"]]})).json()
        assert made["documents"] and "promise" in made["problems"][0]
    finally:
        await stage.desk.delete("Policy", "promise", caller, "")


async def test_who_may_ask(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """Those who read the whole book; each reading is on the record."""
    async with client_of(stage, AUDITOR) as auditor:
        await report(auditor)
    assert "decision:blocked" in (await stage.reads())[-1]["query"]
    for client, status in ((employee, 403), (stranger, 401)):
        assert (await client.get("/api/v1/grants")).status_code == status
        assert (await client.post("/api/v1/grants/narrowing", json={})).status_code == status


@pytest.mark.parametrize(
    ("lacks", "status", "word"),
    [
        ({"positions": {}}, 503, "being opened"),
        ({"rebuilt": 0.5}, 503, "being built"),
        ({"rebuilt": 0.5, "searchable_since_us": 1 << 52}, 503, "being built"),
        ({"rebuilt": 0.5, "searchable_since_us": 1}, 200, ""),
        ({"errors": {"node1-w0": "damaged"}}, 503, "node1-w0"),
        ({"behind_s": 3600.0}, 503, "3600 s behind"),
        ({"behind_s": 2.0}, 200, ""),
    ],
)
async def test_nothing_is_called_unused_while_the_index_is_not_whole(
    stage: Stage, lacks: dict[str, Any], status: int, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is opened, built or behind, unless all of the span is in it already."""
    health: Health = replace(stage.health(), **lacks)
    monkeypatch.setattr(stage, "health", lambda: health)
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=stage._app()),
        base_url="http://127.0.0.1:8401",
        headers={"authorization": f"Bearer {stage.tokens['admin@northwind.example']}"},
    ) as client:
        answer = await client.get("/api/v1/grants")
        assert answer.status_code == status and word in answer.text


async def test_without_the_index_nothing_is_called_unused(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """503, not a report of zeros."""
    index, stage.index = stage.index, None
    try:
        assert (await admin.get("/api/v1/grants")).status_code == 503
    finally:
        stage.index = index
