"""Roles for people: what there is and who has it, what somebody sees, and who was shown calls of a person."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from gatebook.identity.access import Access, Accesses
from gatebook.identity.roles import held_by
from gatebook.index import EngineError
from gatebook.index.records import RecordFilter, find_records
from gatebook.query.groups import GROUPS
from gatebook.reading.people_room import ME
from gatebook.reading.rights import check_reader
from gatebook.reading.role_facts import AccessFacts, Reading, ReadingsAnswer, RoleFacts, RolesAnswer, SelfGrant
from gatebook.reading.room import ReadingRoom, TooSlow
from gatebook.reading.viewer import Viewer
from gatebook.state.roles import BUILT_IN, EMPLOYEE, RoleSpec

READINGS_MAX: Final = 200
_DAY_US: Final = 86_400_000_000
_OTHERS: Final = "roles, and what other people see, are for those who see the metadata of all calls; you may ask about yourself"


class RolesRoom:
    """What faces read about roles. `accesses` gives those of the newest snapshot."""

    def __init__(self, room: ReadingRoom, accesses: Callable[[], Accesses]) -> None:
        self._room = room
        self._accesses = accesses

    async def roles(self, viewer: Viewer) -> RolesAnswer:
        """All roles. Raises NotForYou, LogUnavailable."""
        check_reader(viewer, _OTHERS)
        accesses = self._accesses()
        people = [one for one in accesses.people.values() if one.active]
        counts = dict.fromkeys(accesses.roles, 0)
        for one in people:
            for name in held_by(one.id, one.groups, accesses.roles):
                counts[name] += 1
        names = [*BUILT_IN, *sorted(name for name in accesses.roles if name not in BUILT_IN)]
        roles = tuple(role_facts(name, accesses.roles[name], counts[name]) for name in names)
        return RolesAnswer(roles=roles, self_granted=await self._self_granted(viewer))

    def access(self, viewer: Viewer, id: str) -> AccessFacts | None:
        """What somebody sees; `me` is the viewer. None when there is no such person. Raises NotForYou."""
        own = id in (ME, viewer.principal.person)
        if not own:
            check_reader(viewer, _OTHERS)
        accesses = self._accesses()
        person = accesses.people.get(viewer.principal.person if own else id.lower())
        if person is None:
            return _facts(viewer.principal.person, viewer.name, viewer.access) if own else None
        return _facts(
            person.id,
            person.name,
            accesses.of_person(person),
            any(accesses.roles[name].reason_required for name in held_by(person.id, person.groups, accesses.roles)),
        )

    async def readings(self, viewer: Viewer) -> ReadingsAnswer:
        """Who was shown calls of the viewer. On the record before it is returned. Raises LogUnavailable, EngineError, TooSlow."""
        index, since_us = self._room.index, self._room.clock.wall_us() - 90 * _DAY_US
        wanted = RecordFilter(types=("log.read",), mentions=f'"{viewer.subject}"', since_us=since_us, limit=READINGS_MAX)
        page = await self._room.ask(lambda: find_records(index, wanted))
        cores = [(row.time, msgspec.json.decode(row.summary)) for row in page.rows]
        names = self._accesses().names()
        found = [_reading(at_us, core, names) for at_us, core in cores if viewer.subject in core.get("subjects", ())]
        await self._room.note_once(viewer, "search", "records:reads of own calls", rows=len(found))
        return ReadingsAnswer(readings=tuple(found), more=page.next is not None)

    async def _self_granted(self, viewer: Viewer) -> tuple[SelfGrant, ...] | None:
        index_of, since_us = self._room, self._room.clock.wall_us() - 30 * _DAY_US
        try:
            wanted = RecordFilter(types=("access.self_granted",), since_us=since_us, limit=20)
            page = await self._room.ask(lambda: find_records(index_of.index, wanted))
        except (EngineError, TooSlow):
            return None
        await self._room.note_once(viewer, "search", "records:access.self_granted", rows=len(page.rows))
        found = []
        for row in page.rows:
            core = msgspec.json.decode(row.summary)
            found.append(
                SelfGrant(
                    time_us=row.time,
                    id=row.id,
                    actor=core["actor"]["subject"],
                    subject=core["subject"],
                    roles=tuple(core["roles"]),
                    groups=tuple(core["groups"]),
                )
            )
        return tuple(found)


def role_facts(name: str, role: RoleSpec, held: int) -> RoleFacts:
    """A role as people read it."""
    return RoleFacts(
        name=name,
        built_in=name in BUILT_IN,
        description=role.description,
        shown={group: role.grants.get(group, "none") for group in GROUPS},
        fields=role.fields,
        groups=role.groups,
        people=role.people,
        everybody=name == EMPLOYEE,
        reason_required=role.reason_required,
        held_by=held,
    )


def _facts(person: str, name: str, access: Access, reason_required: bool = False) -> AccessFacts:
    return AccessFacts(
        person=person,
        name=name,
        roles=access.roles,
        shown={group: access.scope(group) for group in GROUPS},
        fields=dict(access.shown.fields),
        team=len(access.team - {access.own}),
        reason_required=reason_required,
    )


def _reading(at_us: int, core: dict[str, Any], names: dict[str, str]) -> Reading:
    actor = core["actor"]
    by = names.get(actor["subject"]) or (
        "the administrator on the host" if actor["auth"] == "socket" else "somebody who is no longer known"
    )
    return Reading(
        time_us=at_us,
        by=by,
        roles=tuple(core.get("roles", ())),
        action=core["action"],
        groups=tuple(core.get("groups", ())),
        payloads=core["payloads"],
        reason=core.get("reason") or "",
    )
