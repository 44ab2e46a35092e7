"""Policies decide on the way of a call: what may be called, what is listed, and what the record says."""

import asyncio
from typing import Any

import pytest

from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import ANN, BOB, Running, Start, call, modern, rules, spec

CAP = """
kind: Policy
name: cap
spec:
  effect: deny
  selector: {connectors: [x], tools: [ok]}
  when: "args.?limit.orValue(0) > 100"
  reason: Not more than 100 at once.
"""
STRICT = """
kind: Governance
name: default
spec: {default: deny}
---
kind: Policy
name: sales-may
spec: {effect: allow, selector: {groups: [sales], connectors: [x], tools: [ok]}}
"""


def the(running: Running, kind: str) -> Any:
    """Return the body of the only record of a type."""
    (record,) = running.records(kind)
    return record.body


async def listed(running: Running, path: str, token: str) -> set[str]:
    """Return the names of listed tools."""
    body, headers = modern("tools/list")
    return {tool["name"] for tool in (await running.post(path, body, headers, token))[1]["result"]["tools"]}


async def test_a_policy_denies_by_arguments_and_says_why(gateway: Start) -> None:
    """The caller reads the reason, the record has effect, rule, bundle and all that matched, and the connector hears nothing."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(CAP)) as running:
        _, message, _ = await running.post("/mcp/x", call("ok", {"limit": 101}))
        assert message["result"]["isError"] and message["result"]["content"][0]["text"] == "Not more than 100 at once."
        refused = the(running, "call.refused")
        assert (refused.decision.effect, refused.decision.rule, refused.decision.bundle) == ("blocked", "cap", "c" * 16)
        assert "cap" in refused.decision.matched and refused.outcome.status == "blocked" and upstream.requests == []
        assert (await running.post("/mcp/x", call("ok", {"limit": 100})))[1]["result"]["isError"] is False


@pytest.mark.parametrize("arguments", [{"limit": "many"}, {"limit": None}, {"limit": [1]}])
async def test_a_condition_that_cannot_be_answered_denies(gateway: Start, arguments: dict[str, Any]) -> None:
    """A deny rule fails closed, and the record names the rule that could not be answered."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(CAP)) as running:
        assert (await running.post("/mcp/x", call("ok", arguments)))[1]["result"]["isError"]
        assert the(running, "call.refused").decision.errors == ("cap",)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/x"])
async def test_a_rule_about_arguments_hides_no_tool(gateway: Start, path: str) -> None:
    """agentgateway 3092: the list is answered without arguments, so a condition over them must not empty it."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(CAP)) as running:
        assert any(name.endswith("ok") for name in await listed(running, path, ANN))


async def test_the_list_holds_exactly_what_may_be_called(gateway: Start) -> None:
    """A tool that is not listed for somebody cannot be called by them either, and what is listed can."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(STRICT)) as running:
        assert (await listed(running, "/mcp/x", ANN), await listed(running, "/mcp/x", BOB)) == ({"ok"}, set())
        assert (await running.post("/mcp/x", call("ok")))[1]["result"]["isError"] is False
        for tool, token in (("ok", BOB), ("slow_drip", ANN)):
            assert (await running.post("/mcp/x", call(tool), token=token))[1]["result"]["isError"] is True
        assert {record.body.decision.rule for record in running.records("call.refused")} == {"default-deny"}  # type: ignore[union-attr]


async def test_denying_rules_alone_deny_nothing_else(gateway: Start) -> None:
    """agentgateway 1058: a bundle that only denies leaves the rest to the grants of the connector."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(CAP)) as running:
        assert (await running.post("/mcp/x", call("ok")))[1]["result"]["isError"] is False
        assert the(running, "call.started").decision.rule == "connector/x:allow.groups[everyone]"


async def test_a_policy_that_observes_changes_nothing(gateway: Start) -> None:
    """The call goes through, and its record says which rule would have had a say."""
    observing = CAP.replace("effect: deny", "effect: deny\n  mode: observe")
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(observing)) as running:
        assert (await running.post("/mcp/x", call("ok", {"limit": 1000})))[1]["result"]["isError"] is False
        assert the(running, "call.started").decision.observed == ("cap",)


async def test_a_limit_counts_calls_that_went_through(gateway: Start) -> None:
    """Two a minute for each person: the third waits, another person does not, and refused calls count for nothing."""
    limited = "kind: Policy\nname: slow\nspec: {effect: deny, limit: {calls_max: 2, per_s: 60, by: [person]}, reason: Two a minute.}"
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(limited)) as running:
        said = [(await running.post("/mcp/x", call("ok")))[1]["result"]["isError"] for _ in range(4)]
        assert said == [False, False, True, True]
        assert (await running.post("/mcp/x", call("ok"), token=BOB))[1]["result"]["isError"] is False
        assert {record.body.decision.reason for record in running.records("call.refused")} == {"Two a minute."}  # type: ignore[union-attr]


async def test_a_limit_holds_for_calls_at_the_same_time(gateway: Start) -> None:
    """Of ten that come together no more than the limit go through."""
    limited = "kind: Policy\nname: slow\nspec: {effect: deny, limit: {calls_max: 3, per_s: 60}, reason: Three a minute.}"
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(limited)) as running:
        answers = await asyncio.gather(*(running.post("/mcp/x", call("ok", id=number)) for number in range(10)))
        assert sorted(answer[1]["result"]["isError"] for answer in answers) == [False] * 3 + [True] * 7


async def test_who_is_denied_by_default_is_told_where_to_ask(gateway: Start) -> None:
    """The address names the record of the refusal; a rule that is not requestable gives none."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(STRICT + "---" + CAP)) as running:
        text = (await running.post("/mcp/x", call("ok"), token=BOB))[1]["result"]["content"][0]["text"]
        (refused,) = running.records("call.refused")
        assert f"/access/{refused.header.id}" in text
        text = (await running.post("/mcp/x", call("ok", {"limit": 1000})))[1]["result"]["content"][0]["text"]
        assert "/access/" not in text
