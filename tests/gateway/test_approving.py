"""A call that waits for approval: refused with the place where it is decided, and let through once for exactly these arguments."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway import approving
from gatebook.gateway.eliciting import without_own_state
from gatebook.state.approvals import Approval, arguments_digest, put_approval
from gatebook.state.store import Store, bump
from tests.fixtures.hostile import Hostile
from tests.gateway.conftest import Running, Start, call, modern, rules, snapshot, spec

ASKING = """
kind: Policy
name: ask-first
spec: {effect: require_approval, selector: {tools: [ok]}, reason: A manager looks at this first.}
"""
KEY = b"k" * 32


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store.open(tmp_path / "state.db")
    yield opened
    opened.close()


def approve(running: Running, store: Store, connectors: dict[str, Any], call_id: str, arguments: bytes, **changes: Any) -> None:
    """Approve as the console does, and put it in force as the watcher does."""
    approval = Approval(
        **{
            "call": call_id,
            "person": "ann",
            "connector": "x",
            "tool": "ok",
            "arguments_sha256": arguments_digest(running.gate.keys.arguments, arguments),
            "rules": ("ask-first",),
            "decision": "approved",
            "single_use": True,
            "until_us": time.time_ns() // 1000 + 60_000_000,
            "decided_by": "bob",
            "decided_us": time.time_ns() // 1000,
        }
        | changes
    )
    with store.write() as connection:
        put_approval(connection, approval)
        bump(connection)
    running.gate.apply(msgspec.structs.replace(snapshot(connectors, governed=rules(ASKING)), approvals=store.snapshot().approvals))


async def test_the_call_waits_with_a_link_and_nothing_is_held_open(gateway: Start) -> None:
    """The answer comes at once, the record says pending, and the link names that record."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(ASKING)) as running:
        result = (await running.post("/mcp/x", call("ok", {"a": 1})))[1]["result"]
        (refused,) = running.records("call.refused")
        assert result["isError"] and f"/approvals/{refused.header.id}" in result["content"][0]["text"]
        assert (refused.body.decision.effect, refused.body.decision.rule, refused.body.outcome.status) == (
            "pending",
            "ask-first",
            "pending",
        )  # type: ignore[union-attr]
        assert upstream.requests == []


async def test_an_approval_is_for_exactly_these_arguments_and_once(gateway: Start, store: Store) -> None:
    """The order of keys does not matter, a value does; of several calls at the same time one gets through."""
    async with Hostile() as upstream:
        connectors = {"x": spec(url=upstream.url)}
        async with gateway(connectors, rules(ASKING), store) as running:
            await running.post("/mcp/x", call("ok", {"a": 1, "b": 2}))
            (refused,) = running.records("call.refused")
            approve(running, store, connectors, refused.header.id, b'{"b": 2, "a": 1}')
            assert (await running.post("/mcp/x", call("ok", {"a": 1, "b": 3})))[1]["result"]["isError"] is True
            several = [running.post("/mcp/x", call("ok", {"a": 1, "b": 2}, id=number)) for number in range(6)]
            through = [answer[1]["result"]["isError"] for answer in await asyncio.gather(*several)]
            assert sorted(through) == [False] + [True] * 5
            assert (await running.post("/mcp/x", call("ok", {"a": 1, "b": 2})))[1]["result"]["isError"] is True


async def test_an_approval_for_a_time_serves_equal_calls_until_it_is_over(gateway: Start, store: Store) -> None:
    """Several equal calls go through, and none after the end."""
    async with Hostile() as upstream:
        connectors = {"x": spec(url=upstream.url)}
        async with gateway(connectors, rules(ASKING), store) as running:
            until_us = time.time_ns() // 1000 + 2_000_000
            approve(running, store, connectors, "one", b"{}", single_use=False, until_us=until_us)
            assert [(await running.post("/mcp/x", call("ok")))[1]["result"]["isError"] for _ in range(3)] == [False] * 3
            await asyncio.sleep(max(0, until_us / 1e6 - time.time()) + 0.05)
            assert (await running.post("/mcp/x", call("ok")))[1]["result"]["isError"] is True


async def test_a_client_that_opens_addresses_is_given_one_in_its_own_way(gateway: Start, store: Store) -> None:
    """2026-07-28: input_required; the repeated call goes through, and the connector sees nothing of what the gateway gave for the way."""
    async with Hostile() as upstream:
        connectors = {"x": spec(url=upstream.url)}
        async with gateway(connectors, rules(ASKING), store) as running:
            body, headers = modern("tools/call", {"name": "ok", "arguments": {"a": 1}})
            body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"url": {}}}
            result = (await running.post("/mcp/x", body, headers))[1]["result"]
            asked = result["inputRequests"]["approval"]
            (refused,) = running.records("call.refused")
            assert result["resultType"] == "input_required" and asked["params"]["url"].endswith(f"/approvals/{refused.header.id}")
            body["params"] |= {"requestState": result["requestState"], "inputResponses": {"approval": {"action": "accept"}}}
            again = asyncio.create_task(running.post("/mcp/x", body, headers))
            await asyncio.sleep(0.1)
            approve(running, store, connectors, refused.header.id, b'{"a":1}')
            answer = (await again)[1]["result"]
            assert answer["isError"] is False and "requestState" not in upstream.requests[-1].params
            assert "inputResponses" not in upstream.requests[-1].params


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=5))
def test_the_digest_is_of_content_not_of_form(arguments: dict[str, Any]) -> None:
    """Order, blanks and escapes do not count; another key gives another digest."""
    import json

    one = json.dumps(arguments).encode()
    other = json.dumps(dict(reversed(arguments.items())), indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert arguments_digest(KEY, one) == arguments_digest(KEY, other) != arguments_digest(b"o" * 32, one)


def test_the_state_of_a_connector_is_left_alone() -> None:
    """Only what the gateway itself gave is taken out again."""
    params = b'{"name":"t","requestState":"of the connector","inputResponses":{}}'
    assert without_own_state(params) is params


async def test_a_repeated_call_that_nobody_approves_is_not_asked_for_ever(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given a moment, then it gets the address as text: a client that repeats by itself would go round and round."""
    monkeypatch.setattr(approving, "_CONTINUE_S", 0.5)
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(ASKING)) as running:
        body, headers = modern("tools/call", {"name": "ok", "arguments": {"a": 1}})
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"url": {}}}
        result = (await running.post("/mcp/x", body, headers))[1]["result"]
        body["params"] |= {"requestState": result["requestState"]}
        answer = (await running.post("/mcp/x", body, headers))[1]["result"]
        assert answer["isError"] and "/approvals/" in answer["content"][0]["text"]
        assert len(running.records("call.refused")) == 2 and running.gate.waiting == 0


async def test_all_arguments_of_a_call_that_waits_are_recorded(gateway: Start) -> None:
    """Somebody has to read them before they approve, so they are not cut as those of other refused calls are."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(ASKING)) as running:
        await running.post("/mcp/x", call("ok", {"text": "x" * 200_000}))
        (refused,) = running.records("call.refused")
        assert len(refused.parts["arguments"]) > 200_000
