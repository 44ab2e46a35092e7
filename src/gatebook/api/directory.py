"""How the directory connects, what it sent, and what its groups grant; for administrators in person."""

from typing import Final

from msgspec import Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.api.problems import Problem
from gatebook.identity.scim.visits import Visit
from gatebook.reading.directory_room import DirectoryFacts, GroupDetail

_PAGE_MAX: Final = 100
_NONE: Final = "The directory has no group of this id."
_ID: Final = params.in_path("id", "Id of the group.", "[0-9a-f]{32}", _NONE)
_PROBLEMS: Final = {403: "Only for members of the group admins, in person."}


class DirectoryRequests(Struct, frozen=True, kw_only=True):
    """A page of requests, the newest first."""

    requests: list[Visit]


class Directories:
    """Operations of `/v1/directory`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._room = deps.provisioned

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="showDirectory",
                method="GET",
                path="/v1/directory",
                group="directory",
                handle=self.show,
                summary="How the directory stands: its address for SCIM, its tokens without their secrets, people, groups and the last change.",
                answer=DirectoryFacts,
                problems=_PROBLEMS,
            ),
            Operation(
                name="listDirectoryRequests",
                method="GET",
                path="/v1/directory/requests",
                group="directory",
                handle=self.requests,
                summary="The newest requests of the directory, with their status and what was wrong.",
                parameters=(
                    params.flag("failed", "Only those that failed."),
                    params.integer("page", "Number of the page of 50 requests.", 1, _PAGE_MAX, 1),
                ),
                answer=DirectoryRequests,
                problems=_PROBLEMS,
            ),
            Operation(
                name="showDirectoryGroup",
                method="GET",
                path="/v1/directory/groups/{id}",
                group="directory",
                handle=self.group,
                summary="A group of the directory: its members, and the connectors, tool packs, roles and policies that name it.",
                parameters=(_ID,),
                answer=GroupDetail,
                problems={**_PROBLEMS, 404: _NONE},
            ),
        )

    async def show(self, ask: Ask) -> DirectoryFacts:
        """How it stands."""
        return await self._room.facts(ask.viewer)

    async def requests(self, ask: Ask) -> DirectoryRequests:
        """A page of them."""
        found = await self._room.requests(ask.viewer, failures=ask.values["failed"], page=ask.values["page"])
        return DirectoryRequests(requests=found)

    async def group(self, ask: Ask) -> GroupDetail:
        """One."""
        found = self._room.group(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", _NONE)
        return found
