"""The storage that the library of SCIM asks (its contract of five coroutines), on people, groups and memberships.

A writing operation is one transaction of the journal, from the reading of the resource to its record, and the journal makes one at a time: so no two
requests overwrite each other, and none has to be refused because another came in between.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import reduce
from typing import Any, TypeVar

from scim2_models import (
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    ScimFilter,
    SearchRequest,
)
from scim2_server.storage import AsyncScimStorage, SearchPage
from sqlalchemy import Connection, RowMapping, Table, func, select

from gatebook.identity.cut_off import Severed
from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.scim import groups_table, people_table
from gatebook.identity.scim.catalog import USER, provider
from gatebook.identity.scim.change import Change, Requester
from gatebook.identity.scim.finding import narrowed
from gatebook.identity.scim.members import MemberChange, apply, ids_of
from gatebook.identity.scim.users import user_of
from gatebook.state.directory_schema import directory_groups
from gatebook.state.schema import people

_T = TypeVar("_T")


class DirectoryStorage(AsyncScimStorage):
    """The storage of one request. `severed` and `revision` say after it what its answer has to wait for."""

    def __init__(self, journal: Journal, cutting: Cutting, requester: Requester, *, writes: bool = False) -> None:
        """`writes`: the request changes something, so each operation is a transaction that writes from its beginning."""
        self.severed: list[Severed] = []
        self.revision: int | None = None
        """From which on somebody may do less; None: nobody does."""
        self._journal = journal
        self._cutting = cutting
        self._requester = requester
        self._writes = writes
        self._change: Change | None = None

    def operation(self) -> AbstractAsyncContextManager[None]:
        """One operation: of a request that changes something, one transaction."""
        return self._operation()

    @asynccontextmanager
    async def _operation(self) -> AsyncIterator[None]:
        if not self._writes:
            yield
            return
        async with self.writing():
            yield

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Change]:
        """The transaction that is open, else a new one. Raises StateError, LogUnavailable."""
        if self._change is not None:
            yield self._change
            return
        async with self._journal.change() as connection:
            self._change = change = Change(connection, self._journal, self._cutting, self._requester)
            try:
                yield change
                revision = await change.finish()
            finally:
                self._change = None
        self.severed += change.severed
        if change.lowered and revision is not None:
            self.revision = revision

    async def get(
        self, resource_type: ResourceType, resource_id: str, *, response_parameters: ResponseParameters[Any] | None = None
    ) -> Resource[Any]:
        """One resource. Raises NotFoundException."""
        model = _model(resource_type)
        with self._reading() as connection:
            if resource_type.id == USER:
                row = people_table.row_of(connection, resource_id)
                return user_of(model, row, people_table.groups_of(connection, [row["id"]]).get(row["id"], ()))
            row = groups_table.row_of(connection, resource_id)
            members = groups_table.members_of(connection, [row["id"]]).get(row["id"]) if _wants_members(response_parameters) else None
            return groups_table.group_of(model, row, members)

    async def search(self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None) -> SearchPage:
        """A page of what matches, in the order of creation unless another is asked for."""
        start, count = search_request.start_index_0 or 0, search_request.count
        with self._reading() as connection:
            if len(resource_types) == 1 and search_request.filter is None and search_request.sort_by is None:
                return _page(connection, resource_types[0], search_request, start, count)
            found: list[Resource[Any]] = []
            for resource_type in resource_types:
                found += _matching(connection, resource_type, search_request)
        if search_request.sort_by is not None:
            found = _sorted(search_request, found)
        return SearchPage(len(found), found[start : None if count is None else start + count])

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Store a new resource. Raises UniquenessException, InvalidValueException, StateError, LogUnavailable."""
        async with self.writing() as change:
            if resource_type.id == USER:
                return user_of(_model(resource_type), await people_table.create(change, resource))
            members = ids_of(list(getattr(resource, "members", None) or ()))
            row = groups_table.create(change, resource, members)
            return self._group(change.connection, resource_type, row)

    async def update(self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None) -> Resource[Any]:
        """Replace a resource. Raises as `create` does, NotFoundException, PreconditionFailedException."""
        if resource_type.id != USER:
            members = ids_of(list(getattr(resource, "members", None) or ()))
            return await self.update_group(resource_type, resource, [MemberChange(kind="replace", ids=members)], expected_version)
        async with self.writing() as change:
            row = people_table.row_of(change.connection, resource.id or "")
            _check_version(row, expected_version)
            after = await people_table.update_user(change, row, resource)
            groups = people_table.groups_of(change.connection, [row["id"]]).get(row["id"], ())
            return user_of(_model(resource_type), after, groups)

    async def update_group(
        self, resource_type: ResourceType, group: Resource[Any], changes: Sequence[MemberChange], expected_version: str | None = None
    ) -> Resource[Any]:
        """Replace a group but for its members, and change those. Raises as `update` does."""
        async with self.writing() as change:
            row = groups_table.row_of(change.connection, group.id or "")
            _check_version(row, expected_version)
            members = apply(groups_table.member_ids(change.connection, row["id"]), changes) if changes else None
            after = groups_table.update_group(change, row, group, members)
            return self._group(change.connection, resource_type, after)

    async def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Delete a resource. Raises NotFoundException, PreconditionFailedException, StateError, LogUnavailable."""
        async with self.writing() as change:
            if resource_type.id == USER:
                row = people_table.row_of(change.connection, resource_id)
                _check_version(row, expected_version)
                await people_table.delete_user(change, row)
                return
            row = groups_table.row_of(change.connection, resource_id)
            _check_version(row, expected_version)
            groups_table.delete_group(change, row)

    def _group(self, connection: Connection, resource_type: ResourceType, row: RowMapping) -> Resource[Any]:
        return groups_table.group_of(_model(resource_type), row, groups_table.members_of(connection, [row["id"]]).get(row["id"]))

    def _reading(self) -> "_Reading":
        return _Reading(self._journal, self._change)


class _Reading:
    """The connection of the transaction that is open, else one that only reads."""

    def __init__(self, journal: Journal, change: Change | None) -> None:
        self._journal = journal
        self._change = change
        self._open = ExitStack()

    def __enter__(self) -> Connection:
        return self._change.connection if self._change is not None else self._open.enter_context(self._journal.store.read())

    def __exit__(self, *exception: Any) -> None:
        self._open.__exit__(*exception)


def _model(resource_type: ResourceType) -> type[Resource[Any]]:
    model: Any = provider().model_for(resource_type)
    return model  # type: ignore[no-any-return]


def _check_version(row: RowMapping, expected: str | None) -> None:
    if expected is not None and expected != f'W/"{row["version"]}"':
        raise PreconditionFailedException


def _rows(resource_type: ResourceType) -> tuple[Table, list[Any], Any]:
    """The table of a type, the order of its pages, and the condition of being there."""
    if resource_type.id == USER:
        return people, [people.c.created_us, people.c.scim_id], people.c.scim_id.is_not(None)
    return directory_groups, [directory_groups.c.created_us, directory_groups.c.id], directory_groups.c.id.is_not(None)


def _page(connection: Connection, resource_type: ResourceType, request: SearchRequest[Any], start: int, count: int | None) -> SearchPage:
    table, order, there = _rows(resource_type)
    total = int(connection.execute(select(func.count()).select_from(table).where(there)).scalar_one())
    rows = connection.execute(select(table).where(there).order_by(*order).offset(start).limit(count)).mappings().all() if count != 0 else []
    return SearchPage(total, _resources(connection, resource_type, rows, _wants_members(request)))


def _matching(connection: Connection, resource_type: ResourceType, request: SearchRequest[Any]) -> list[Resource[Any]]:
    table, order, there = _rows(resource_type)
    query = select(table).where(there).order_by(*order)
    asked: Any = request.filter
    condition = narrowed(str(resource_type.id), asked)
    if condition is not None:
        query = query.where(condition)
    rows = connection.execute(query).mappings().all()
    members = _wants_members(request) or "member" in str(asked or "").lower()
    found = _resources(connection, resource_type, rows, members)
    if asked is None or not found:
        return found
    if not asked.models:
        bound: Any = ScimFilter
        asked = bound[_model(resource_type)](str(asked))
    return [one for one in found if asked.match(one)]


def _resources(connection: Connection, resource_type: ResourceType, rows: Sequence[RowMapping], members: bool) -> list[Resource[Any]]:
    model, ids = _model(resource_type), [row["id"] for row in rows]
    if resource_type.id == USER:
        groups = _in_batches(ids, lambda some: people_table.groups_of(connection, some))
        return [user_of(model, row, groups.get(row["id"], ())) for row in rows]
    found = _in_batches(ids, lambda some: groups_table.members_of(connection, some)) if members else {}
    return [groups_table.group_of(model, row, found.get(row["id"])) for row in rows]


def _in_batches(ids: Sequence[str], read: Any) -> dict[str, Any]:
    parts: Iterable[dict[str, Any]] = (read(ids[start : start + 500]) for start in range(0, len(ids), 500))
    return reduce(lambda one, other: one | other, parts, {})


def _wants_members(parameters: ResponseParameters[Any] | None) -> bool:
    """Whether members can be in the answer at all: a directory that only looks for a group leaves them out."""
    if parameters is None:
        return True
    named = [str(one).lower() for one in parameters.attributes or ()]
    left_out = [str(one).lower() for one in parameters.excluded_attributes or ()]
    if any(one.endswith("members") for one in left_out):
        return False
    return not named or any("members" in one for one in named)


def _sorted(request: SearchRequest[Any], found: list[Resource[Any]]) -> list[Resource[Any]]:
    """By the value, then the id; whoever has no value comes last (RFC 7644 section 3.4.2.3)."""

    def key(one: Resource[Any]) -> tuple[bool, Any, str]:
        value = request.sort_value(one)
        return value is None, "" if value is None else value, one.id or ""

    return sorted(found, key=key, reverse=request.sort_order == SearchRequest.SortOrder.descending)
