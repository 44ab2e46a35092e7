"""Guardrails on the way of a call: sensitive data neither leaves in arguments nor comes back in answers."""

import json
from typing import Any

import pytest

from gatebook.gateway import guards
from tests.fixtures.hostile import BEHAVIOURS, Exchange, Hostile
from tests.gateway.conftest import Running, Start, call, modern, rules, spec

CARD = "4539 1488 0343 6467"
KEY = "AKIA" + "Q7P3ZRL5XW2M4T6B"
RULES = """
kind: Guardrail
name: no-secrets-out
spec: {detectors: [secret/*], action: block, parts: [arguments], reason: Secrets may not be sent to tools.}
---
kind: Guardrail
name: cards
spec: {detectors: [credit_card], action: mask_last4}
---
kind: Guardrail
name: mail
spec: {detectors: [email], action: hash, parts: [response]}
"""


def the(running: Running, kind: str) -> Any:
    """Return the only record of a type."""
    (record,) = running.records(kind)
    return record


def returning(monkeypatch: pytest.MonkeyPatch, result: Any) -> None:
    """Give the upstream a tool `returns` with this result, or this raw error."""

    async def returns(exchange: Exchange) -> None:
        message = {"jsonrpc": "2.0", "id": exchange.request.id, **result}
        await exchange.answer(json.dumps(message).encode())

    monkeypatch.setitem(BEHAVIOURS, "returns", returns)


async def test_a_secret_in_arguments_is_blocked_and_not_kept(gateway: Start) -> None:
    """The connector hears nothing, the caller reads why, and the book has detector and place but not the value."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
        _, message, _ = await running.post("/mcp/x", call("ok", {"note": f"use {KEY} please"}))
        assert message["result"]["isError"] and "Secrets may not be sent" in message["result"]["content"][0]["text"]
        refused = the(running, "call.refused")
        assert (refused.body.decision.effect, refused.body.decision.rule, upstream.requests) == ("blocked", "no-secrets-out", [])
        (finding,) = refused.body.findings
        assert (finding.detector, finding.action, finding.pointer) == ("secret/aws_access_key_id", "blocked", "/arguments/note")
        assert KEY.encode() not in refused.parts["arguments"] + refused.parts["response"]


async def test_the_record_names_the_guardrail_that_decided(gateway: Start) -> None:
    """Not one that only logs and comes first by name."""
    watch = "kind: Guardrail\nname: all\nspec: {detectors: ['*'], action: log}\n---\n"
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(watch + RULES)) as running:
        await running.post("/mcp/x", call("ok", {"note": f"use {KEY} please"}))
        decision = the(running, "call.refused").body.decision
        assert decision.rule == "no-secrets-out" and {"all", "no-secrets-out"} <= set(decision.matched)


async def test_arguments_are_redacted_before_they_are_sent(gateway: Start) -> None:
    """The connector gets what is left, the record says redacted, and all other bytes are as they came."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
        body = (
            b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ok","arguments":{"pay": "'
            + CARD.encode()
            + b'", "n": 1.50}}}'
        )
        await running.post("/mcp/x", body)
        sent = upstream.requests[-1].body
        assert b'"pay": "************6467", "n": 1.50' in sent and CARD.encode() not in sent
        started = the(running, "call.started")
        assert (started.body.decision.effect, started.body.decision.rule) == ("redacted", "cards")
        assert CARD.encode() not in started.parts["arguments"]


async def test_both_copies_of_an_answer_are_redacted(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that repeats its text in structuredContent leaks nothing through the copy; the same value has the same token."""
    row = {"email": "ann@tallpine.io", "card": CARD}
    returning(monkeypatch, {"result": {"content": [{"type": "text", "text": json.dumps(row)}], "structuredContent": row, "isError": False}})
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
        _, message, _ = await running.post("/mcp/x", call("returns"))
        copy, structured = json.loads(message["result"]["content"][0]["text"]), message["result"]["structuredContent"]
        assert copy == structured and structured["card"] == "************6467" and structured["email"].startswith("[email:")
        finished = the(running, "call.finished")
        assert finished.body.decision.effect == "redacted" and {finding.action for finding in finished.body.findings} == {
            "masked",
            "hashed",
        }
        assert json.loads(finished.parts["response"]) == message and finished.body.timing.dlp_us > 0


async def test_an_error_is_looked_at_as_well(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of a JSON-RPC error is text of the connector like any other."""
    returning(monkeypatch, {"error": {"code": -32000, "message": f"card {CARD} was declined"}})
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
        _, message, _ = await running.post("/mcp/x", call("returns"))
        assert message["error"]["message"] == "card ************6467 was declined"


async def test_a_blocked_answer_does_not_reach_the_client(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call was carried out and its answer withheld; the book keeps the answer without the values."""
    blocking = "kind: Guardrail\nname: bulk\nspec: {detectors: [credit_card], action: block, min_count: 2, reason: Too many cards.}"
    cards = [CARD, "5500 0000 0000 0004"]
    returning(monkeypatch, {"result": {"content": [{"type": "text", "text": f"{cards[0]} and {cards[1]}"}]}})
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(blocking)) as running:
        _, message, _ = await running.post("/mcp/x", call("returns"))
        assert message["result"]["isError"] and message["result"]["content"][0]["text"] == "The answer was withheld: Too many cards."
        finished = the(running, "call.finished")
        assert (finished.body.outcome.status, finished.body.outcome.error_class, finished.body.decision.rule) == (
            "blocked",
            "policy",
            "bulk",
        )
        kept = finished.parts["response"].decode()
        assert "[redacted:credit_card]" in kept and not any(card in kept for card in cards)


async def test_a_redaction_that_breaks_the_promise_of_the_tool_is_withheld(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output schema wants a number, a masked text would be refused by the client: the answer does not go out half right."""
    result = {"content": [], "structuredContent": {"card": 4539148803436467}, "isError": False}
    returning(monkeypatch, {"result": result})
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
        promised = {"type": "object", "properties": {"card": {"type": "integer"}}}
        tool = {"name": "returns", "inputSchema": {"type": "object"}, "outputSchema": promised}
        running.gate.runtimes["x"].catalog.learn("tools/list", json.dumps({"tools": [tool]}).encode())
        _, message, _ = await running.post("/mcp/x", call("returns"))
        assert message["result"]["isError"] and "output schema" in message["result"]["content"][0]["text"]


async def test_what_cannot_be_scanned_is_blocked(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too large, too deep, or a scanner that fails: never passed unscanned."""
    small = RULES + "---\nkind: Governance\nname: default\nspec: {scan: {payload_bytes_max: 2048}}"
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(small)) as running:
        assert (await running.post("/mcp/x", call("ok", {"a": "x" * 3000})))[1]["result"]["isError"]

        def fails(*_: Any) -> None:
            raise RuntimeError("a fault of the scanner")

        monkeypatch.setattr(guards.Scanner, "scan", fails)
        _, message, _ = await running.post("/mcp/x", call("ok", {"a": "b"}))
        assert message["result"]["isError"] and upstream.requests == []
        assert "a fault of the scanner" not in json.dumps(message)


async def test_notifications_on_the_way_are_looked_at(gateway: Start) -> None:
    """A progress message that holds a value reaches the client without it."""

    async def tells(exchange: Exchange) -> None:
        note = {
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progressToken": "p", "progress": 1, "message": f"paid {CARD}"},
        }
        await exchange.stream(json.dumps(note).encode(), exchange.result("done"))

    BEHAVIOURS["tells"] = tells
    try:
        async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
            _, messages, _ = await running.post("/mcp/x", call("tells"))
            assert messages[0]["params"]["message"] == "paid ************6467"
            assert the(running, "message.relayed").body.findings[0].detector == "pii/credit_card"
    finally:
        del BEHAVIOURS["tells"]


async def test_mirrored_headers_follow_the_redacted_arguments(gateway: Start) -> None:
    """2026-07-28 mirrors arguments in headers: a value that was taken out of the body does not leave in a header."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(RULES)) as running:
        schema = {"type": "object", "properties": {"card": {"type": "string", "x-mcp-header": "Card"}}}
        running.gate.runtimes["x"].catalog.learn("tools/list", json.dumps({"tools": [{"name": "ok", "inputSchema": schema}]}).encode())
        body, headers = modern("tools/call", {"name": "ok", "arguments": {"card": CARD}})
        status, _, _ = await running.post("/mcp/x", body, headers | {"mcp-param-card": CARD})
        sent = upstream.requests[-1]
        assert status == 200 and sent.headers["mcp-param-card"] == "************6467" and CARD.encode() not in sent.raw_headers + sent.body


async def test_policies_can_redact(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Effect redact takes out what the policy names, for whom it selects."""
    policy = "kind: Policy\nname: no-mail-for-sales\nspec: {effect: redact, selector: {groups: [sales]}, redact: [email]}"
    returning(monkeypatch, {"result": {"content": [{"type": "text", "text": "ask bob@tallpine.io"}]}})
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}, rules(policy)) as running:
        _, message, _ = await running.post("/mcp/x", call("returns"))
        assert message["result"]["content"][0]["text"] == "ask [redacted:email]"
        assert the(running, "call.finished").body.decision.rule == "no-mail-for-sales"
