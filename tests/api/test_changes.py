"""Changes to what is governed over the API: tried, made, and decided by a second person."""

import httpx2
import pytest

from gatebook.control.caller import local_caller
from gatebook.identity.issuing import TokenOrder
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECOND = "nils@northwind.example"
POLICY = "kind: Policy\nname: no-exports\nspec: {effect: deny, selector: {tools: [export_*]}}\n"
TWO = "kind: Governance\nname: default\nspec: {second_approver: true}\n"


async def test_what_is_wrong_has_lines_and_changes_nothing(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """The check answers with problems, the change with the same ones as 400; a token may check."""
    order = {"documents": POLICY.replace("deny", "denny")}
    checked = (await admin.post("/api/v1/changes/check", json=order)).json()
    assert checked["problems"][0].startswith("text:3: Policy no-exports: spec.effect:") and "did you mean 'deny'" in checked["problems"][0]
    async with signed_in(stage, ADMIN) as browser:
        refused = await browser.post("/api/v1/changes", json=order)
        assert refused.status_code == 400 and refused.json()["problems"] == checked["problems"]
        assert (await browser.post("/api/v1/changes", json={})).status_code == 400
    async with signed_in(stage, "amara@northwind.example") as employee:
        assert (await employee.post("/api/v1/changes/check", json=order)).status_code == 403
    assert stage.desk.resources() == []


async def test_a_change_waits_for_a_second_session(stage: Stage) -> None:
    """From the switch to the approval: it waits, nobody approves their own, another administrator does, and what moved meanwhile is a conflict."""
    await stage.desk.issuing.create(TokenOrder(person=SECOND, groups=("admins",)), local_caller("root", stage.vault.subject))
    async with signed_in(stage, ADMIN) as nora, signed_in(stage, SECOND) as nils, signed_in(stage, AUDITOR) as priya:
        switched = await nora.post("/api/v1/changes", json={"documents": TWO, "bases": {"Governance/default": 0}, "reason": "two of us"})
        assert switched.json()["applied"] is True
        assert (await nora.post("/api/v1/changes/check", json={"documents": POLICY})).json()["needs_second"] is True
        made = (await nora.post("/api/v1/changes", json={"documents": POLICY, "reason": "exports leave"})).json()
        assert made["applied"] is False and (await nora.get("/api/v1/policies")).json()["policies"] == []
        path = f"/api/v1/changes/{made['proposal']}"
        second = (await nora.post("/api/v1/changes", json={"documents": POLICY.replace("deny", "alert_only")})).json()["proposal"]
        assert [one["id"] for one in (await priya.get("/api/v1/changes")).json()["proposals"]] == [second, made["proposal"]]
        shown = [(await one.get(path)).json() for one in (nora, nils, priya)]
        assert [(one["own"], one["may_decide"]) for one in shown] == [(True, False), (False, True), (False, False)]
        own = await nora.post(f"{path}/decision", json={"decision": "applied"})
        assert own.status_code == 403 and own.json()["detail"].startswith("Nobody approves a change of their own")
        assert (await priya.post(f"{path}/decision", json={"decision": "applied"})).status_code == 403
        assert (await nils.post(f"{path}/decision", json={"decision": "declined"})).json()["detail"] == "A reason is needed."
        done = (await nils.post(f"{path}/decision", json={"decision": "applied", "reason": "agreed"})).json()
        assert done["proposal"]["state"] == "applied" and done["made"]["changes"][0]["action"] == "created"
        assert [one["name"] for one in (await nora.get("/api/v1/policies")).json()["policies"]] == ["no-exports"]
        assert (await nils.post(f"{path}/decision", json={"decision": "applied"})).status_code == 409
        assert (await nils.get(f"/api/v1/changes/{second}")).json()["outdated"] is True
        moved = await nils.post(f"/api/v1/changes/{second}/decision", json={"decision": "applied"})
        assert moved.status_code == 409 and "changed Policy no-exports meanwhile" in moved.json()["detail"]
        over = await nora.post(f"/api/v1/changes/{second}/decision", json={"decision": "withdrawn", "reason": "over"})
        assert over.json()["made"] is None and over.json()["proposal"]["state"] == "withdrawn"
        gone = await nils.post("/api/v1/changes/chg_000000000000/decision", json={"decision": "applied"})
        assert gone.status_code == 404 and (await nils.get("/api/v1/changes/chg_000000000000")).status_code == 404
