"""Saved searches."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.api import params
from gatebook.api.deps import ApiDeps
from gatebook.api.operations import NOT_FOUND, Ask, Operation
from gatebook.api.problems import Problem
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.saved import (
    COLUMN_CHARACTERS_MAX,
    COLUMNS_MAX,
    GROUPS_MAX,
    ID_PATTERN,
    NAME_CHARACTERS_MAX,
    NAME_PATTERN,
    RANGE_CHARACTERS_MAX,
    VISIBLE_PATTERN,
    Wish,
)
from gatebook.state.saved import Saved

COLUMN = Annotated[str, Meta(min_length=1, max_length=COLUMN_CHARACTERS_MAX, pattern=VISIBLE_PATTERN)]
COLUMNS = Annotated[tuple[COLUMN, ...], Meta(max_length=COLUMNS_MAX, description="Columns of the table, in their order.")]
QUERY = Annotated[
    str, Meta(max_length=LENGTH_MAX, description="The query, in the search language.", extra_json_schema={"format": "gatebook-query"})
]
_GROUP = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=VISIBLE_PATTERN)]
_CONFLICT: Final = {409: "There is one of that name, there are too many, or it was changed meanwhile."}
_MISSING: Final = "There is no saved search with this id."
_ID: Final = params.in_path("id", "Id of the saved search.", ID_PATTERN, _MISSING)


class SavedAnswer(Struct, frozen=True, kw_only=True):
    """A saved search. What it finds for somebody is up to their own scope. Times in microseconds since 1970."""

    id: str
    name: str
    owner: Annotated[str, Meta(description="Id of the person who saved it, and who alone can change it.")]
    own: Annotated[bool, Meta(description="Whether that is the caller.")]
    shared: Annotated[tuple[str, ...], Meta(description="Groups that see it; everyone is all people.")]
    q: str
    range: str
    columns: tuple[str, ...]
    version: Annotated[int, Meta(description="Counts its changes; send it along with the next one.")]
    created_us: int
    changed_us: int


class SavedListAnswer(Struct, frozen=True, kw_only=True):
    """The caller's own searches and those that are shared with them, by name."""

    searches: list[SavedAnswer]


class SavedOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search to save."""

    name: Annotated[
        str,
        Meta(
            min_length=1, max_length=NAME_CHARACTERS_MAX, pattern=NAME_PATTERN, description="Name for people, one of a kind for its owner."
        ),
    ]
    q: QUERY = ""
    range: Annotated[
        str,
        Meta(
            max_length=RANGE_CHARACTERS_MAX, pattern=VISIBLE_PATTERN, description="Time range as the console's address has it, such as 24h."
        ),
    ] = ""
    columns: COLUMNS = ()
    shared: Annotated[
        tuple[_GROUP, ...], Meta(max_length=GROUPS_MAX, description="Groups that see it; everyone is all people; empty: nobody else.")
    ] = ()


class SavedChange(SavedOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A saved search as it shall be from now on."""

    version: Annotated[int, Meta(ge=1, le=2**53, description="The version that this starts from; 409 when it was changed meanwhile.")]


class SavedSearches:
    """Operations of `/v1/searches`."""

    def __init__(self, deps: ApiDeps) -> None:
        self._shelf = deps.shelf

    def operations(self) -> tuple[Operation, ...]:
        """What can be asked."""
        return (*self._reading(), *self._changing())

    def _reading(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="listSearches",
                method="GET",
                path="/v1/searches",
                group="saved",
                handle=self.list,
                summary="The caller's saved searches, and those that are shared with them.",
                answer=SavedListAnswer,
            ),
            Operation(
                name="showSearch",
                method="GET",
                path="/v1/searches/{id}",
                group="saved",
                handle=self.show,
                summary="One saved search.",
                parameters=(_ID,),
                answer=SavedAnswer,
                problems=NOT_FOUND,
            ),
        )

    def _changing(self) -> tuple[Operation, ...]:
        return (
            Operation(
                name="saveSearch",
                method="POST",
                path="/v1/searches",
                group="saved",
                handle=self.create,
                summary="Save a search.",
                description="Sharing one is on the record.",
                body=SavedOrder,
                answer=SavedAnswer,
                status=201,
                problems=_CONFLICT,
            ),
            Operation(
                name="changeSearch",
                method="PUT",
                path="/v1/searches/{id}",
                group="saved",
                handle=self.change,
                summary="Change an own saved search.",
                parameters=(_ID,),
                body=SavedChange,
                answer=SavedAnswer,
                problems={**NOT_FOUND, **_CONFLICT},
            ),
            Operation(
                name="deleteSearch",
                method="DELETE",
                path="/v1/searches/{id}",
                group="saved",
                handle=self.delete,
                summary="Delete an own saved search.",
                parameters=(_ID,),
                status=204,
                answer_description="It is deleted.",
                problems=NOT_FOUND,
            ),
        )

    async def list(self, ask: Ask) -> SavedListAnswer:
        """All that the caller sees."""
        return SavedListAnswer(searches=[_answer(saved, ask) for saved in await self._shelf.searches(ask.viewer)])

    async def create(self, ask: Ask) -> SavedAnswer:
        """A new one."""
        return _answer(await self._shelf.create(ask.viewer, _wish(ask.body)), ask)

    async def show(self, ask: Ask) -> SavedAnswer:
        """One."""
        return _answer(_found(await self._shelf.search(ask.viewer, ask.values["id"])), ask)

    async def change(self, ask: Ask) -> SavedAnswer:
        """Another version of one."""
        return _answer(_found(await self._shelf.change(ask.viewer, ask.values["id"], _wish(ask.body), ask.body.version)), ask)

    async def delete(self, ask: Ask) -> None:
        """One less."""
        if not await self._shelf.delete(ask.viewer, ask.values["id"]):
            raise Problem(404, "Not found", _MISSING)


def _wish(order: SavedOrder) -> Wish:
    return Wish(name=order.name, text=order.q, range=order.range, columns=order.columns, shared=order.shared)


def _found(saved: Saved | None) -> Saved:
    if saved is None:
        raise Problem(404, "Not found", _MISSING)
    return saved


def _answer(saved: Saved, ask: Ask) -> SavedAnswer:
    return SavedAnswer(
        id=saved.id,
        name=saved.name,
        owner=saved.owner,
        own=saved.owner == ask.viewer.principal.person,
        shared=saved.shared,
        q=saved.text,
        range=saved.range,
        columns=saved.columns,
        version=saved.version,
        created_us=saved.created_us,
        changed_us=saved.changed_us,
    )
