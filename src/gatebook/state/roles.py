"""The resource kind `Role`: what of which calls somebody sees, and who that is."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta
from msgspec.structs import replace

from gatebook.query.groups import GROUPS, METADATA_FIELDS, FieldGroup
from gatebook.state.parts import Part
from gatebook.state.policies import NAME, NAME_FAULT, Names

Scope: TypeAlias = Literal["none", "own", "team", "all"]
SCOPES: Final[tuple[Scope, ...]] = ("none", "own", "team", "all")
"""Whose calls, the narrowest first. The team of somebody is whoever is below them in the chain of managers, and they themselves."""
EMPLOYEE: Final = "employee"


class RoleSpec(Part, frozen=True, kw_only=True):
    """What a document of kind Role says under `spec`."""

    description: Annotated[str, Meta(description="What it is for.", max_length=2000)] = ""
    grants: Annotated[
        dict[FieldGroup, Scope],
        Meta(description="Whose calls by group of fields: none, own, team or all. A group that is left out is not shown."),
    ] = {}
    fields: Annotated[
        dict[str, Scope],
        Meta(description="Single fields of the group metadata, where the whole group would be too much; `time` and `call` come with them."),
    ] = {}
    groups: Annotated[Names, Meta(description="Groups whose members have the role.")] = ()
    people: Annotated[Names, Meta(description="Ids of people who have the role.")] = ()
    reason_required: Annotated[bool, Meta(description="Arguments and responses of others are shown only to who gives a reason.")] = False


def _every(scope: Scope, *groups: FieldGroup) -> dict[FieldGroup, Scope]:
    return dict.fromkeys(groups, scope)


BUILT_IN: Final[Mapping[str, RoleSpec]] = {
    EMPLOYEE: RoleSpec(
        description="Everybody, of their own calls.",
        grants=_every("own", "metadata", "failure", "identity", "policy", "arguments", "responses", "upstream"),
    ),
    "it_support": RoleSpec(
        description="Whether a connector works, without who used it for what.",
        fields={"call": "all", "time": "all", "connector": "all", "status": "all"},
        grants=_every("all", "failure"),
        groups=("it-support",),
    ),
    "team_lead": RoleSpec(
        description="What the people below somebody do, without payloads.",
        grants=_every("team", "metadata", "failure", "identity", "policy"),
        groups=("team-leads",),
    ),
    "security_analyst": RoleSpec(
        description="Everything, of everybody.",
        grants=_every("all", *GROUPS),
        groups=("security",),
    ),
    "auditor": RoleSpec(
        description="What happened and what proves it, with who read the log, without payloads.",
        grants=_every("all", "metadata", "failure", "identity", "policy", "evidence"),
        groups=("auditors",),
    ),
    "admin": RoleSpec(
        description="How the gateway runs: what was called and how it failed, without who, why and what.",
        grants=_every("all", "metadata", "failure"),
        groups=("admins",),
    ),
}
"""The roles that are always there. A document of the same name changes who has one, and whether payloads ask for a reason."""


def roles_of(documents: Mapping[str, RoleSpec]) -> dict[str, RoleSpec]:
    """Return all roles by name: those that are built in with what documents change of them, then the others."""
    roles = dict(BUILT_IN)
    for name, spec in documents.items():
        base = BUILT_IN.get(name)
        roles[name] = spec if base is None else replace(base, groups=spec.groups, people=spec.people, reason_required=spec.reason_required)
    return roles


def role_faults(name: str, spec: RoleSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if name in BUILT_IN:
        yield from _built_in_faults(name, spec)
        return
    if not NAME.match(name):
        yield "name", NAME_FAULT
    for field in spec.fields:
        if field not in METADATA_FIELDS:
            yield f"spec.fields.{field}", f"is no field of the group metadata; those are {', '.join(METADATA_FIELDS)}"
    if not any(scope != "none" for scope in (*spec.grants.values(), *spec.fields.values())):
        yield "spec.grants", "must show something"
    whole, single = SCOPES.index(spec.grants.get("metadata", "none")), max((SCOPES.index(one) for one in spec.fields.values()), default=0)
    for group, scope in spec.grants.items():
        if SCOPES.index(scope) > max(whole, single):
            yield (
                f"spec.grants.{group}",
                f"reaches {scope} calls, of which the role shows no metadata: grant metadata, or fields of it, as widely",
            )


def _built_in_faults(name: str, spec: RoleSpec) -> Iterator[tuple[str, str]]:
    base = BUILT_IN[name]
    if name == EMPLOYEE:
        yield "name", "is the role that everybody has of their own calls; it cannot be changed"
    for path, given, own in (("grants", spec.grants, base.grants), ("fields", spec.fields, base.fields)):
        if given and given != own:
            yield f"spec.{path}", f"{name} is built in: a document may change its groups, people and reason_required only"
