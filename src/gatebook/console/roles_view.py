"""What the templates of roles show."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from gatebook.console.changes_view import address, plain
from gatebook.console.role_names import role_list, role_title
from gatebook.console.zones import Zone
from gatebook.query.groups import GROUPS, MEANING
from gatebook.reading.role_facts import ReadingsAnswer, RoleFacts, RolesAnswer

_WORDS: Final = {"all": "all", "team": "team", "own": "own", "none": "–"}
_ACTIONS: Final = {
    "search": "In a list",
    "show": "Opened a call",
    "export": "Export begun",
    "download": "Export downloaded",
    "verify": "Proof",
}


class Cell(Struct, frozen=True, kw_only=True):
    """What a role shows of one group: the word, a class for its colour, and in words for a tooltip."""

    word: str
    scope: str
    title: str


class RoleLine(Struct, frozen=True, kw_only=True):
    """One row of the matrix."""

    name: str
    title: str
    description: str
    built_in: bool
    cells: list[Cell]
    bound: str
    held: str
    reason: bool
    edit: str
    view_as: str


class GrantLine(Struct, frozen=True, kw_only=True):
    """Somebody gave themselves a role."""

    stamp: str
    text: str


class Matrix(Struct, frozen=True, kw_only=True):
    """The page of roles."""

    groups: list[tuple[str, str]]
    roles: list[RoleLine]
    self_granted: list[GrantLine]


class ReadingLine(Struct, frozen=True, kw_only=True):
    """Somebody was shown calls of the viewer."""

    stamp: str
    by: str
    roles: str
    what: str
    payloads: bool
    reason: str


def matrix(found: RolesAnswer, names: Mapping[str, str], zone: Zone) -> Matrix:
    """Make the page of roles."""
    grants = []
    for one in found.self_granted or ():
        who, whom = (names.get(subject) or "Somebody at the host" for subject in (one.actor, one.subject))
        to = "themselves" if one.actor == one.subject else whom
        grants.append(
            GrantLine(
                stamp=zone.stamp(one.time_us),
                text=plain(f"{who} gave {to} more of the log: {', '.join(one.groups)}, by the role {role_list(one.roles)}"),
            )
        )
    return Matrix(groups=[(group, MEANING[group]) for group in GROUPS], roles=[_line(one) for one in found.roles], self_granted=grants)


def _line(one: RoleFacts) -> RoleLine:
    bound = "everybody" if one.everybody else ", ".join([*one.groups, *one.people]) or "nobody"
    return RoleLine(
        name=one.name,
        title=role_title(one.name),
        description=plain(one.description),
        built_in=one.built_in,
        cells=[_cell(one, group) for group in GROUPS],
        bound=plain(bound),
        held=f"{one.held_by:,}",
        reason=one.reason_required,
        edit="" if one.everybody else address("Role", one.name),
        view_as=f"role:{one.name}",
    )


def _cell(one: RoleFacts, group: str) -> Cell:
    scope = one.shown[group]  # type: ignore[index]
    if group == "metadata" and scope == "none" and one.fields:
        named = ", ".join(f"{field} of {whose}" for field, whose in one.fields.items())
        return Cell(word=f"{len(one.fields)} fields", scope="some", title=named)
    return Cell(
        word=_WORDS[scope], scope=scope, title={"none": "hidden", "own": "own calls", "team": "calls of the team"}.get(scope, "all calls")
    )


def reading_lines(found: ReadingsAnswer, zone: Zone) -> list[ReadingLine]:
    """Make the lines of the page about who looked."""
    return [
        ReadingLine(
            stamp=zone.stamp(one.time_us),
            by=plain(one.by),
            roles=role_list(one.roles),
            what=_ACTIONS.get(one.action, one.action),
            payloads=one.payloads,
            reason=plain(one.reason),
        )
        for one in found.readings
    ]
