"""Canaries that come back, and sessions that could carry private data off."""

from typing import Any

import pytest

from gatebook.gateway import approving
from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import BOB, Start, call, modern, rules, spec

CANARIES = """
kind: Governance
name: default
spec: {canaries: {connectors: [x], tools: [ok], action: ACTION}, toxic_flows: {action: none}}
"""
FLOWS = """
kind: Governance
name: default
spec:
  toxic_flows:
    action: ACTION
    labels: {x/ok: [untrusted_source], x/slow_drip: [private_source], x/big_integer: [external_sink], "x/*": []}
"""
FAST = {"bytes": 10, "seconds": 0.01}


@pytest.mark.parametrize("action", ["block", "alert"])
async def test_a_canary_that_comes_back_is_a_certain_finding(gateway: Start, action: str) -> None:
    """Planted in an answer, found in any later arguments, also those of another person: the record names the call that planted it."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(CANARIES.replace("ACTION", action))) as running:
        content = (await running.post("/mcp/x", call("ok")))[1]["result"]["content"]
        (planted,) = running.records("call.started")
        token = content[-1]["text"].removeprefix("ref: ")
        assert token.startswith("ghp_") and token.encode() in running.records("call.finished")[0].parts["response"]
        again = (await running.post("/mcp/x", call("big_integer", {"note": f"copy of {token}"}), token=BOB))[1]
        if action == "block":
            refused = running.records("call.refused")[0].body
            assert again["result"]["isError"] and refused.decision.rule == "canary" and refused.findings[0].severity == "critical"  # type: ignore[union-attr]
            assert f"canary/{planted.header.id}" in refused.decision.matched and len(upstream.requests) == 1  # type: ignore[union-attr]
        else:
            started = running.records("call.started")[1].body
            assert started.decision.observed == (f"canary/{planted.header.id}",) and started.findings[0].action == "logged"  # type: ignore[union-attr]


async def test_a_canary_stays_on_the_record_beside_what_guardrails_find(gateway: Start) -> None:
    """Both findings stand on the call that only raised an alert."""
    both = (
        CANARIES.replace("ACTION", "alert")
        + "---\nkind: Guardrail\nname: mail\nspec: {detectors: [email], action: hash, parts: [arguments]}\n"
    )
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(both)) as running:
        content = (await running.post("/mcp/x", call("ok")))[1]["result"]["content"]
        token = content[-1]["text"].removeprefix("ref: ")
        await running.post("/mcp/x", call("big_integer", {"note": token, "to": "ann@tallpine.io"}))
        started = running.records("call.started")[1].body
        assert [finding.detector for finding in started.findings] == ["canary", "pii/email"]  # type: ignore[union-attr]


async def test_a_made_up_canary_is_none(gateway: Start) -> None:
    """Whoever lacks the key cannot make one; other tokens of this form pass."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(CANARIES.replace("ACTION", "block"))) as running:
        made_up = "ghp_" + "Ab1" * 12
        assert (await running.post("/mcp/x", call("big_integer", {"note": made_up})))[1]["result"]["isError"] is False


async def play(running: Any, *tools: str, token: str | None = None) -> list[bool]:
    """Call tools in one session; return whether each was refused."""
    said = []
    for tool in tools:
        body, headers = modern("tools/call", {"name": tool, "arguments": FAST})
        answer = await running.post("/mcp/x", body, headers, **({"token": token} if token else {}))
        said.append(bool(answer[1]["result"].get("isError")) if isinstance(answer[1], dict) else False)
    return said


async def test_untrusted_then_private_then_outwards_is_blocked(gateway: Start) -> None:
    """The record names the two calls before; another person's session is not touched, and another order is not either."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(FLOWS.replace("ACTION", "block"))) as running:
        assert await play(running, "big_integer", "ok", "slow_drip") == [False, False, False]
        assert await play(running, "big_integer", token=BOB) == [False]
        assert await play(running, "big_integer") == [True]
        (refused,) = running.records("call.refused")
        read = [record.header.id for record in running.records("call.started") if record.body.tool in ("ok", "slow_drip")]  # type: ignore[union-attr]
        assert refused.body.decision.rule == "toxic-flow"  # type: ignore[union-attr]
        assert {f"toxic-flow/{id}" for id in read} <= set(refused.body.decision.matched)  # type: ignore[union-attr]


async def test_an_alert_lets_the_call_through_and_says_so(gateway: Start) -> None:
    """And a call that waits for approval gets the place where it is decided."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(FLOWS.replace("ACTION", "alert"))) as running:
        assert await play(running, "ok", "slow_drip", "big_integer") == [False] * 3
        assert running.records("call.started")[-1].body.decision.observed == ("toxic-flow",)  # type: ignore[union-attr]


async def test_a_flow_can_wait_for_approval(gateway: Start) -> None:
    """Pending, with a link."""
    asking = FLOWS.replace("ACTION", "require_approval")
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(asking)) as running:
        assert await play(running, "ok", "slow_drip", "big_integer") == [False, False, True]
        assert running.records("call.refused")[0].body.decision.effect == "pending"  # type: ignore[union-attr]


async def test_a_repeated_flow_that_nobody_approves_is_not_asked_for_ever(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given a moment, as every call that waits; then it gets the address as text. What it brought back stands once on the record."""
    monkeypatch.setattr(approving, "_CONTINUE_S", 0.6)
    asking = FLOWS.replace("ACTION", "require_approval") + "  canaries: {connectors: [x], tools: [ok], action: alert}\n"
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(asking)) as running:
        await play(running, "ok", "slow_drip")
        token = running.gate.flows.canary("x", "ok", running.records("call.started")[0].header.id)
        body, headers = modern("tools/call", {"name": "big_integer", "arguments": {"note": token}})
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"url": {}}}
        result = (await running.post("/mcp/x", body, headers))[1]["result"]
        body["params"] |= {"requestState": result["requestState"]}
        answer = (await running.post("/mcp/x", body, headers))[1]["result"]
        assert answer["isError"] and "/approvals/" in answer["content"][0]["text"]
        refused = running.records("call.refused")
        assert [len(record.body.findings) for record in refused] == [1, 1] and running.gate.waiting == 0  # type: ignore[union-attr]
