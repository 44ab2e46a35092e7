"""A request of a client while it is carried out: what is asked, where it goes, what came of it so far."""

import asyncio

from gatebook.dlp.names import Named
from gatebook.gateway import wire
from gatebook.gateway.context import Context, now_ns
from gatebook.gateway.guards import NO_GUARDS
from gatebook.gateway.plan import Plan
from gatebook.gateway.recorder import Answer, Asked
from gatebook.gateway.sessions import Session
from gatebook.gateway.upstream.exchange import Exchange, Leg
from gatebook.log.receipt import Receipt
from gatebook.record.parts import ErrorClass, Timing


class Live:
    """A call in flight."""

    def __init__(self, context: Context, message: wire.Message, asked: Asked, session: Session | None) -> None:
        self.context = context
        self.message = message
        self.asked = asked
        self.session = session
        self.receipt: Receipt | None = None
        self.leg: Leg | None = None
        self.exchange: Exchange | None = None
        self.plan: Plan | None = None
        self.answer = Answer()
        self.guards = NO_GUARDS
        self.named: dict[bytes, Named] = {}
        """What is known of names in its arguments."""
        self.policy_us = 0
        self.dlp_us = 0
        self.log_us = 0
        self.upstream_us = 0
        self.dispatched_ns = 0
        self.detached = False
        self.own_id: str | None = None
        """Id that its first record shall have, where that had to be known before."""
        self.repeated = False
        """The client repeats a call that was to wait for approval: it has shown the address."""
        self.cancel_asked = False
        self.task: asyncio.Task[None] | None = None
        self.why_cancelled: str | None = None
        self.cancelled_class: ErrorClass = "cancelled"

    @property
    def id(self) -> str | None:
        """Id of the call; None while it has no record."""
        return None if self.receipt is None else self.receipt.id

    @property
    def may_go_unrecorded(self) -> bool:
        """Whether its connector says that a call goes on when it cannot be recorded."""
        runtime = self.plan.runtime if self.plan else None
        return runtime is not None and runtime.connector.spec.on_log_failure == "allow"

    def cancel(self, reason: str, error_class: ErrorClass = "cancelled") -> None:
        """End the call from this side. The task, once it may be interrupted, notes the outcome and ends its reply."""
        if self.why_cancelled is None:
            self.why_cancelled = reason
            self.cancelled_class = error_class
            if self.task is not None:
                self.task.cancel()

    def timing(self) -> Timing:
        """Where the time went so far."""
        total_us = (now_ns() - self.context.received_ns) // 1000
        spent = self.policy_us + self.dlp_us + self.log_us + self.upstream_us
        return Timing(
            total_us=total_us,
            gateway_us=max(0, total_us - spent),
            policy_us=self.policy_us,
            dlp_us=self.dlp_us,
            log_us=self.log_us,
            upstream_us=self.upstream_us,
        )
