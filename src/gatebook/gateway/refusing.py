"""Answers of the gateway's own that refuse a request; each is on the record before the client hears of it."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gatebook.gateway import answers, approving, eliciting, wire
from gatebook.gateway import outcome as judge
from gatebook.gateway.recorder import Answer
from gatebook.gateway.refusal import NotConnected, Refusal
from gatebook.gateway.reply import Reply
from gatebook.log.errors import LogUnavailable, RecordTooLarge

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live


async def refuse(gate: "Gate", live: "Live", reply: Reply, refusal: Refusal) -> None:
    """Answer with an error of the gateway's own, recorded first."""
    id = live.own_id or (gate.recorder.book.new_id() if refusal.decision is not None else None)
    outcome = judge.refused(refusal.code, str(refusal)[:500], refusal.error_class)
    if isinstance(refusal, NotConnected):
        body, shows = eliciting.to_connect(live, refusal)
        outcome = replace(outcome, status="pending") if shows else outcome
    else:
        body = _body(gate, live, refusal, id)
    if refusal.decision is not None and refusal.decision.effect == "pending":
        outcome = replace(outcome, status="pending")
    status = refusal.status if refusal.status != 200 else answers.status_of(live, body)
    try:
        await gate.recorder.refused(live.context, live.asked, outcome, live.timing(), Answer(response=body), id).durable()
    except (LogUnavailable, RecordTooLarge):
        status = 503  # nothing was done, so nothing is lost but the note of the refusal; the client is told either way
    await reply.final(status, body, refusal.headers)


def _body(gate: "Gate", live: "Live", refusal: Refusal, id: str | None) -> bytes:
    text, message, decision = str(refusal), live.message, refusal.decision
    if message.id is None or message.method != "tools/call" or refusal.code not in (wire.BLOCKED, wire.OVERLOADED, wire.UPSTREAM_FAILED):
        return wire.error(message.id, refusal.code, text, refusal.data)
    if decision is not None and id is not None:
        base = gate.settings.console_url
        if decision.effect == "pending":
            return approving.answer(live, text, f"{base}/approvals/{id}")
        if gate.governing.may_be_asked_for(decision):
            text = f"{text} You can ask for access at {base}/access/{id}."
    return wire.tool_error(message.id, text, modern=live.context.modern)
