"""People, what they may do, and why."""

from typing import Annotated, Final, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.policy.functions import read_address
from gatebook.reading.people_facts import OUTCOMES, Explained, PeopleList, PersonDetail, PersonTools
from gatebook.reading.people_room import Wanted, of_outcome
from gatebook.reading.permissions import Asked

_NONE: Final = "There is no person of this id."
_ID: Final = params.in_path(
    "id", "Id of the person; `me` is the caller.", "[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", _NONE, form="gatebook-person"
)
_TEXT_CHARACTERS_MAX: Final = 200
_PAGE_MAX: Final = 1_000_000
_LATEST_US: Final = 4_102_444_800_000_000
_ACTIVE: Final = {"": None, "yes": True, "no": False}
_PROBLEMS: Final = {403: "About other people only those may ask who read the whole book.", 404: _NONE}
_Found = TypeVar("_Found")


class CallOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call that nobody makes."""

    connector: Annotated[str, Meta(min_length=1, max_length=64)]
    tool: Annotated[str, Meta(min_length=1, max_length=256, description="Its key, or its name.")]
    arguments: Annotated[msgspec.Raw, Meta(description="The arguments; none when left out.", extra_json_schema={"type": "object"})] = field(
        default_factory=lambda: msgspec.Raw(b"{}")  # The document cannot show a default that is raw.
    )
    client: Annotated[str, Meta(max_length=256, description="Name of the AI app, as it says itself.")] = ""
    source_ip: Annotated[
        str,
        Meta(max_length=45, description="Address of the caller.", extra_json_schema={"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
    ] = "127.0.0.1"
    at_us: Annotated[Annotated[int, Meta(ge=0, le=_LATEST_US)] | None, Meta(description="When, microseconds since 1970; null: now.")] = None


class People:
    """Operations of `/v1/people`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._people = deps.people
        self._clock = deps.room.clock

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listPeople",
                method="GET",
                path="/v1/people",
                group="people",
                handle=self.list,
                summary="People and service accounts, by id: how many tools each may call, and how much they called in 30 days.",
                parameters=(
                    params.text("contains", "Only those who have this in id, e-mail address, name or a group.", _TEXT_CHARACTERS_MAX),
                    params.choice("active", "Only active ones, or only those who are not; both when it is left out.", ("yes", "no")),
                    params.integer("page", "Number of the page of 100 people.", 1, _PAGE_MAX, 1),
                ),
                answer=PeopleList,
                problems={403: _PROBLEMS[403]},
            ),
            Operation(
                name="showPerson",
                method="GET",
                path="/v1/people/{id}",
                group="people",
                handle=self.show,
                summary="One person: groups, tokens without their secrets, access for a time, tool packs, and how many tools they may call.",
                parameters=(_ID,),
                answer=PersonDetail,
                problems=_PROBLEMS,
            ),
            Operation(
                name="listPersonTools",
                method="GET",
                path="/v1/people/{id}/tools",
                group="people",
                handle=self.tools,
                summary="What a person may do: each known tool, what would come of a call of it, what decides, and the last call.",
                parameters=(_ID, params.choice("outcome", "Only these tools; all when it is left out.", OUTCOMES)),
                answer=PersonTools,
                problems=_PROBLEMS,
            ),
            Operation(
                name="explainCall",
                method="POST",
                path="/v1/people/{id}/explain",
                group="people",
                handle=self.explain,
                summary="What would be decided about a call of a person, and why: everything that is asked, in the order of evaluation.",
                description="Nobody makes the call. Limits are taken as not reached, approvals as not given; guardrails are not asked.",
                parameters=(_ID,),
                body=CallOrder,
                answer=Explained,
                problems=_PROBLEMS,
            ),
        )

    async def list(self, ask: Ask) -> PeopleList:
        """A page of them."""
        wanted = Wanted(text=ask.values["contains"], active=_ACTIVE[ask.values["active"]], page=ask.values["page"])
        return await self._people.people(ask.viewer, wanted)

    async def show(self, ask: Ask) -> PersonDetail:
        """One."""
        return _there(await self._people.person(ask.viewer, ask.values["id"]))[0]

    async def tools(self, ask: Ask) -> PersonTools:
        """What one may do."""
        return of_outcome(_there(await self._people.person(ask.viewer, ask.values["id"]))[1], ask.values["outcome"] or None)

    async def explain(self, ask: Ask) -> Explained:
        """Why."""
        order: CallOrder = ask.body
        arguments = bytes(order.arguments)
        if not arguments.startswith(b"{"):
            raise Problem(400, "The body is not valid", "The arguments must be an object.")
        try:
            read_address(order.source_ip)
        except ValueError as error:
            raise Problem(400, "The body is not valid", f"source_ip: {error}; write one such as 10.0.0.7.") from None
        asked = Asked(
            connector=order.connector,
            tool=order.tool,
            arguments=arguments,
            client=order.client,
            source_ip=order.source_ip,
            at_us=self._clock.wall_us() if order.at_us is None else order.at_us,
        )
        return _there(await self._people.explain(ask.viewer, ask.values["id"], asked))


def _there(found: _Found | None) -> _Found:
    if found is None:
        raise Problem(404, "Not found", _NONE)
    return found
