"""Who is given which tools, what of it was used, and drafts that narrow it; for those who read the whole book."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.reading.grant_facts import GrantReport, Narrowing
from gatebook.reading.grant_room import DAYS, DAYS_MAX, LIMIT_MAX, Asked

_CHOSEN_MAX: Final = 3000
_NAME_MAX: Final = 300
_PROBLEMS: Final = {
    403: "Only for those who read the whole book.",
    503: "The index is being built, or there is too much use to count at once.",
}
_Name = Annotated[str, Meta(max_length=_NAME_MAX)]


class NarrowingOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which grants to take away: those that are chosen, else all unused ones of a connector and a group or person."""

    days: Annotated[int, Meta(ge=1, le=DAYS_MAX, description="Use is that of so many days.")] = DAYS
    connector: Annotated[_Name, Meta(description="Only of this connector; empty: of all.")] = ""
    group: Annotated[_Name, Meta(description="Only what this group or person has been given; empty: of all.")] = ""
    grants: Annotated[
        Annotated[list[Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]], Meta(max_length=_CHOSEN_MAX)] | None,
        Meta(description="Ids of the grants; null: all that are unused. What was used is left out."),
    ] = None


class Grants:
    """Operations of `/v1/grants`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._grants = deps.tools.grants
        self._health = deps.health

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listGrants",
                method="GET",
                path="/v1/grants",
                group="grants",
                handle=self.list,
                summary="Each tool that a group or person has been given: how many may call it by that, how many did, and when last.",
                parameters=(
                    params.integer("days", "Use is that of so many days.", 1, DAYS_MAX, DAYS),
                    params.text("connector", "Only of this connector.", _NAME_MAX),
                    params.text("group", "Only what this group or person has been given.", _NAME_MAX),
                    params.flag("unused", "Only what nobody used, and what is older than the span."),
                    params.integer("limit", "At most so many.", 1, LIMIT_MAX, 500),
                    params.integer("offset", "Leave out so many at the beginning.", 0, 10_000_000, 0),
                ),
                answer=GrantReport,
                problems=_PROBLEMS,
            ),
            Operation(
                name="draftNarrowing",
                method="POST",
                path="/v1/grants/narrowing",
                group="grants",
                handle=self.narrow,
                summary="Draft policies that take unused grants away; nothing is put in force. Replay the draft to see what it would have changed.",
                body=NarrowingOrder,
                answer=Narrowing,
                problems=_PROBLEMS,
            ),
        )

    async def list(self, ask: Ask) -> GrantReport:
        """The report."""
        values = ask.values
        asked = Asked(
            days=values["days"],
            connector=values["connector"],
            to=values["group"],
            unused=values["unused"],
            limit=values["limit"],
            offset=values["offset"],
        )
        return await self._grants.report(ask.viewer, asked, self._health())

    async def narrow(self, ask: Ask) -> Narrowing:
        """A draft."""
        order: NarrowingOrder = ask.body
        asked = Asked(days=order.days, connector=order.connector, to=order.group)
        return await self._grants.narrow(ask.viewer, asked, order.grants, self._health())
