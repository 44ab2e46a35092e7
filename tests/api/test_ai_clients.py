"""AI clients over the API, for administrators in person; and what somebody lets them do."""

import httpx2
import pytest

from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.test_browser_clients import populate

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLIENTS = "/api/v1/clients"
APPS = "/api/v1/connected-apps"


async def test_administrators_see_clients_in_person(stage: Stage, admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """Not by a token, which an AI app could hold; not everybody else."""
    await populate(stage)
    for other in (admin, employee):
        assert (await other.get(CLIENTS)).status_code == 403
    async with signed_in(stage, EMPLOYEE) as person:
        assert (await person.get(CLIENTS)).status_code == 403
    async with signed_in(stage, ADMIN) as person:
        found = {one["id"]: one for one in (await person.get(CLIENTS)).json()["clients"]}
        assert (found[stage.ids["claude"]]["people"], found[stage.ids["claude"]]["kind"]) == (2, "pre")
        one = (await person.get(f"{CLIENTS}/one", params={"id": stage.ids["claude"]})).json()
        assert {grant["person"] for grant in one["grants"]} == {EMPLOYEE, AUDITOR}
        assert (await person.get(f"{CLIENTS}/one", params={"id": "x"})).status_code == 404


async def test_people_see_and_end_their_own(stage: Stage) -> None:
    """Nobody else's, whose ids look as if they did not exist."""
    async with signed_in(stage, EMPLOYEE) as person, signed_in(stage, AUDITOR) as other:
        mine = (await person.get(APPS)).json()["grants"]
        assert len(mine) == 2 and {one["person"] for one in mine} == {EMPLOYEE}
        assert (await other.get(APPS, params={"person": EMPLOYEE})).status_code == 403
        assert (await other.delete(f"{APPS}/{mine[0]['id']}")).status_code == 403
        assert (await other.delete(f"{APPS}/gra_000000000000")).status_code == 403
        assert (await person.delete(f"{APPS}/{mine[0]['id']}")).status_code == 204
        assert len((await person.get(APPS)).json()["grants"]) == 1


async def test_administrators_change_clients(stage: Stage) -> None:
    """Added, disabled, enabled, removed; a mistake is a sentence."""
    async with signed_in(stage, ADMIN) as person:
        bad = await person.post(CLIENTS, json={"name": "x", "redirect_uris": ["data:x"]})
        assert bad.status_code == 400 and "must begin with https" in bad.text
        made = (await person.post(CLIENTS, json={"name": "x", "redirect_uris": ["https://a.example/cb"], "confidential": True})).json()
        assert made["secret"]
        for do, status in (("disable", 204), ("disable", 409), ("enable", 204), ("remove", 204), ("remove", 404)):
            answer = await person.post(f"{CLIENTS}/change", json={"client": made["id"], "do": do})
            assert answer.status_code == status, answer.text
