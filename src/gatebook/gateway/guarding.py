"""Looks for sensitive data in what passes, in both directions, and does what the guardrails say. A payload that cannot be scanned does not pass."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gatebook.dlp.guardrail import Direction, Verdict
from gatebook.dlp.names import Named, Unread
from gatebook.gateway import headers, wire
from gatebook.gateway.catalog import Tool
from gatebook.gateway.context import now_ns
from gatebook.gateway.guards import Guarding, Guards
from gatebook.gateway.output_schema import keeps_promise
from gatebook.gateway.refusal import by_policy
from gatebook.record.parts import Decision, Finding

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live

_BROKEN = "What is left of the answer after redaction is not what the tool promises (its output schema)."
_READS_MAX = 8


class Looked(Struct, frozen=True):
    """A message after it was looked at. `withheld`: why it must not pass; `message` is then what the book may keep of it."""

    message: wire.Message
    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None
    withheld: str | None = None


def look_at_arguments(gate: "Gate", live: "Live") -> Looked:
    """Look at the params of a request before anything is sent, and change nothing. Raises Unread."""
    if not live.guards.arguments or live.message.params is None:
        return Looked(live.message)
    began = now_ns()
    try:
        return _look(gate.guarding, live.message, live.guards, "arguments", live.named)
    finally:
        live.dlp_us += (now_ns() - began) // 1000


def arguments(live: "Live", tool: Tool | None, looked: Looked) -> None:
    """Do what was decided about the params of a request; redacts them in place. Raises Refusal."""
    message, asked = live.message, live.asked
    asked.findings += looked.findings
    verdict = looked.verdict
    if verdict is None or not verdict.rules and not verdict.observed and looked.withheld is None:
        return
    assert asked.decision is not None
    asked.params = looked.message.params
    reason = looked.withheld
    if reason is None and verdict.effect == "redacted":
        before, after = wire.params_head(message.params), wire.params_head(looked.message.params)
        if (before.name, before.uri) != (after.name, after.uri):
            reason = "Sensitive data stands in the name of what is asked for."
    asked.decision = decided(asked.decision, verdict, reason)
    if reason is not None:
        raise by_policy(asked.decision)
    if verdict.effect == "redacted":
        live.message = looked.message
        mirrored = {name for name in live.context.headers if name.startswith(headers.PARAM_PREFIX)}
        if mirrored:
            kept = {name: value for name, value in live.context.headers.items() if name not in mirrored}
            again = headers.mirrored(tool.headers if tool is not None else {}, bytes(wire.params_head(looked.message.params).arguments))
            live.context.headers = kept | again


async def read(gate: "Gate", named: dict[bytes, Named], unread: Unread) -> None:
    """Have names looked for in what a look has to know of. After so many rounds there is no answer any more, and the payload counts as not read."""
    named[unread.payload] = await gate.names.read(unread.texts) if len(named) < _READS_MAX else Named(fault="names_failed")


async def response(gate: "Gate", live: "Live", message: wire.Message) -> Looked:
    """Look at a final answer, the result as well as an error."""
    if not live.guards.response:
        return Looked(message)
    began = now_ns()
    looked = await _look_patiently(gate, message, live.guards, "response")
    verdict = looked.verdict
    if verdict is not None and looked.withheld is None and verdict.effect == "redacted" and not _fits(live, looked.message):
        looked = replace(looked, withheld=_BROKEN)
    live.dlp_us += (now_ns() - began) // 1000
    live.answer.findings += looked.findings
    if verdict is not None and live.asked.decision is not None and (verdict.rules or verdict.observed or looked.withheld):
        live.answer.decision = decided(live.answer.decision or live.asked.decision, verdict, looked.withheld)
    return looked


async def relayed(gate: "Gate", message: wire.Message, guards: Guards, *, to_client: bool) -> Looked:
    """Look at a message that is neither a client's request nor its final answer."""
    part: Direction = "response" if to_client else "arguments"
    if not (guards.response if to_client else guards.arguments):
        return Looked(message)
    return await _look_patiently(gate, message, guards, part)


def decided(before: Decision, verdict: Verdict, withheld: str | None) -> Decision:
    """Add what the guardrails did to what the policies decided."""
    matched = (*before.matched, *(rule for rule in (*verdict.rules, *verdict.observed) if rule not in before.matched))
    changed = replace(before, matched=matched, observed=(*before.observed, *verdict.observed))
    if withheld is None and verdict.effect != "redacted":
        return changed
    # A payload that could not be scanned is held back by all of them alike.
    rule = verdict.decider or (verdict.rules[0] if verdict.rules else before.rule)
    return replace(
        changed, effect="blocked" if withheld is not None else "redacted", rule=rule, reason=withheld or verdict.reason or before.reason
    )


async def _look_patiently(gate: "Gate", message: wire.Message, guards: Guards, part: Direction) -> Looked:
    named: dict[bytes, Named] = {}
    guarding = gate.guarding
    while True:
        try:
            return _look(guarding, message, guards, part, named)
        except Unread as unread:
            await read(gate, named, unread)


def _look(guarding: Guarding, message: wire.Message, guards: Guards, part: Direction, named: Mapping[bytes, Named]) -> Looked:
    name, payload = _payload_of(message)
    if payload is None:
        return Looked(message)
    verdict = guarding.look(payload, part, guards, named)
    if verdict.effect == "blocked":
        kept = verdict.safe_body
        return Looked(message if kept is None else _with(message, name, kept), verdict.findings, verdict, verdict.reason or "Blocked.")
    changed = message if verdict.body is payload else _with(message, name, verdict.body)
    return Looked(changed, verdict.findings, verdict)


def _payload_of(message: wire.Message) -> tuple[str, bytes | None]:
    for name in ("params", "result", "error"):
        if (payload := getattr(message, name)) is not None:
            return name, payload
    return "params", None


def _with(message: wire.Message, name: str, payload: bytes) -> wire.Message:
    """The message with another payload; the bytes around it stay."""
    changed: wire.Message = replace(message, **{name: payload})
    if message.kind == "request":
        return replace(changed, raw=wire.request(message.id or b"null", message.method, payload))
    if message.kind == "notification":
        return replace(changed, raw=wire.notification(message.method, payload))
    return replace(changed, raw=wire.with_id(changed, message.id or b"null"))


def _fits(live: "Live", message: wire.Message) -> bool:
    runtime = live.plan.runtime if live.plan is not None else None
    tool = runtime.catalog.tools.get(live.asked.tool or "") if runtime is not None else None
    if tool is None or tool.output_schema is None or message.result is None:
        return True
    structured = wire.raw_map(message.result).get("structuredContent")
    return structured is None or keeps_promise(tool.output_schema, bytes(structured))
