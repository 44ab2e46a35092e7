"""Requests for access: asked by people whose call was denied, decided by approvers."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.approvals import DECISION_PROBLEMS
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.reading.decisions import REASON, GrantOrder, ReasonOrder
from gatebook.reading.requests import Access
from gatebook.state.approvals import RequestState

_ID: Final = params.in_path("id", "Id of the request.", "req_[0-9a-f]{12}", "There is no request with this id.")
_ENDS: Final[dict[Literal["declined", "withdrawn", "revoked"], tuple[str, str, str]]] = {
    "declined": ("declineAccess", "decline", "Decline an open request; a reason is needed."),
    "withdrawn": ("withdrawAccess", "withdraw", "Withdraw an own open request."),
    "revoked": ("revokeAccess", "revoke", "End what was granted; a reason is needed."),
}


class AccessAnswer(Struct, frozen=True, kw_only=True):
    """A request for access. Times in microseconds since 1970."""

    id: str
    call: Annotated[str, Meta(description="Id of the refused call.")]
    person: Annotated[str, Meta(description="Id of the person whom it is for.")]
    connector: str
    tool: str
    rules: Annotated[tuple[str, ...], Meta(description="Policies that denied the call; none where nothing allowed it.")]
    reason: Annotated[str, Meta(description="Why it is asked for.")]
    asked_us: int
    state: Annotated[RequestState, Meta(description="open, granted, declined, withdrawn or revoked.")]
    over: Annotated[bool, Meta(description="It was granted, and that time has passed.")]
    until_us: Annotated[int | None, Meta(description="Until when it is granted.")]
    decided_by: str | None
    decided_us: int | None
    decision_reason: str | None
    own: Annotated[bool, Meta(description="Whether it is for the caller.")]
    may_decide: Annotated[bool, Meta(description="Whether the caller is somebody who decides about it.")]


class AccessListAnswer(Struct, frozen=True, kw_only=True):
    """Requests, newest first: the caller's own, and those that the caller may decide about; readers of the whole book see all."""

    requests: list[AccessAnswer]


class AccessOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for what a call was denied."""

    call: Annotated[
        str,
        Meta(
            pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
            description="Id of the refused call.",
        ),
    ]
    reason: REASON


class AccessRequests:
    """Operations of `/v1/access-requests`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._requests = deps.requests

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        listed = Operation(
            name="listAccessRequests",
            method="GET",
            path="/v1/access-requests",
            group="approvals",
            handle=self.list,
            summary="Requests for access.",
            answer=AccessListAnswer,
        )
        asked = Operation(
            name="askForAccess",
            method="POST",
            path="/v1/access-requests",
            group="approvals",
            handle=self.ask,
            summary="Ask for what a call was denied; a reason is needed.",
            description="For a call of one's own; administrators also for others. On the record.",
            body=AccessOrder,
            answer=AccessAnswer,
            status=201,
            problems=DECISION_PROBLEMS,
        )
        shown = Operation(
            name="showAccessRequest",
            method="GET",
            path="/v1/access-requests/{id}",
            group="approvals",
            handle=self.show,
            summary="One request.",
            parameters=(_ID,),
            answer=AccessAnswer,
            problems=NOT_FOUND,
        )
        granted = Operation(
            name="grantAccess",
            method="POST",
            path="/v1/access-requests/{id}/grant",
            group="approvals",
            handle=self.grant,
            summary="Grant an open request for some hours. Nobody grants their own.",
            parameters=(_ID,),
            body=GrantOrder,
            answer=AccessAnswer,
            problems=DECISION_PROBLEMS,
        )
        return (listed, asked, shown, granted, *(self._end(state) for state in _ENDS))

    def _end(self, state: Literal["declined", "withdrawn", "revoked"]) -> Operation:
        async def close(ask: Ask) -> AccessAnswer:
            return _answer(await self._requests.close(ask.viewer, ask.values["id"], state, ask.body.reason))

        name, verb, summary = _ENDS[state]
        return Operation(
            name=name,
            method="POST",
            path=f"/v1/access-requests/{{id}}/{verb}",
            group="approvals",
            handle=close,
            summary=summary,
            parameters=(_ID,),
            body=ReasonOrder,
            answer=AccessAnswer,
            problems=DECISION_PROBLEMS,
        )

    async def list(self, ask: Ask) -> AccessListAnswer:
        """All that the caller sees."""
        return AccessListAnswer(requests=[_answer(one) for one in await self._requests.requests(ask.viewer)])

    async def ask(self, ask: Ask) -> AccessAnswer:
        """A new one."""
        return _answer(await self._requests.ask_access(ask.viewer, ask.body.call, ask.body.reason))

    async def show(self, ask: Ask) -> AccessAnswer:
        """One."""
        return _answer(await self._requests.request(ask.viewer, ask.values["id"]))

    async def grant(self, ask: Ask) -> AccessAnswer:
        """Grant one."""
        return _answer(await self._requests.grant(ask.viewer, ask.values["id"], ask.body))


def _answer(access: Access) -> AccessAnswer:
    own = {name: getattr(access, name) for name in ("over", "own", "may_decide")}
    names = [name for name in AccessAnswer.__struct_fields__ if name not in own]
    return AccessAnswer(**{name: getattr(access.request, name) for name in names}, **own)
