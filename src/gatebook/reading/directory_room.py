"""The directory for administrators: where it connects, its tokens, what it sent last, and what each of its groups grants."""

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, func, select

from gatebook.identity.journal import Journal
from gatebook.identity.scim.directory_tokens import DirectoryToken, read_directory_tokens
from gatebook.identity.scim.provisioning import DirectoryTokenOrder, IssuedDirectoryToken, Provisioning
from gatebook.identity.scim.visits import Visit, Visits, read_visits
from gatebook.reading.rights import check_administrator
from gatebook.reading.viewer import Viewer
from gatebook.state.directory_schema import directory_groups, memberships
from gatebook.state.roles import BUILT_IN
from gatebook.state.schema import people
from gatebook.state.snapshot import Snapshot

PAGE: Final = 50
MEMBERS_MAX: Final = 500
_ADMINISTRATORS: Final = "only members of the group admins see and change how the directory connects"


class GroupFacts(Struct, frozen=True, kw_only=True):
    """A group of the directory. `grants` counts what names it. Times in microseconds since 1970."""

    id: str
    name: str
    members: int
    grants: int
    changed_us: int


class Naming(Struct, frozen=True, kw_only=True):
    """Something that names a group: kind and name of the resource, and what it does for members."""

    kind: str
    name: str
    does: str


class GroupDetail(Struct, frozen=True, kw_only=True):
    """A group with its first members, by id, and all that names it."""

    group: GroupFacts
    members: tuple[str, ...]
    naming: tuple[Naming, ...]


class DirectoryFacts(Struct, frozen=True, kw_only=True):
    """How the directory stands. `scim_url` is what it is given; times in microseconds since 1970."""

    scim_url: str
    tokens: tuple[DirectoryToken, ...]
    people: int
    active: int
    groups: tuple[GroupFacts, ...]
    changed_us: int | None
    now_us: int


class DirectoryRoom:
    """What faces read and do about the directory. `snapshot` gives the newest configuration."""

    def __init__(self, journal: Journal, visits: Visits, snapshot: Callable[[], Snapshot], console_url: str) -> None:
        self._journal = journal
        self._visits = visits
        self._snapshot = snapshot
        self._url = f"{console_url}/scim/v2"
        self._provisioning = Provisioning(journal)

    async def facts(self, viewer: Viewer) -> DirectoryFacts:
        """How it stands. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        await self._visits.flush()
        snapshot = self._snapshot()
        there = people.c.scim_id.is_not(None)
        with self._journal.store.read() as connection:
            total, active, changed_us = connection.execute(
                select(func.count(), func.coalesce(func.sum(people.c.active), 0), func.max(people.c.changed_us)).where(there)
            ).one()
            groups = tuple(_groups(connection, snapshot))
            tokens = tuple(read_directory_tokens(connection))
        last = max(filter(None, (changed_us, *(group.changed_us for group in groups))), default=None)
        return DirectoryFacts(
            scim_url=self._url,
            tokens=tokens,
            people=int(total),
            active=int(active),
            groups=groups,
            changed_us=last,
            now_us=self._journal.clock.wall_us(),
        )

    async def requests(self, viewer: Viewer, *, failures: bool = False, page: int = 1) -> list[Visit]:
        """The newest requests, a page of them; with `failures` only those that failed. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        await self._visits.flush()
        with self._journal.store.read() as connection:
            return read_visits(connection, failures=failures, limit=PAGE, offset=(page - 1) * PAGE)

    def group(self, viewer: Viewer, id: str) -> GroupDetail | None:
        """One group; None when there is none. Raises NotForYou, StateError."""
        check_administrator(viewer, _ADMINISTRATORS)
        snapshot = self._snapshot()
        with self._journal.store.read() as connection:
            found = next(_groups(connection, snapshot, id), None)
            if found is None:
                return None
            query = select(memberships.c.person).where(memberships.c.group_id == id).order_by(memberships.c.person).limit(MEMBERS_MAX)
            members = tuple(connection.execute(query).scalars())
        return GroupDetail(group=found, members=members, naming=tuple(naming(snapshot, found.name)))

    async def create_token(self, viewer: Viewer, order: DirectoryTokenOrder) -> IssuedDirectoryToken:
        """Make a token. Raises NotForYou, StateError, LogUnavailable."""
        check_administrator(viewer, _ADMINISTRATORS)
        return await self._provisioning.create_token(order, viewer.principal)

    async def revoke_token(self, viewer: Viewer, id: str) -> DirectoryToken:
        """Revoke a token. Raises NotForYou, StateError, LogUnavailable."""
        check_administrator(viewer, _ADMINISTRATORS)
        return await self._provisioning.revoke_token(id, viewer.principal)


def naming(snapshot: Snapshot, group: str) -> Iterator[Naming]:
    """Yield all that names a group, in the order in which people read it."""
    wanted = group.lower()

    def has(names: tuple[str, ...]) -> bool:
        return any(name.lower() == wanted for name in names)

    rules = snapshot.rules
    yield from (
        Naming(kind="Connector", name=name, does="members may use it")
        for name, one in snapshot.connectors.items()
        if has(one.spec.allow.groups)
    )
    yield from (
        Naming(kind="ToolPack", name=name, does="members have its tools") for name, pack in rules.packs.items() if has(pack.allow.groups)
    )
    roles = {**BUILT_IN, **snapshot.roles}
    yield from (Naming(kind="Role", name=name, does="members have it") for name, role in roles.items() if has(role.groups))
    for name, policy in rules.policies.items():
        if has(policy.selector.groups):
            yield Naming(kind="Policy", name=name, does=f"{policy.effect.replace('_', ' ')} for members")
        if has(policy.selector.not_groups):
            yield Naming(kind="Policy", name=name, does=f"{policy.effect.replace('_', ' ')} for everybody but members")
        if has(policy.approvers):
            yield Naming(kind="Policy", name=name, does="members approve")
    if has(rules.governance.approvers):
        yield Naming(kind="Governance", name="governance", does="members approve everything")


def _groups(connection: Connection, snapshot: Snapshot, id: str | None = None) -> Iterator[GroupFacts]:
    count = func.count(memberships.c.person)
    query = (
        select(directory_groups.c.id, directory_groups.c.name, directory_groups.c.changed_us, count)
        .join(memberships, memberships.c.group_id == directory_groups.c.id, isouter=True)
        .group_by(directory_groups.c.id, directory_groups.c.name, directory_groups.c.name_key, directory_groups.c.changed_us)
        .order_by(directory_groups.c.name_key)
    )
    if id is not None:
        query = query.where(directory_groups.c.id == id)
    for group, name, changed_us, members in connection.execute(query):
        grants = sum(1 for _ in naming(snapshot, name))
        yield GroupFacts(id=group, name=name, members=int(members), grants=grants, changed_us=int(changed_us))
