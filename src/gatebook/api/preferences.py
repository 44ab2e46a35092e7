"""Preferences of one person, such as the columns of the explorer and their widths."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import Ask, Operation
from gatebook.reading.saved import PREFERENCE_BYTES_MAX, PREFERENCE_NAME_PATTERN


class PreferencesAnswer(Struct, frozen=True, kw_only=True):
    """The caller's preferences by name; what a value means is up to whoever wrote it."""

    preferences: dict[str, msgspec.Raw]


class PreferenceOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value to keep."""

    value: Annotated[msgspec.Raw, Meta(description=f"Any JSON of at most {PREFERENCE_BYTES_MAX:,} bytes.")]


class Preferences:
    """Operations of `/v1/preferences`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._shelf = deps.shelf

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        name = params.in_path("name", "Name of the preference.", PREFERENCE_NAME_PATTERN, "A preference cannot have this name.")
        return (
            Operation(
                name="listPreferences",
                method="GET",
                path="/v1/preferences",
                group="saved",
                handle=self.list,
                summary="The caller's preferences.",
                answer=PreferencesAnswer,
            ),
            Operation(
                name="prefer",
                method="PUT",
                path="/v1/preferences/{name}",
                group="saved",
                handle=self.put,
                summary="Keep a preference; the last one under a name counts.",
                parameters=(name,),
                body=PreferenceOrder,
                status=204,
                answer_description="It is kept.",
                problems={404: "A preference cannot have this name.", 409: "There are too many."},
            ),
            Operation(
                name="forgetPreference",
                method="DELETE",
                path="/v1/preferences/{name}",
                group="saved",
                handle=self.delete,
                summary="Delete a preference, whether there is one or not.",
                parameters=(name,),
                status=204,
                answer_description="There is none of this name now.",
                problems={404: "A preference cannot have this name."},
            ),
        )

    async def list(self, ask: Ask) -> PreferencesAnswer:
        """All of the caller."""
        found = await self._shelf.preferences(ask.viewer)
        return PreferencesAnswer(preferences={name: msgspec.Raw(value.encode()) for name, value in found.items()})

    async def put(self, ask: Ask) -> None:
        """One more, or another value."""
        await self._shelf.prefer(ask.viewer, ask.values["name"], bytes(ask.body.value).decode())

    async def delete(self, ask: Ask) -> None:
        """One less."""
        await self._shelf.forget(ask.viewer, ask.values["name"])
