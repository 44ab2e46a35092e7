"""Changes to what is governed: tried, made, and those that wait for a second person."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import Problem
from gatebook.api.rules import CHANGE_PROBLEMS, FORBIDDEN
from gatebook.reading.decisions import REASON
from gatebook.reading.rule_facts import Checked, Decision, Edit, Kind, Made, Proposal

_MISSING: Final = "There is no proposal with this id."
_ID: Final = params.in_path("id", "Id of the proposal.", "chg_[0-9a-f]{12}", _MISSING)
_NAME = Annotated[str, Meta(min_length=1, max_length=63)]


class ResourceName(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource by kind and name."""

    kind: Kind
    name: _NAME


class ChangeOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resources to create, change and delete: all of them, or none."""

    documents: Annotated[
        str, Meta(description="YAML documents, as `gatebook apply` takes them.", extra_json_schema={"format": "gatebook-documents"})
    ] = ""
    deletions: Annotated[tuple[ResourceName, ...], Meta(description="Resources to delete.", max_length=50)] = ()
    bases: Annotated[
        dict[str, Annotated[int, Meta(ge=0, le=1 << 53)]],
        Meta(description="Version that was looked at by `Kind/name`, 0 where there was none: 409 when it is another by now."),
    ] = {}
    reason: REASON = ""

    @property
    def edit(self) -> Edit:
        """The same for the room."""
        deletions = tuple((one.kind, one.name) for one in self.deletions)
        return Edit(text=self.documents, deletions=deletions, bases=self.bases, reason=self.reason)


class ProposalsAnswer(Struct, frozen=True, kw_only=True):
    """Changes that wait for a second person, or did, the newest first."""

    proposals: list[Proposal]


class ProposalOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A decision about a change that waits."""

    decision: Annotated[Decision, Meta(description="applied, declined, or withdrawn by its author.")]
    reason: Annotated[REASON, Meta(description="Why; needed to decline and to withdraw.")] = ""


class DecidedProposal(Struct, frozen=True, kw_only=True):
    """A proposal after the decision. `made`: what was applied; null when nothing was."""

    proposal: Proposal
    made: Made | None


class Changes:
    """Operations of `/v1/changes`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._rules = deps.rules

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="checkChange",
                method="POST",
                path="/v1/changes/check",
                group="changes",
                handle=self.check,
                summary="What would come of a change: everything that is wrong with it, the differences, and whether it would wait. Changes nothing.",
                body=ChangeOrder,
                answer=Checked,
            ),
            Operation(
                name="makeChange",
                method="POST",
                path="/v1/changes",
                group="changes",
                handle=self.make,
                summary="Change resources, all of them or none; or have that wait for a second person. For administrators, and on the record.",
                body=ChangeOrder,
                answer=Made,
                problems=CHANGE_PROBLEMS,
            ),
            Operation(
                name="listProposals",
                method="GET",
                path="/v1/changes",
                group="changes",
                handle=self.list,
                summary="Changes that wait for a second person, or did.",
                answer=ProposalsAnswer,
                problems={403: FORBIDDEN},
            ),
            Operation(
                name="showProposal",
                method="GET",
                path="/v1/changes/{id}",
                group="changes",
                handle=self.show,
                summary="One of them, with its differences.",
                parameters=(_ID,),
                answer=Proposal,
                problems={403: FORBIDDEN, **NOT_FOUND},
            ),
            Operation(
                name="decideProposal",
                method="POST",
                path="/v1/changes/{id}/decision",
                group="changes",
                handle=self.decide,
                summary="Approve, decline or withdraw one. Nobody approves their own.",
                parameters=(_ID,),
                body=ProposalOrder,
                answer=DecidedProposal,
                problems={**CHANGE_PROBLEMS, 409: "It is decided already, or what it changes has changed since."},
            ),
        )

    async def check(self, ask: Ask) -> Checked:
        """What would come of it."""
        return await self._rules.check(ask.viewer, ask.body.edit)

    async def make(self, ask: Ask) -> Made:
        """A change."""
        return await self._rules.change(ask.viewer, ask.body.edit)

    async def list(self, ask: Ask) -> ProposalsAnswer:
        """All proposals."""
        return ProposalsAnswer(proposals=await self._rules.proposals(ask.viewer))

    async def show(self, ask: Ask) -> Proposal:
        """One proposal."""
        found = await self._rules.proposal(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", _MISSING)
        return found

    async def decide(self, ask: Ask) -> DecidedProposal:
        """A decision."""
        made = await self._rules.decide(ask.viewer, ask.values["id"], ask.body.decision, ask.body.reason)
        return DecidedProposal(proposal=await self.show(ask), made=made)
