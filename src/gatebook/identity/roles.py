"""The algebra of roles: who has which, and what several of them show together. Pure data; nothing is looked up here."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from gatebook.query.groups import ALWAYS, METADATA_FIELDS, PAYLOADS, FieldGroup
from gatebook.state.roles import BUILT_IN, EMPLOYEE, SCOPES, RoleSpec, Scope


class Shown(Struct, frozen=True, kw_only=True):
    """What roles show together: by group, and of metadata by single fields, whose calls. What is not named is shown of none.

    Scopes lie within each other, so that the widest of several roles is their union row by row: a role never widens what another one shows.
    """

    groups: Mapping[FieldGroup, Scope] = {}
    fields: Mapping[str, Scope] = {}


NOTHING: Final = Shown()


def wider(one: Scope, other: Scope) -> Scope:
    """Return the wider of two scopes."""
    return max(one, other, key=SCOPES.index)


def held_by(person: str, groups: Iterable[str], roles: Mapping[str, RoleSpec]) -> tuple[str, ...]:
    """Return the names of the roles that somebody has; everybody is an employee. Groups count in any case of letters, as for policies."""
    own = frozenset(map(str.lower, groups))
    bound = (
        name for name, role in roles.items() if name == EMPLOYEE or person in role.people or not own.isdisjoint(map(str.lower, role.groups))
    )
    return tuple(sorted(bound, key=_order))


def union(roles: Iterable[RoleSpec], *, with_reason: bool = True) -> Shown:
    """Return what roles show together; without a reason those that ask for one show payloads of own calls only, if they show any."""
    groups: dict[FieldGroup, Scope] = {}
    fields: dict[str, Scope] = {}
    for role in roles:
        for group, scope in role.grants.items():
            given = _unreasoned(scope) if role.reason_required and not with_reason and group in PAYLOADS else scope
            groups[group] = wider(groups.get(group, "none"), given)
        for field, scope in role.fields.items():
            for name in (field, *ALWAYS):
                fields[name] = wider(fields.get(name, "none"), scope)
    return Shown(groups=groups, fields=fields)


def within(one: Shown, other: Shown) -> Shown:
    """Return what the first shows of what the second shows of everybody."""
    groups: dict[FieldGroup, Scope] = {group: scope for group, scope in one.groups.items() if other.groups.get(group) == "all"}
    fields = {field: scope_of(one, field) for field in METADATA_FIELDS if scope_of(other, field) == "all"}
    return Shown(groups=groups, fields=fields)


def scope_of(shown: Shown, field: str) -> Scope:
    """Return whose calls show a field of metadata."""
    return wider(shown.groups.get("metadata", "none"), shown.fields.get(field, "none"))


def _narrower(one: Scope, other: Scope) -> Scope:
    return min(one, other, key=SCOPES.index)


def _unreasoned(scope: Scope) -> Scope:
    return _narrower(scope, "own")


def _order(name: str) -> tuple[int, str]:
    known = tuple(BUILT_IN)
    return (known.index(name) if name in BUILT_IN else len(known), name)
