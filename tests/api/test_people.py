"""People over the API: who they are, what they may do, and why."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.api.conftest import client_of
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.tooling import dress

pytestmark = pytest.mark.asyncio(loop_scope="module")
PEOPLE = "/api/v1/people"
CALL = {"connector": "crm", "tool": "export_contacts", "arguments": {"segment": "all"}}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def dressed(stage: Stage) -> None:
    """Connectors that have listed tools."""
    await dress(stage)


async def test_people_are_listed_and_searched(admin: httpx2.AsyncClient) -> None:
    """By id, with how many tools each may call; text and state narrow it."""
    everybody = (await admin.get(PEOPLE)).json()
    assert everybody["total"] == 11 and everybody["page"] == everybody["pages"] == 1
    assert {sum(one["may"].values()) for one in everybody["people"]} == {17}
    found = (await admin.get(f"{PEOPLE}?contains=OKAFOR&active=yes")).json()
    assert [(one["id"], one["kind"], one["groups"]) for one in found["people"]] == [(EMPLOYEE, "person", ["emea", "sales"])]
    assert found["people"][0]["calls"] > 0 and (await admin.get(f"{PEOPLE}?active=no")).json()["total"] == 0


async def test_a_person_is_told_without_secrets(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Prefix, name and times of tokens; neither the token nor its hash."""
    answer = await admin.get(f"{PEOPLE}/{EMPLOYEE}")
    (token,) = answer.json()["tokens"]
    assert token["name"] == "laptop" and stage.tokens[EMPLOYEE].startswith(token["prefix"])
    assert stage.tokens[EMPLOYEE] not in answer.text and "sha256" not in answer.text


async def test_what_a_person_may_do_is_told_tool_by_tool(admin: httpx2.AsyncClient) -> None:
    """With what decides and of what sort it is; one outcome at a time, where that is asked for."""
    found = (await admin.get(f"{PEOPLE}/{EMPLOYEE}/tools")).json()
    tools = {(one["connector"], one["tool"]): one for one in found["tools"]}
    assert tools["crm", "search_customers"]["outcome"] == "allowed" and tools["crm", "search_customers"]["last_us"] > 0
    assert tools["crm", "export_contacts"]["rules"] == [{"id": "tool-definition", "kind": "definition"}]
    assert tools["git", "git_log"]["rules"] == [{"id": "default-deny", "kind": "default"}]
    allowed = (await admin.get(f"{PEOPLE}/{EMPLOYEE}/tools?outcome=allowed")).json()
    assert {one["outcome"] for one in allowed["tools"]} == {"allowed"} and len(allowed["tools"]) == found["may"]["allowed"]
    assert allowed["may"] == found["may"]


async def test_a_call_is_explained(admin: httpx2.AsyncClient) -> None:
    """Every step in order, the last of them the one that decided here; the sentence says it."""
    found = (await admin.post(f"{PEOPLE}/{EMPLOYEE}/explain", json=CALL)).json()
    assert (found["effect"], found["rule"], found["kind"], found["partial"]) == ("blocked", "tool-definition", "definition", False)
    assert found["sentence"].startswith("Amara Okafor may not call export_contacts of crm: ")
    assert [one["kind"] for one in found["steps"]] == ["connector", "connector", "connector", "pack", "rule", "default", "definition"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arguments": [1]}, "must be an object"),
        ({"arguments": "x"}, "must be an object"),
        ({"source_ip": "ten"}, "not an address"),
        ({"at_us": -1}, "at_us"),
        ({"tool": ""}, "tool"),
        ({"argument": {}}, "argument"),
    ],
)
async def test_what_cannot_be_a_call_is_refused(admin: httpx2.AsyncClient, change: dict[str, Any], said: str) -> None:
    """With what is wrong."""
    answer = await admin.post(f"{PEOPLE}/{EMPLOYEE}/explain", json={**CALL, **change})
    assert answer.status_code == 400 and said in answer.json()["detail"]


async def test_about_others_only_readers_of_everything_may_ask(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """An employee asks as `me` or by their own id; of anybody else they do not even learn that they are there."""
    refused = [await employee.get(f"{PEOPLE}/{id}{more}") for id in (ADMIN, "nobody@northwind.example") for more in ("", "/tools")]
    refused += [await employee.post(f"{PEOPLE}/{id}/explain", json=CALL) for id in (ADMIN, "nobody@northwind.example")]
    refused += [await employee.get(f"{PEOPLE}{more}") for more in ("", "?contains=priya", "?contains=zzz")]
    assert {answer.status_code for answer in refused} == {403} and len({answer.text for answer in refused}) == 1
    mine = (await employee.get(f"{PEOPLE}/me")).json()
    assert mine["id"] == EMPLOYEE and mine == (await employee.get(f"{PEOPLE}/{EMPLOYEE}")).json()
    assert {one["connector"] for one in (await employee.get(f"{PEOPLE}/me/tools")).json()["tools"]} == {"crm"}
    assert (await employee.post(f"{PEOPLE}/me/explain", json=CALL)).json()["partial"] is True
    async with client_of(stage, AUDITOR) as auditor:
        assert (await auditor.get(f"{PEOPLE}/{EMPLOYEE}/tools")).status_code == 200


@pytest.mark.parametrize("id", ["nobody", "a%00b", "..", "-", "x" * 129])
async def test_who_is_not_there_is_a_404(admin: httpx2.AsyncClient, id: str) -> None:
    """Also what cannot be an id."""
    for answer in (await admin.get(f"{PEOPLE}/{id}/tools"), await admin.post(f"{PEOPLE}/{id}/explain", json=CALL)):
        assert answer.status_code == 404


async def test_nobody_is_asked_without_credentials(stranger: httpx2.AsyncClient) -> None:
    """Not even about oneself."""
    assert {(await stranger.get(f"{PEOPLE}{more}")).status_code for more in ("", "/me", "/me/tools")} == {401}
    assert (await stranger.post(f"{PEOPLE}/me/explain", json=CALL)).status_code == 401
