"""Whether a change lets somebody see more of the log than before: what must be noticed when they made the change themselves. Pure."""

from collections.abc import Mapping
from typing import Final

from gatebook.identity.roles import Shown, held_by, union
from gatebook.query.groups import GROUPS, FieldGroup
from gatebook.state.roles import SCOPES, RoleSpec, roles_of
from gatebook.state.snapshot import Person

PAYLOADS: Final[tuple[FieldGroup, ...]] = ("arguments", "responses", "upstream")


def gained(
    person: str, before: tuple[tuple[str, ...], Mapping[str, RoleSpec]], after: tuple[tuple[str, ...], Mapping[str, RoleSpec]]
) -> tuple[FieldGroup, ...]:
    """Return the groups of fields that somebody sees of more calls after a change. Each side: their groups, and the documents of kind Role."""
    old, new = _shown(person, *before), _shown(person, *after)
    return tuple(group for group in GROUPS if SCOPES.index(new.groups.get(group, "none")) > SCOPES.index(old.groups.get(group, "none")))


def roles_held(person: Person, documents: Mapping[str, RoleSpec]) -> tuple[str, ...]:
    """Return the names of the roles that somebody has under these documents."""
    return held_by(person.id, person.groups, roles_of(documents))


def reads_payloads_of_others(person: Person, documents: Mapping[str, RoleSpec]) -> bool:
    """Whether somebody may read arguments, responses or API requests of calls that are not their own."""
    shown = _shown(person.id, person.groups, documents)
    return any(shown.groups.get(group, "none") not in ("none", "own") for group in PAYLOADS)


def _shown(person: str, groups: tuple[str, ...], documents: Mapping[str, RoleSpec]) -> Shown:
    roles = roles_of(documents)
    return union(roles[name] for name in held_by(person, groups, roles))
