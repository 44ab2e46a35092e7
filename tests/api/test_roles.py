"""Roles over HTTP: what each role gets of a call, the reason for payloads, who looked."""

import httpx2
import pytest
from sqlalchemy import update

from gatebook.control.caller import local_caller
from gatebook.identity.issuing import TokenOrder
from gatebook.state.documents import parse_documents
from gatebook.state.schema import people
from gatebook.state.store import bump
from tests.api.conftest import client_of
from tests.console.stage import ADMIN, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOM = """
kind: Role
name: fraud-desk
spec:
  grants: {metadata: all, arguments: all}
  groups: [fraud]
  reason_required: true
"""


async def enter(stage: Stage, person: str, *groups: str) -> None:
    """Somebody new, with a token."""
    order = TokenOrder(person=person, groups=groups, person_name=person.title(), name="laptop")
    stage.tokens[person] = (await stage.desk.issuing.create(order, local_caller("root", stage.vault.subject))).secret


async def one_of(client: httpx2.AsyncClient, q: str = "method:tools/call -status:open connector:crm") -> str:
    """The id of a call of the employee."""
    (call,) = (await client.get("/api/v1/calls", params={"q": f"person:{EMPLOYEE} {q}", "limit": "1"})).json()["calls"]
    return str(call["call_id"])


async def test_a_call_shows_each_role_what_it_grants(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Hidden values are absent, and `hidden` names their groups; the proof is evidence; a call that is not listed is not there."""
    id = await one_of(admin)
    for person, group, hidden in (
        ("tech", "it-support", ["metadata", "identity", "policy", "evidence", "arguments", "responses", "upstream"]),
        ("ops", "admins", ["identity", "policy", "evidence", "arguments", "responses", "upstream"]),
        ("audit", "auditors", ["arguments", "responses", "upstream"]),
        ("analyst", "security", None),
    ):
        await enter(stage, person, group)
        async with client_of(stage, person) as client:
            answer = (await client.get(f"/api/v1/calls/{id}")).json()
            assert answer["call"].get("hidden") == hidden, person
            assert (answer["arguments"] is None) is bool(hidden) and bool(answer["call"]["person"]) is (
                hidden is None or "identity" not in hidden
            )
            assert (await client.get(f"/api/v1/calls/{id}/proof")).status_code == (
                200 if hidden is None or "evidence" not in hidden else 403
            )
            listed = (await client.get("/api/v1/calls", params={"limit": "1", "q": f"call:{id}"})).json()["calls"]
            assert listed[0].get("hidden") == hidden
    await enter(stage, "plain", "sales")
    async with client_of(stage, "plain") as client:
        assert (await client.get(f"/api/v1/calls/{id}")).status_code == 404


async def test_a_lead_sees_the_team_of_now(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Whoever is below when it is asked."""
    await enter(stage, "boss", "team-leads")
    async with client_of(stage, "boss") as client:
        assert (await client.get("/api/v1/calls")).json()["calls"] == []
        with stage.store.write() as connection:
            connection.execute(update(people).where(people.c.id == EMPLOYEE).values(manager="boss"))
            bump(connection)
        calls = (await client.get("/api/v1/calls")).json()["calls"]
        assert calls and {call["person"] for call in calls} == {EMPLOYEE} and all("arguments" in call["hidden"] for call in calls)
        access = (await client.get("/api/v1/people/me/access")).json()
        assert access["team"] == 1 and access["shown"]["policy"] == "team"


async def test_payloads_wait_for_a_reason_where_the_role_says_so(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Without one they are hidden; with one the record of the reading holds it."""
    await stage.desk.apply(parse_documents(CUSTOM, "r.yaml"), local_caller("root", stage.vault.subject))
    await enter(stage, "fred", "fraud")
    id = await one_of(admin)
    async with client_of(stage, "fred") as client:
        assert "arguments" in (await client.get(f"/api/v1/calls/{id}")).json()["call"]["hidden"]
        reasoned = await client.get(f"/api/v1/calls/{id}", headers={"x-gatebook-reason": "case 4711"})
        assert reasoned.json()["arguments"] is not None and "arguments" not in reasoned.json()["call"]["hidden"]
    first, second = [one for one in await stage.reads() if one["action"] == "show" and one["query"] == id][-2:]
    assert first["payloads"] is False and "reason" not in first
    assert second["payloads"] is True and second["reason"] == "case 4711" and "fraud-desk" in second["roles"]
    assert second["subjects"] == [stage.vault.subject(EMPLOYEE)] and "responses" not in second["groups"]


async def test_roles_and_readings_can_be_asked_for(stage: Stage, admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """Roles by readers, readings by everybody about themselves."""
    assert (await admin.get("/api/v1/roles/auditor")).json()["groups"] == ["auditors"]
    assert (await admin.get("/api/v1/roles/nothing")).status_code == 404
    assert (await employee.get("/api/v1/roles")).status_code == 403
    assert (await admin.get(f"/api/v1/people/{ADMIN}/access")).json()["roles"] == ["employee", "security_analyst", "admin"]
    assert (await employee.get(f"/api/v1/people/{ADMIN}/access")).status_code == 403
    await admin.get(f"/api/v1/calls/{await one_of(admin)}")
    await stage.settled()
    readings = (await employee.get("/api/v1/readings")).json()["readings"]
    assert readings and readings[0]["by"] == "Nora Berg"


async def test_a_field_that_is_visible_nowhere_is_refused_alike(employee: httpx2.AsyncClient) -> None:
    """In filters, facets, histograms and values; the sentence depends on the role alone."""
    for path, params in (
        ("/api/v1/calls", {"q": "fingerprint:abc"}),
        ("/api/v1/calls", {"q": "-fingerprint:*"}),
        ("/api/v1/facets", {"fields": "fingerprint"}),
        ("/api/v1/histogram", {"by": "fingerprint"}),
        ("/api/v1/values", {"field": "fingerprint"}),
    ):
        answer = await employee.get(path, params=params)
        assert answer.status_code == 400 and "your role does not show fingerprint" in answer.text, path


async def test_an_export_of_a_wider_role_is_not_handed_out_to_a_narrower_one(stage: Stage) -> None:
    """Its file goes with what its owner sees when it is fetched."""
    await enter(stage, "mover", "security")
    async with client_of(stage, "mover") as client:
        made = (await client.post("/api/v1/exports", json={"form": "csv", "q": "connector:crm"})).json()
        for _ in range(400):
            found = (await client.get(made["path"])).json()
            if found["export"]["state"] == "done":
                break
        assert (await client.get(found["file_path"])).status_code == 200
        await enter(stage, "mover", "admins")
        stage.tokens["mover"] = stage.tokens["mover"]
    async with client_of(stage, "mover") as client:
        refused = await client.get(found["file_path"])
        assert refused.status_code in (409, 410) and "may no longer read" in refused.text
