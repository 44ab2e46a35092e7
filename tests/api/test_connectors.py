"""Connectors over the API: what they list, what changed, and the decision."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import pytest_asyncio

from gatebook.definitions.key import key_of
from tests.api.conftest import client_of
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, Stage
from tests.console.tooling import crm, dress, drifted
from tests.state.noting import HOSTILE, note, tool

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def dressed(stage: Stage) -> None:
    """Connectors that have listed tools."""
    await dress(stage)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator who is signed in: a token decides nothing."""
    async with signed_in(stage, ADMIN) as client:
        yield client


@pytest.fixture
def fresh(stage: Stage) -> None:
    """The CRM with nothing decided about what drifted."""
    with stage.store.write() as connection:
        for table in ("tool_listings", "tool_definitions"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE connector = 'crm'")
    note(stage.store, "crm", crm(), 1_000_000)
    note(stage.store, "crm", drifted(), 2_000_000)


async def test_connectors_and_tools_are_told(admin: httpx2.AsyncClient, fresh: None) -> None:
    """What waits, how each tool stands, what changed; calls as the index has them."""
    rows = {row["name"]: row for row in (await admin.get("/api/v1/connectors")).json()["connectors"]}
    assert rows["crm"]["undecided"] == 4 and rows["git"]["undecided"] == 0 and rows["crm"]["activity"]["calls"] > 0
    shown = (await admin.get("/api/v1/connectors/crm")).json()
    states = {one["key"]: one["state"] for one in shown["all_tools"]}
    assert states["export_contacts"] == "changed" and states["fetch_customer"] == "renamed" and states["get_customer"] == "removed"
    calls = (await admin.get("/api/v1/calls?q=connector:crm+tool:export_contacts+method:tools/call+since:-7d&count=1&limit=1")).json()
    found = (await admin.get("/api/v1/connectors/crm/tools/export_contacts")).json()
    assert found["facts"]["activity"]["calls"] == calls["total"] and found["facts"]["activity"]["last_us"] == calls["calls"][0]["time"]
    assert "/annotations/readOnlyHint" in {one["path"] for one in found["compared"]["changes"]}
    assert found["callers"]["counts"]["pending"] == 4 and found["facts"]["grants"]["packs"] == ["export-desk"]


async def test_a_reading_is_on_the_record(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Calls are counted for somebody, so that is a record."""
    await admin.get("/api/v1/connectors/git")
    assert "connector:git" in (await stage.reads())[-1]["query"]


async def test_a_decision_is_made_once(admin: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """By key, with the hash that was looked at; the second time there is nothing to decide."""
    found = (await admin.get("/api/v1/connectors/crm/tools/export_contacts")).json()
    order = {"tool": "export_contacts", "hash": found["facts"]["hash"], "decision": "approved", "reason": "Spoke to the vendor"}
    done = (await admin.post("/api/v1/connectors/crm/decisions", json=order)).json()["decided"]
    assert [(one["tool"], one["state"], one["listed"]) for one in done] == [("export_contacts", "approved", True)] and "IMPORTANT" in done[
        0
    ]["diff"]
    assert stage.store.snapshot().approved["crm"]["export_contacts"].hash == found["facts"]["hash"]
    assert (await admin.post("/api/v1/connectors/crm/decisions", json=order)).status_code == 409


async def test_all_that_waits_is_decided_as_it_was_seen(admin: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """An old mark is a conflict; the new one decides all."""
    mark = (await admin.get("/api/v1/connectors/crm")).json()["waiting"]
    note(stage.store, "crm", [*drifted(), tool("more")], 3_000_000)
    order = {"decision": "refused", "reason": "no", "waiting": mark}
    late = await admin.post("/api/v1/connectors/crm/decisions", json=order)
    assert late.status_code == 409 and "since you looked" in late.json()["detail"]
    order["waiting"] = (await admin.get("/api/v1/connectors/crm")).json()["waiting"]
    assert len((await admin.post("/api/v1/connectors/crm/decisions", json=order)).json()["decided"]) == 5
    assert (await admin.get("/api/v1/connectors/crm")).json()["undecided"] == 0


@pytest.mark.parametrize(
    ("connector", "order", "status"),
    [
        ("hr", {}, 404),
        ("crm", {"tool": "nope"}, 404),
        ("crm", {"tool": "update_customer"}, 409),
        ("crm", {"tool": "export_contacts", "hash": "ffffffff"}, 404),
        ("crm", {"hash": "ffffffff"}, 404),
        ("crm", {"hash": "fff"}, 400),
        ("crm", {"tool": "export_contacts", "reason": "\u2003"}, 400),
        ("crm", {"tool": "export_contacts", "reason": ""}, 400),
        ("crm", {"decision": "pending"}, 400),
    ],
)
async def test_what_cannot_be_decided_says_why(
    admin: httpx2.AsyncClient, fresh: None, connector: str, order: dict[str, Any], status: int
) -> None:
    """Not there, nothing to decide, or an order that makes no sense."""
    body = {"decision": "approved", "reason": "x", **order}
    answer = await admin.post(f"/api/v1/connectors/{connector}/decisions", json=body)
    assert answer.status_code == status and len(answer.json()["detail"]) > 10


async def test_who_may_look_and_who_may_decide(employee: httpx2.AsyncClient, stage: Stage, fresh: None) -> None:
    """Employees see nothing of it; auditors read; administrators decide."""
    for path in ("", "/crm", "/crm/tools/export_contacts"):
        assert (await employee.get(f"/api/v1/connectors{path}")).status_code == 403
    before = stage.store.snapshot().approved
    async with client_of(stage, AUDITOR) as auditor:
        assert (await auditor.get("/api/v1/connectors/crm")).status_code == 200
        for client in (auditor, employee):
            answer = await client.post("/api/v1/connectors/crm/decisions", json={"decision": "approved", "reason": "x"})
            assert answer.status_code == 403
        async with client_of(stage, ADMIN) as program:
            answer = await program.post("/api/v1/connectors/crm/decisions", json={"decision": "approved", "reason": "x"})
            assert answer.status_code == 403 and "access token" in answer.json()["detail"]
    assert stage.store.snapshot().approved == before


async def test_hostile_tools_are_found_by_their_keys(admin: httpx2.AsyncClient) -> None:
    """Each has an address that brings it and no other; what can be hidden is written out in what is for reading."""
    rows = (await admin.get("/api/v1/connectors/scratch")).json()["all_tools"]
    assert {row["tool"] for row in rows} == {one["name"] for one in HOSTILE}
    for row in rows:
        assert row["key"] == key_of(row["tool"])
        found = (await admin.get(f"/api/v1/connectors/scratch/tools/{quote(row['key'], safe='')}")).json()
        assert found["facts"]["tool"] == row["tool"] and not set(found["definition"]) & set("\u202e\u200b\x1b")
