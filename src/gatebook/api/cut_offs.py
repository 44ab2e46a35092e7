"""Cut-offs: receipts, what one would end, and the cut-off itself. For people who are here in person, never by a token."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.identity.cutting import CutOrder
from gatebook.reading.cut_off_room import CutOffFacts, CutOffList, Prospect
from gatebook.state.store import StateError

_NONE: Final = "There is no such cut-off."
_NOBODY: Final = "There is no person of this id."
_ID: Final = params.in_path("id", "Id of the cut-off.", r"cut_[0-9a-z]{1,64}", _NONE)
_PERSON: Final = params.in_path("id", "Id of the person.", "[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", _NOBODY, form="gatebook-person")
_READERS: Final = "Only for those who see the metadata of all calls, in person."
_PAGE_MAX: Final = 1_000_000


class CutOffOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to cut somebody off."""

    reason: Annotated[str, Meta(max_length=1000, description="Why; it goes on the record, and is needed unless `dry_run` is true.")] = ""
    keep_active: Annotated[bool, Meta(description="They lose all that they have, and may sign in anew.")] = False
    dry_run: Annotated[bool, Meta(description="Only tell what would end.")] = False


class CutOffMade(Struct, frozen=True, kw_only=True):
    """What was done, or would be."""

    prospect: Annotated[Prospect, Meta(description="What there was to end.")]
    cut_off: Annotated[CutOffFacts | None, Meta(description="The receipt, which may not be complete yet; null after a dry run.")]


class CutOffs:
    """Operations of `/v1/cut-offs`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._cut_offs = deps.cut_offs

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listCutOffs",
                method="GET",
                path="/v1/cut-offs",
                group="people",
                handle=self.list,
                summary="Receipts of cut-offs, newest first.",
                parameters=(
                    params.text("person", "Only those of this person, by id.", 128),
                    params.integer("page", "Number of the page of 50 receipts.", 1, _PAGE_MAX, 1),
                ),
                answer=CutOffList,
                problems={403: _READERS},
            ),
            Operation(
                name="showCutOff",
                method="GET",
                path="/v1/cut-offs/{id}",
                group="people",
                handle=self.show,
                summary="One receipt: what ended, when each worker refused, and what became of credentials at connectors.",
                parameters=(_ID,),
                answer=CutOffFacts,
                problems={403: _READERS, 404: _NONE},
            ),
            Operation(
                name="cutOffPerson",
                method="POST",
                path="/v1/people/{id}/cut-off",
                group="people",
                handle=self.cut,
                summary="End all that a person has, on every worker; answered when no worker lets them in any more.",
                parameters=(_PERSON,),
                body=CutOffOrder,
                answer=CutOffMade,
                problems={403: "Only for members of the group `admins` who are here in person.", 404: _NOBODY},
            ),
        )

    async def list(self, ask: Ask) -> CutOffList:
        """A page of them."""
        return self._cut_offs.receipts(ask.viewer, ask.values["person"], ask.values["page"])

    async def show(self, ask: Ask) -> CutOffFacts:
        """One."""
        found = self._cut_offs.receipt(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", _NONE)
        return found

    async def cut(self, ask: Ask) -> CutOffMade:
        """The button."""
        order: CutOffOrder = ask.body
        prospect = self._cut_offs.prospect(ask.viewer, ask.values["id"])
        if prospect is None:
            raise Problem(404, "Not found", _NOBODY)
        if order.dry_run:
            return CutOffMade(prospect=prospect, cut_off=None)
        if not order.reason.strip():
            raise Problem(400, "The body is not valid", "Say why in `reason`; it goes on the record.")
        made = await self._cut_offs.cut(ask.viewer, CutOrder(person=prospect.person, reason=order.reason, keep_active=order.keep_active))
        try:
            receipt = self._cut_offs.receipt(ask.viewer, made)
        except StateError:
            # It is in force: that its receipt cannot be read now must not look like a failure.
            receipt = None
        return CutOffMade(prospect=prospect, cut_off=receipt)
