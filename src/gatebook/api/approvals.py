"""Calls that wait for an approval: what they want to do, and the decision about them."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.reading.decisions import ApproveOrder, ReasonOrder
from gatebook.reading.requests import WaitingCall
from gatebook.state.approvals import Approval

DECISION_PROBLEMS: Final = {
    **NOT_FOUND,
    403: "The caller may not decide about this, or the change was sent by a page of another origin.",
    409: "It was decided already, is too old or too long, or lacks a reason.",
}


class DecisionAnswer(Struct, frozen=True, kw_only=True):
    """What was decided about a call. Times in microseconds since 1970."""

    call: Annotated[str, Meta(description="Id of the call.")]
    person: Annotated[str, Meta(description="Id of the person who made it.")]
    connector: str
    tool: str
    rules: Annotated[tuple[str, ...], Meta(description="Policies for which it was decided.")]
    decision: Literal["approved", "declined"]
    single_use: Annotated[bool, Meta(description="Approved for one call; else for all equal ones until it is over.")]
    until_us: Annotated[int, Meta(description="When the approval is over.")]
    used_us: Annotated[int | None, Meta(description="When a call last used it; null while none has.")]
    decided_by: Annotated[str, Meta(description="Id of the person who decided.")]
    decided_us: int
    reason: Annotated[str | None, Meta(description="The reason that was given.")]


class WaitingAnswer(Struct, frozen=True, kw_only=True):
    """A call that waits, or waited. Times in microseconds since 1970."""

    call: Annotated[str, Meta(description="Id of the call.")]
    time_us: Annotated[int, Meta(description="When it was made.")]
    state: Annotated[Literal["waiting", "approved", "declined", "too_old"], Meta(description="too_old: nobody decided within seven days.")]
    person: Annotated[str, Meta(description="Id of the person; empty when erased.")]
    name: str
    client: Annotated[str, Meta(description="Name of the AI app.")]
    connector: str
    tool: str
    arguments: Annotated[msgspec.Raw | None, Meta(description="Exactly what an approval would be for; null when it cannot be read.")]
    rule: Annotated[str, Meta(description="The policy that wants an approval.")]
    reason: Annotated[str, Meta(description="What the caller was told.")]
    repeats: Annotated[int, Meta(description="How often an equal call was made beside this one.")]
    own: Annotated[bool, Meta(description="Whether it is the caller's.")]
    may_decide: Annotated[bool, Meta(description="Whether the caller may decide about it now.")]
    approvers: Annotated[tuple[str, ...], Meta(description="Groups and people who may decide beside administrators.")]
    decision: DecisionAnswer | None


class WaitingListAnswer(Struct, frozen=True, kw_only=True):
    """Calls of the last seven days that wait: the caller's own, and those that the caller may decide about."""

    waiting: list[WaitingAnswer]


class DecisionListAnswer(Struct, frozen=True, kw_only=True):
    """Decisions of the last seven days, newest first."""

    decisions: list[DecisionAnswer]


class Approvals:
    """Operations of `/v1/approvals`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._requests = deps.requests

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (*self._reading(), *self._changing())

    def _reading(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="listApprovals",
                method="GET",
                path="/v1/approvals",
                group="approvals",
                handle=self.list,
                summary="Calls that wait for an approval, newest first.",
                description="Equal calls of one person are one. Reading their arguments is on the record.",
                answer=WaitingListAnswer,
            ),
            Operation(
                name="listDecisions",
                method="GET",
                path="/v1/approvals/decided",
                group="approvals",
                handle=self.decided,
                summary="What was decided about calls in the last seven days.",
                answer=DecisionListAnswer,
            ),
            Operation(
                name="showApproval",
                method="GET",
                path="/v1/approvals/{id}",
                group="approvals",
                handle=self.show,
                summary="One call that waits or waited.",
                parameters=(params.call_id(),),
                answer=WaitingAnswer,
                problems=NOT_FOUND,
            ),
        )

    def _changing(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="approveCall",
                method="POST",
                path="/v1/approvals/{id}/approve",
                group="approvals",
                handle=self.approve,
                summary="Let a call through when it is repeated with exactly these arguments.",
                description="Nobody approves a call of their own. On the record before it is in force.",
                parameters=(params.call_id(),),
                body=ApproveOrder,
                answer=DecisionAnswer,
                problems=DECISION_PROBLEMS,
            ),
            Operation(
                name="declineCall",
                method="POST",
                path="/v1/approvals/{id}/decline",
                group="approvals",
                handle=self.decline,
                summary="Decline a call; a reason is needed.",
                parameters=(params.call_id(),),
                body=ReasonOrder,
                answer=DecisionAnswer,
                problems=DECISION_PROBLEMS,
            ),
        )

    async def list(self, ask: Ask) -> WaitingListAnswer:
        """All that wait."""
        return WaitingListAnswer(waiting=[_waiting(one) for one in await self._requests.waiting(ask.viewer)])

    async def decided(self, ask: Ask) -> DecisionListAnswer:
        """The last decisions."""
        return DecisionListAnswer(decisions=[_decision(one) for one in await self._requests.decided(ask.viewer)])

    async def show(self, ask: Ask) -> WaitingAnswer:
        """One."""
        return _waiting(await self._requests.call(ask.viewer, ask.values["id"]))

    async def approve(self, ask: Ask) -> DecisionAnswer:
        """Approve one."""
        return _decision(await self._requests.approve(ask.viewer, ask.values["id"], ask.body))

    async def decline(self, ask: Ask) -> DecisionAnswer:
        """Decline one."""
        return _decision(await self._requests.decline(ask.viewer, ask.values["id"], ask.body.reason))


def _waiting(one: WaitingCall) -> WaitingAnswer:
    call = one.call
    return WaitingAnswer(
        call=call.call,
        time_us=call.time_us,
        state=one.state,
        person=call.person,
        name=call.name,
        client=call.client,
        connector=call.connector,
        tool=call.tool,
        arguments=None if call.arguments is None else msgspec.Raw(call.arguments),
        rule=call.rule,
        reason=call.reason,
        repeats=one.repeats,
        own=one.own,
        may_decide=one.may_decide,
        approvers=one.approvers,
        decision=None if one.decision is None else _decision(one.decision),
    )


def _decision(approval: Approval) -> DecisionAnswer:
    return DecisionAnswer(**{name: getattr(approval, name) for name in DecisionAnswer.__struct_fields__})
