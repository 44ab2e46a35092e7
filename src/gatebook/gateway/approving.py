"""A call that waits for somebody's approval: how the caller is told, and how the approval is bound to exactly this call.

Nothing is held open. The caller gets the place where it is decided, in the way that the client understands best, and repeats the call.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from gatebook.dlp.names import Unread
from gatebook.gateway import guarding, headers, wire
from gatebook.gateway.context import now_ns
from gatebook.gateway.refusal import Refusal, by_policy
from gatebook.state.approvals import Approval, arguments_digest

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live
    from gatebook.gateway.plan import Plan

URL_ELICITATION_REQUIRED = -32042
_STATE_PREFIX = "gatebook-approval:"
_CONTINUE_S = 10.0
_LOOK_S = 0.25
_WAITING_MAX = 100


def fitting(approvals: list[Approval], key: bytes, arguments: bytes, now_us: int) -> list[Approval]:
    """The approvals that were given for exactly these arguments, and are not over."""
    lasting = [approval for approval in approvals if approval.until_us > now_us]
    if not lasting:
        return []
    digest = arguments_digest(key, arguments)
    return [approval for approval in lasting if hmac.compare_digest(approval.arguments_sha256, digest)]


async def patiently(gate: "Gate", live: "Live", prepare: "Callable[[Gate, Live], Plan]") -> "Plan":
    """Prepare a call; one that is repeated because its address was shown is given a little time to be approved, so that it simply goes on.
    Where names are looked for in arguments, it is prepared again with what was found.

    Raises Refusal.
    """
    ends_s = time.monotonic() + _CONTINUE_S
    while True:
        try:
            return prepare(gate, live)
        except Unread as unread:
            began = now_ns()
            await guarding.read(gate, live.named, unread)
            live.dlp_us += (now_ns() - began) // 1000
            continue
        except Refusal as refusal:
            waits = live.repeated and refusal.decision is not None and refusal.decision.effect == "pending"
            if not waits or time.monotonic() >= ends_s or gate.waiting >= _WAITING_MAX:
                raise
        gate.waiting += 1
        try:
            await asyncio.sleep(_LOOK_S)
        finally:
            gate.waiting -= 1


async def use(gate: "Gate", live: "Live") -> None:
    """Use up what let a call through, before it is dispatched. Raises Refusal when another call was faster."""
    plan = live.plan
    assert plan is not None
    for approval in plan.approvals:
        if approval.single_use and (gate.notebook is None or not await gate.notebook.use(approval.call)):
            text = "The approval of this call was used by another call, or is over."
            live.asked.decision = replace(plan.decision, effect="pending", rule=approval.rules[0], reason=text)
            raise by_policy(live.asked.decision)


def answer(live: "Live", text: str, url: str) -> bytes:
    """Say that a call waits: as input_required (2026-07-28), as the error for URL elicitation (2025-11-25), else as a tool error with the address."""
    if live.repeated or not _elicits_urls(live):
        text = f"{text} Open {url}, and repeat the call once it is approved."
        return wire.tool_error(live.message.id or b"null", text, modern=live.context.modern)
    elicitation = {"mode": "url", "elicitationId": url.rpartition("/")[2], "url": url, "message": text}
    id_text = live.message.id or b"null"
    if live.context.modern:
        request = {"method": "elicitation/create", "params": elicitation}
        state = _STATE_PREFIX + elicitation["elicitationId"]
        return wire.response(
            id_text, wire.encode({"resultType": "input_required", "inputRequests": {"approval": request}, "requestState": state})
        )
    return wire.error(live.message.id, URL_ELICITATION_REQUIRED, text, {"elicitations": [elicitation]})


def is_own_state(state: str | None) -> bool:
    """Whether a request carries what the gateway itself gave for the way."""
    return state is not None and state.startswith(_STATE_PREFIX)


def without_own_state(params: bytes | None) -> bytes | None:
    """Return the params of a repeated call without what the gateway itself gave for the way: a connector does not know of it."""
    members = wire.raw_map(params)
    state = wire.text_of(members.get("requestState"))
    if not is_own_state(state):
        return params
    return wire.encode({name: value for name, value in members.items() if name not in ("requestState", "inputResponses")})


def _elicits_urls(live: "Live") -> bool:
    if live.context.modern:
        meta = wire.raw_map(bytes(wire.params_head(live.message.params).meta))
        capabilities: Any = meta.get(headers.META_CAPABILITIES)
    else:
        hello = live.session.hello if live.session is not None else b"{}"
        capabilities = wire.raw_map(hello).get("capabilities")
    elicitation = wire.raw_map(bytes(wire.raw_map(bytes(capabilities or b"{}")).get("elicitation", b"{}")))
    return "url" in elicitation
