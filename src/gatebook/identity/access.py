"""What somebody sees of the log: for each field whose calls, and for each call which groups are hidden.

`Accesses` answers for one snapshot of state; an `Access` is good for as long as that is in force.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from gatebook.identity.directory import Principal
from gatebook.identity.roles import Shown, held_by, scope_of, union, within
from gatebook.query import Query
from gatebook.query.confining import Rows, confine
from gatebook.query.groups import COLUMN_FIELD, COLUMN_GROUP, GROUP_OF, GROUPS, METADATA_FIELDS, PLACE_COLUMNS, PLACES, FieldGroup, field_of
from gatebook.state.roles import RoleSpec, Scope, roles_of
from gatebook.state.snapshot import Person, Snapshot

HOST: Final = "host"
"""Name of what the root of the machine has, who reads everything."""
_EVERYTHING: Final = Shown(groups=dict.fromkeys(GROUPS, "all"))
_TEAM_MAX: Final = 100_000


class Access(Struct, frozen=True, kw_only=True):
    """What of which calls somebody sees. `own` is their pseudonym, `team` the pseudonyms below them and their own.

    `asks_reason`: some payloads are hidden only because no reason was given. `roles` are the names of what they have.
    """

    roles: tuple[str, ...]
    shown: Shown
    own: str
    team: frozenset[str] = frozenset()
    asks_reason: bool = False
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is hidden of any call."""
        return all(self.shown.groups.get(group) == "all" for group in GROUPS)

    @property
    def reach(self) -> Scope:
        """Whose calls are shown at all: those of which there is some metadata."""
        return scope_of(self.shown, "call")

    @property
    def sees_places(self) -> bool:
        """Whether numbers of records may be shown: they count the records of everybody."""
        return self.reach == "all"

    def shows_place(self, subject: str) -> bool:
        """Whether the numbers of the records of somebody's calls may be shown: also as evidence."""
        return self.sees_places or self.sees(subject, "evidence")

    @property
    def whole(self) -> Rows:
        """Whose calls are shown at all, by pseudonym."""
        return self._rows(self.reach)

    def scope(self, group: FieldGroup) -> Scope:
        """Whose calls show a group, whole."""
        return self.shown.groups.get(group, "none")

    def scope_of_field(self, field: str) -> Scope:
        """Whose calls show a field of the search language. Raises KeyError."""
        name = field_of(field)
        group = GROUP_OF[name]
        if name in PLACES and not self.sees_places:
            return self.scope("evidence")
        return scope_of(self.shown, name) if group == "metadata" else self.scope(group)

    def rows_of(self, field: str) -> Rows:
        """The same by pseudonym."""
        return self._rows(self.scope_of_field(field))

    def rows_of_group(self, group: FieldGroup) -> Rows:
        """Whose calls show a group, by pseudonym."""
        return self._rows(self.scope(group))

    def shows(self, field: str) -> bool:
        """Whether a field is visible in some call."""
        return self.scope_of_field(field) != "none"

    def shows_wherever_listed(self, field: str) -> bool:
        """Whether a field is visible in every call that is shown at all."""
        return self.scope_of_field(field) == self.reach

    def shows_all(self, *groups: FieldGroup) -> bool:
        """Whether groups are visible in the calls of everybody."""
        return all(self.scope(group) == "all" for group in groups)

    @property
    def uncounted(self) -> tuple[FieldGroup, ...]:
        """The groups that are not visible in every call that is listed, but for evidence, of which nothing is counted."""
        return tuple(group for group in GROUPS if group != "evidence" and self.scope(group) != self.reach)

    def sees(self, subject: str, group: FieldGroup) -> bool:
        """Whether a group is visible, whole, in the calls of somebody."""
        return self._holds(self.scope(group), subject)

    def lists(self, subject: str) -> bool:
        """Whether calls of somebody are shown at all."""
        return self._holds(self.reach, subject)

    def confined(self, query: Query) -> Query:
        """The query as it may be asked; the same one where nothing is hidden. Raises HiddenField."""
        if self.is_whole:
            return query
        return Query(query.text, confine(query.tree, self.whole, self.rows_of))

    def hidden(self, subject: str) -> tuple[FieldGroup, ...]:
        """The groups that are hidden, or hidden in part, in the calls of somebody."""
        return tuple(group for group in GROUPS if not self.sees(subject, group))

    def hidden_columns(self, subject: str) -> tuple[str, ...]:
        """The columns of the index that are hidden in the calls of somebody."""
        found = _hidden_columns(self.hidden(subject), self._single(subject))
        return found if self.shows_place(subject) else tuple(dict.fromkeys((*found, *PLACE_COLUMNS)))

    def _single(self, subject: str) -> frozenset[str]:
        return frozenset(field for field, scope in self.shown.fields.items() if self._holds(scope, subject))

    def shows_metadata(self, subject: str, field: str) -> bool:
        """Whether one field of metadata is visible in the calls of somebody."""
        return self._holds(scope_of(self.shown, field), subject)

    def preview(self, other: "Access") -> "Access":
        """What somebody else's access would show of what this one shows of everybody: a preview never shows more than its viewer may see."""
        return replace(other, shown=within(other.shown, self.shown), asks_reason=False)

    def _rows(self, scope: Scope) -> Rows:
        if scope == "all":
            return None
        return frozenset() if scope == "none" else frozenset({self.own}) if scope == "own" else self.team | {self.own}

    def _holds(self, scope: Scope, subject: str) -> bool:
        if scope == "all":
            return True
        return scope != "none" and (subject == self.own or (scope == "team" and subject in self.team))


@lru_cache(maxsize=1024)
def _hidden_columns(hidden: tuple[FieldGroup, ...], single: frozenset[str]) -> tuple[str, ...]:
    gone = frozenset(hidden)
    kept = {column for column, field in COLUMN_FIELD.items() if field in single and field in METADATA_FIELDS}
    return tuple(column for column, group in COLUMN_GROUP.items() if group in gone and column not in kept)


class Accesses:
    """The access of people under one snapshot. `subject_of` makes pseudonyms (Vault.subject)."""

    def __init__(self, snapshot: Snapshot, subject_of: Callable[[str], str]) -> None:
        self.roles: Mapping[str, RoleSpec] = roles_of(snapshot.roles)
        self.people: Mapping[str, Person] = snapshot.people
        self._subject_of = subject_of
        self._below: dict[str, list[str]] | None = None

    def of(self, principal: Principal, reason: str = "") -> Access:
        """What a principal sees, with or without a reason for reading payloads."""
        if principal.auth == "socket":
            return Access(roles=(HOST,), shown=_EVERYTHING, own=principal.subject, reason=reason)
        names = held_by(principal.person, principal.groups, self.roles)
        return self._access(names, principal.person, principal.subject, reason)

    def of_id(self, id: str) -> Access | None:
        """What somebody of the directory sees, by id; None when there is no such person."""
        person = self.people.get(id.lower())
        return None if person is None else self.of_person(person)

    def of_role(self, name: str, principal: Principal) -> Access | None:
        """What a principal would see with one role alone; None when there is no such role."""
        return self._access((name,), principal.person, principal.subject, "-") if name in self.roles else None

    def of_person(self, person: Person) -> Access:
        """What somebody of the directory sees, given a reason where one is asked for."""
        names = held_by(person.id, person.groups, self.roles)
        return self._access(names, person.id, self._subject_of(person.id), "-")

    def _access(self, names: tuple[str, ...], person: str, subject: str, reason: str) -> Access:
        roles = [self.roles[name] for name in names]
        shown, whole = union(roles, with_reason=bool(reason)), union(roles)
        team = self.team(person) if "team" in (*whole.groups.values(), *whole.fields.values()) else frozenset()
        return Access(roles=names, shown=shown, own=subject, team=team, asks_reason=shown != whole, reason=reason)

    def names(self) -> dict[str, str]:
        """Names of people by pseudonym."""
        return {self._subject_of(one.id): one.name or one.id for one in self.people.values()}

    def team(self, person: str) -> frozenset[str]:
        """The pseudonyms of whoever is below somebody in the chain of managers; a chain that runs in a circle ends where it began."""
        if self._below is None:
            self._below = {}
            for one in self.people.values():
                if one.manager:
                    self._below.setdefault(one.manager, []).append(one.id)
        found: set[str] = set()
        waiting = [person]
        while waiting and len(found) < _TEAM_MAX:
            new = [one for one in self._below.get(waiting.pop(), ()) if one not in found]
            found.update(new)
            waiting.extend(new)
        return frozenset(self._subject_of(one) for one in found)


def built_in_access(principal: Principal) -> Access:
    """What the roles that are built in show to a principal, without a directory: no team."""
    return Accesses(_EMPTY, lambda person: person).of(principal)


_EMPTY: Final = Snapshot()
