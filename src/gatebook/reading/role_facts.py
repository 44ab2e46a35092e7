"""What people read about roles, about what somebody sees, and about who read of their calls: plain data, the same for all faces."""

from typing import Annotated

from msgspec import Meta, Struct

from gatebook.query.groups import FieldGroup
from gatebook.state.roles import Scope

Scopes = Annotated[dict[FieldGroup, Scope], Meta(description="Whose calls by group of fields: none, own, team or all.")]
Singles = Annotated[dict[str, Scope], Meta(description="Whose calls by single field of the group metadata.")]


class RoleFacts(Struct, frozen=True, kw_only=True):
    """One role."""

    name: str
    built_in: bool
    description: str
    shown: Scopes
    fields: Singles
    groups: Annotated[tuple[str, ...], Meta(description="Groups whose members have it.")]
    people: Annotated[tuple[str, ...], Meta(description="People who have it by name.")]
    everybody: Annotated[bool, Meta(description="Whether everybody has it.")]
    reason_required: bool
    held_by: Annotated[int, Meta(description="Active people and service accounts who have it.")]


class SelfGrant(Struct, frozen=True, kw_only=True):
    """Somebody who administers gave themselves, or the host gave an administrator, a role that shows more of the log."""

    time_us: int
    id: Annotated[str, Meta(description="Id of its record.")]
    actor: Annotated[str, Meta(description="Pseudonym of who made the change.")]
    subject: Annotated[str, Meta(description="Pseudonym of who sees more.")]
    roles: tuple[str, ...]
    groups: tuple[str, ...]


class RolesAnswer(Struct, frozen=True, kw_only=True):
    """All roles, those that are built in first, and who gave themselves one in the last 30 days."""

    roles: tuple[RoleFacts, ...]
    self_granted: Annotated[tuple[SelfGrant, ...] | None, Meta(description="Null where the search index does not answer.")]


class AccessFacts(Struct, frozen=True, kw_only=True):
    """What somebody sees of the log."""

    person: str
    name: str
    roles: tuple[str, ...]
    shown: Scopes
    fields: Singles
    team: Annotated[int, Meta(description="People below them in the chain of managers; 0 where no role of theirs is about a team.")]
    reason_required: Annotated[bool, Meta(description="Whether some payloads ask for a reason.")]


class Reading(Struct, frozen=True, kw_only=True):
    """Somebody else was shown calls of the person, one by one."""

    time_us: int
    by: Annotated[str, Meta(description="Name of the reader, as far as the directory knows it.")]
    roles: tuple[str, ...]
    action: str
    groups: Annotated[tuple[str, ...], Meta(description="Groups of fields that were shown.")]
    payloads: bool
    reason: str


class ReadingsAnswer(Struct, frozen=True, kw_only=True):
    """Who was shown calls of the person, newest first, of the last 90 days."""

    readings: tuple[Reading, ...]
    more: Annotated[bool, Meta(description="Whether there are further ones, older than these.")]
