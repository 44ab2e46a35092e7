"""A call that waits for somebody's approval: how the caller is told, and how the approval is bound to exactly this call.

Nothing is held open. The caller gets the place where it is decided, in the way that the client understands best, and repeats the call.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from gatebook.dlp.names import Unread
from gatebook.gateway import eliciting, guarding, wire
from gatebook.gateway.context import now_ns
from gatebook.gateway.refusal import Refusal, by_policy
from gatebook.state.approvals import Approval, arguments_digest

if TYPE_CHECKING:
    from gatebook.gateway.gate import Gate
    from gatebook.gateway.live import Live
    from gatebook.gateway.plan import Plan

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
    """Say that a call waits, and where it is decided."""
    asked = eliciting.answer(live, "approval", text, url)
    if asked is not None:
        return asked
    text = f"{text} Open {url}, and repeat the call once it is approved."
    return wire.tool_error(live.message.id or b"null", text, modern=live.context.modern)
