"""Policies, guardrails and their history over the API: what is told to whom, other modes, and the way back."""

from typing import Any

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.state.documents import parse_documents
from tests.api.conftest import client_of
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
kind: Policy
name: no-exports
spec: {effect: deny, selector: {tools: [export_*], groups: [sales]}}
---
kind: Guardrail
name: cards
spec: {detectors: [pii/credit_card], action: mask_last4}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def governed(stage: Stage) -> None:
    """A policy and a guardrail."""
    await stage.desk.apply(parse_documents(RULES, "rules.yaml"), local_caller("root", stage.vault.subject), "for the tests")


async def test_rules_and_their_history_are_told(stage: Stage) -> None:
    """In the order of evaluation and in words, with hits; those who do not read all calls are told nothing."""
    async with client_of(stage, AUDITOR) as auditor, client_of(stage, EMPLOYEE) as employee:
        (policy,) = (await auditor.get("/api/v1/policies")).json()["policies"]
        assert policy["applies_to"] == "Group sales: tool export_*" and policy["hits"]["days"] == [0] * 7
        (guardrail,) = (await auditor.get("/api/v1/guardrails")).json()["guardrails"]
        assert (guardrail["name"], guardrail["effect"], guardrail["parts"]) == ("cards", "mask_last4", ["arguments", "response"])
        shown = (await auditor.get("/api/v1/resources/Policy/no-exports")).json()
        assert shown["facts"] == policy and [one["reason"] for one in shown["versions"]] == ["for the tests"]
        assert (await auditor.get("/api/v1/resources/Policy/nothing")).status_code == 404
        assert (await auditor.get("/api/v1/resources/Poem/no-exports")).status_code == 404
        for path in ("policies", "guardrails", "resources/Policy/no-exports", "changes", "changes/chg_000000000000"):
            refused = await employee.get(f"/api/v1/{path}")
            assert refused.status_code == 403 and "those who see the metadata of all calls" in refused.json()["detail"]


async def test_a_mode_is_changed_and_rolled_back_in_a_session(stage: Stage) -> None:
    """With the version that was looked at; another one is a conflict."""
    async with signed_in(stage, ADMIN) as admin:
        order: dict[str, Any] = {"mode": "observe", "base": 1, "reason": "watch it first"}
        made = await admin.post("/api/v1/resources/Guardrail/cards/mode", json=order)
        assert made.status_code == 200 and (made.json()["applied"], made.json()["changes"][0]["version"]) == (True, 2)
        late = await admin.post("/api/v1/resources/Guardrail/cards/mode", json=order)
        assert late.status_code == 409 and late.json()["detail"].startswith("Somebody else has changed Guardrail cards")
        back = await admin.post("/api/v1/resources/Guardrail/cards/rollback", json={"version": 1, "base": 2, "reason": "enough seen"})
        assert back.json()["changes"][0]["diff"].splitlines()[-1] == "-  mode: observe"
        assert (await admin.post("/api/v1/resources/Guardrail/cards/rollback", json={"version": 9, "base": 3})).status_code == 404
        assert (await admin.post("/api/v1/resources/Guardrail/none/mode", json={**order, "base": 0})).status_code == 404
        assert (await admin.post("/api/v1/resources/ToolPack/none/mode", json={**order, "base": 0})).status_code == 404


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("resources/Policy/no-exports/mode", {"mode": "observe", "base": 1}),
        ("resources/Policy/no-exports/rollback", {"version": 1, "base": 1}),
        ("changes", {"deletions": [{"kind": "Policy", "name": "no-exports"}]}),
        ("changes/chg_000000000000/decision", {"decision": "applied"}),
    ],
)
async def test_a_token_changes_nothing(stage: Stage, admin: httpx2.AsyncClient, path: str, order: dict[str, Any]) -> None:
    """Not that of an administrator either; and a session only from the console itself."""
    before = stage.store.revision()
    refused = await admin.post(f"/api/v1/{path}", json=order)
    assert refused.status_code == 403 and "access token decides nothing" in refused.json()["detail"]
    async with signed_in(stage, ADMIN) as browser:
        revision = stage.store.revision()
        foreign = await browser.post(f"/api/v1/{path}", json=order, headers={"sec-fetch-site": "cross-site"})
        assert foreign.status_code == 403 and stage.store.revision() == revision
    async with signed_in(stage, AUDITOR) as auditor:
        revision = stage.store.revision()
        refused = await auditor.post(f"/api/v1/{path}", json=order)
        assert refused.status_code == 403 and "only members of the group admins" in refused.json()["detail"].lower()
        assert stage.store.revision() == revision
    assert before < revision
