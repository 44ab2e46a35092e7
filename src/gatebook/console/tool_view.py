"""What the page of one tool shows: the definition, what changed in it, the remarks, the decisions, and who may call it."""

from typing import Literal

from msgspec import Struct

from gatebook.console.connectors_view import MEANINGS, SEVERITIES, ToolRow, moment, tool_row
from gatebook.console.looks import Look
from gatebook.console.people_view import address_of
from gatebook.console.zones import Zone
from gatebook.definitions.change import Change
from gatebook.definitions.telling import one_line
from gatebook.reading.standing import HIDDEN
from gatebook.reading.tool_facts import Noted, Seen, ToolDetail

DEFINITION_CHARACTERS_MAX = 60_000
_REMARKS_MAX = 60
_DIGITS = 12
_PERSON_CHARACTERS_MAX = 80
_DECISIONS: dict[str, Look] = {
    "approved": Look(outcome="ok", shape="ok", word="Approved"),
    "refused": Look(outcome="blocked", shape="blocked", word="Refused"),
    "pending": Look(outcome="failed", shape="clock", word="Undecided"),
}
_REACHES = {"allowed": "always", "conditional": "depending on the call", "pending": "with an approval for each call", "denied": "never"}


class Piece(Struct, frozen=True):
    """Some words of a text: in both, only before (`gone`), or only now (`new`)."""

    kind: Literal["same", "gone", "new"]
    text: str


class ChangeView(Struct, frozen=True, kw_only=True):
    """One change: `pieces` where words can be told apart, else the two sides."""

    severity: str
    style: str
    path: str
    text: str
    pieces: tuple[Piece, ...]
    before: str | None
    after: str | None


class SeenView(Struct, frozen=True, kw_only=True):
    """One definition in the history."""

    hash: str
    digits: str
    look: Look
    seen: str
    decided: str
    by: str
    reason: str
    listed: bool
    in_force: bool


class RemarkView(Struct, frozen=True, kw_only=True):
    """One remark."""

    severity: str
    style: str
    path: str
    text: str


class CallerView(Struct, frozen=True, kw_only=True):
    """One person who could call the tool."""

    name: str
    href: str
    outcome: str
    rules: str


class ToolView(Struct, frozen=True, kw_only=True):
    """The page. `decide` is the hash that a decision is about, empty where there is nothing to decide; `approvable` whether it may be approved."""

    connector: str
    row: ToolRow
    meaning: str
    decide: str
    approvable: bool
    hidden: bool
    hash: str
    approved_hash: str
    first: str
    changes: tuple[ChangeView, ...]
    changes_left_out: int
    compared_with: str
    remarks: tuple[RemarkView, ...]
    remarks_left_out: int
    definition: str
    definition_cut: int
    history: tuple[SeenView, ...]
    counts: tuple[tuple[str, int], ...]
    callers: tuple[CallerView, ...]
    people: int | None


def tool_view(detail: ToolDetail, zone: Zone, now_us: int) -> ToolView:
    """The page of a tool."""
    facts, compared, callers = detail.facts, detail.compared, detail.callers
    decided = facts.state != "unchecked" and facts.hash is not None
    return ToolView(
        connector=detail.connector,
        row=tool_row(detail.connector, facts, now_us),
        meaning=MEANINGS[facts.state],
        decide=(facts.hash or "") if decided else "",
        approvable=facts.state in HIDDEN,
        hidden=facts.state in HIDDEN,
        hash=facts.hash or "",
        approved_hash=facts.approved_hash or "",
        first=moment(facts.first_us, zone),
        changes=tuple(_change(one) for one in compared.changes) if compared else (),
        changes_left_out=compared.left_out if compared else 0,
        compared_with=compared.before if compared else "",
        remarks=tuple(_remark(one) for one in facts.remarks[:_REMARKS_MAX]),
        remarks_left_out=max(0, len(facts.remarks) - _REMARKS_MAX),
        definition=detail.definition[:DEFINITION_CHARACTERS_MAX],
        definition_cut=max(0, len(detail.definition) - DEFINITION_CHARACTERS_MAX),
        history=tuple(_seen(one, zone) for one in detail.history),
        counts=tuple((_REACHES[name], count) for name, count in callers.counts.items()) if callers else (),
        callers=tuple(
            CallerView(
                name=one_line(one.name, _PERSON_CHARACTERS_MAX),
                href=address_of(one.person, "/why", connector=detail.connector, tool=facts.key),
                outcome=_REACHES[one.outcome],
                rules=", ".join(one.rules),
            )
            for one in callers.named
        )
        if callers
        else (),
        people=callers.people if callers else None,
    )


def _change(change: Change) -> ChangeView:
    return ChangeView(
        severity=change.severity,
        style=SEVERITIES[change.severity],
        path=change.path,
        text=change.text,
        pieces=tuple(Piece(run.kind, run.text) for run in change.words),
        before=change.before,
        after=change.after,
    )


def _remark(remark: Noted) -> RemarkView:
    return RemarkView(severity=remark.severity, style=SEVERITIES[remark.severity], path=remark.path, text=one_line(remark.text))


def _seen(seen: Seen, zone: Zone) -> SeenView:
    return SeenView(
        hash=seen.hash,
        digits=seen.hash[:_DIGITS],
        look=_DECISIONS[seen.state],
        seen=moment(seen.seen_us, zone),
        decided=moment(seen.decided_us, zone),
        by=one_line(seen.decided_by or "", _PERSON_CHARACTERS_MAX),
        reason=one_line(seen.reason or ""),
        listed=seen.listed,
        in_force=seen.in_force,
    )
