"""Roles, what somebody sees of the log, and who was shown calls of the caller."""

from typing import Final

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import Problem
from gatebook.reading.role_facts import AccessFacts, ReadingsAnswer, RoleFacts, RolesAnswer

_PERSON: Final = "There is no person of this id."
_ROLE: Final = "There is no such role."
_ID: Final = params.in_path(
    "id", "Id of the person; `me` is the caller.", "[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}", _PERSON, form="gatebook-person"
)
_NAME: Final = params.in_path("name", "Name of the role.", "[a-z0-9][a-z0-9_-]{0,62}", _ROLE, form="gatebook-role")
_READERS: Final = {403: "Roles are for those who see the metadata of all calls."}


class Roles:
    """Operations of `/v1/roles`, and what of `/v1/people` is about roles."""

    def __init__(self, deps: ApiDeps) -> None:
        self._roles = deps.roles

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (
            Operation(
                name="listRoles",
                method="GET",
                path="/v1/roles",
                group="people",
                handle=self.list,
                summary="Roles: what each shows of whose calls, who has it, and who gave themselves one in the last 30 days.",
                answer=RolesAnswer,
                problems=_READERS,
            ),
            Operation(
                name="showRole",
                method="GET",
                path="/v1/roles/{name}",
                group="people",
                handle=self.show,
                summary="One role.",
                parameters=(_NAME,),
                answer=RoleFacts,
                problems={**_READERS, **NOT_FOUND},
            ),
            Operation(
                name="showAccess",
                method="GET",
                path="/v1/people/{id}/access",
                group="people",
                handle=self.access,
                summary="What a person sees of the log: their roles, and whose calls by group of fields.",
                parameters=(_ID,),
                answer=AccessFacts,
                problems={**_READERS, **NOT_FOUND},
            ),
            Operation(
                name="listReadings",
                method="GET",
                path="/v1/readings",
                group="people",
                handle=self.readings,
                summary="Who was shown calls of the caller, with which roles and for what reason.",
                answer=ReadingsAnswer,
            ),
        )

    async def list(self, ask: Ask) -> RolesAnswer:
        """All of them."""
        return await self._roles.roles(ask.viewer)

    async def show(self, ask: Ask) -> RoleFacts:
        """One."""
        found = next((one for one in (await self._roles.roles(ask.viewer)).roles if one.name == ask.values["name"]), None)
        if found is None:
            raise Problem(404, "Not found", _ROLE)
        return found

    async def access(self, ask: Ask) -> AccessFacts:
        """What somebody sees."""
        found = self._roles.access(ask.viewer, ask.values["id"])
        if found is None:
            raise Problem(404, "Not found", _PERSON)
        return found

    async def readings(self, ask: Ask) -> ReadingsAnswer:
        """Who looked."""
        return await self._roles.readings(ask.viewer)
