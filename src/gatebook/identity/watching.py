"""Notices people who grant themselves a role that shows more of the log, and puts it on the record beside the change, before that is in force."""

from collections.abc import Iterable
from typing import Literal

from sqlalchemy import Connection

from gatebook.identity.accounts import PersonChange
from gatebook.identity.approvers import in_admins
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.self_granting import gained, roles_held
from gatebook.record.body_access import AccessSelfGranted
from gatebook.state.editing import Looked
from gatebook.state.roles import RoleSpec
from gatebook.state.snapshot import Person, read_roles


async def note_roles(looked: Looked, journal: Journal, caller: Principal, revision: int) -> None:
    """Called when documents are stored: those of kind Role that show more to their author, or to administrators where the host stored them."""
    stored = looked.draft.stored
    after: dict[str, RoleSpec] = dict(stored.roles)
    for change in looked.effective:
        if change.kind == "Role":
            document = looked.draft.documents.get(("Role", change.name))
            if document is None:
                after.pop(change.name, None)
            else:
                after[change.name] = document.spec
    if after == stored.roles:
        return
    for person in _themselves(stored.people.values(), caller):
        found = gained(person.id, (person.groups, stored.roles), (person.groups, after))
        if found:
            await _note(journal, caller, person, _Gain(roles_held(person, after), found, "role", revision))


async def note_groups(put: PersonChange, connection: Connection, journal: Journal, caller: Principal, revision: int) -> None:
    """Called when groups were given by hand: to whoever gives them, or to somebody who was an administrator, where the host does."""
    if put.before is None or not list(_themselves([put.before], caller)):
        return
    roles = read_roles(connection)
    found = gained(put.person.id, (put.before.groups, roles), (put.person.groups, roles))
    if found:
        await _note(journal, caller, put.person, _Gain(roles_held(put.person, roles), found, "group", revision))


class _Gain:
    def __init__(self, roles: tuple[str, ...], groups: tuple[str, ...], by: Literal["group", "role"], revision: int) -> None:
        self.roles, self.groups, self.by, self.revision = roles, groups, by, revision


def _themselves(people: Iterable[Person], caller: Principal) -> Iterable[Person]:
    """Whom a change counts for as one of their own. Nobody can tell who is at the host, so there it may be any administrator."""
    return (one for one in people if one.id == caller.person or (caller.auth == "socket" and in_admins(one.groups)))


async def _note(journal: Journal, caller: Principal, person: Person, gain: _Gain) -> None:
    body = AccessSelfGranted(
        actor=caller.actor,
        subject=journal.subject_of(person.id),
        roles=gain.roles,
        groups=gain.groups,
        by=gain.by,
        revision=gain.revision,
    )
    await journal.record(body, caller.subject, [("identity", caller.identity)])
