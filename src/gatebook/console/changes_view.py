"""What the editor and the pages of changes show: lines of a diff, what is wrong, what a replay found, who asked for what."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import quote, urlencode

from msgspec import Struct

from gatebook.console.address import explorer
from gatebook.console.connectors_view import moment
from gatebook.console.looks import EFFECTS as DECISIONS
from gatebook.console.looks import Look
from gatebook.console.times import Range
from gatebook.console.zones import Zone
from gatebook.definitions.characters import visible
from gatebook.query.writing import both
from gatebook.reading.replaying import Named, Replayed
from gatebook.reading.replays import Replaying
from gatebook.reading.rule_facts import Checked, EditedChange, Proposal

STATUSES = {"moved": 409, "own": 403, "unknown": 404, "state": 409}
"""The HTTP status of a page that says why a change was not made, by the kind of the refusal."""
PLAIN_CHARACTERS_MAX = 400
DAYS = (7, 30, 90)
REPLAYED = frozenset({"Policy", "ToolPack", "Governance", "Connector"})
"""Kinds that decide about calls, so that they can be tried on past ones."""
SCANNING = frozenset({"Guardrail", "Detector"})
"""Kinds that look into payloads, so that they can be tried on stored ones."""
_LINES_MAX = 4000
_LINE_CHARACTERS_MAX = 2000
_PLACED = re.compile(r"[^:\n]{0,200}?:(\d{1,7}): (.*)", re.DOTALL)
_MARKS = {"+": "new", "-": "gone", " ": "same", "@": "hunk"}
_ACTIONS = {"created": "New", "changed": "Changed", "unchanged": "Not changed", "deleted": "Deleted"}
_STATES: dict[str, Look] = {
    "open": Look(outcome="failed", shape="clock", word="Waits"),
    "applied": Look(outcome="ok", shape="ok", word="In force"),
    "declined": Look(outcome="blocked", shape="blocked", word="Declined"),
    "withdrawn": Look(outcome="other", shape="cancelled", word="Withdrawn"),
}
_LISTS = {"Role": "/roles", "AiClients": "/clients", "IdentityProvider": "/changes"}
_PAGES = {"Policy": "/policies", "Guardrail": "/guardrails", "Connector": "/connectors"}


class DiffLine(Struct, frozen=True, kw_only=True):
    """One line: its mark, and the text behind it. `kind` is new, gone, same or hunk."""

    kind: str
    mark: str
    text: str


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong, and in which line of the text; 0 where it is not about a line."""

    line: int
    text: str


class ChangedView(Struct, frozen=True, kw_only=True):
    """One resource that would change."""

    title: str
    word: str
    version: int
    diff: tuple[DiffLine, ...]


class CheckView(Struct, frozen=True, kw_only=True):
    """What would come of a draft. `moved` names what somebody else has changed since it was looked at."""

    faults: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()
    changes: tuple[ChangedView, ...] = ()
    tests: int = 0
    needs_second: bool = False
    moved: tuple[str, ...] = ()
    summary: str = ""

    @property
    def good(self) -> bool:
        """Whether it can be put in force."""
        return not self.faults and not self.moved and bool(self.changes)


class Count(Struct, frozen=True, kw_only=True):
    """A number for one value, and where its calls are; `href` is empty where there are none to lead to."""

    label: str
    count: str
    href: str


class Turn(Struct, frozen=True, kw_only=True):
    """So many calls would go from one decision to another."""

    was: Look
    now: Look
    count: str


class Example(Struct, frozen=True, kw_only=True):
    """One call that would be decided otherwise."""

    href: str
    person: str
    tool: str
    was: Look
    was_by: str
    now: Look
    now_by: str


class ReplayView(Struct, frozen=True, kw_only=True):
    """A replay as it stands. `of` is the digest of the draft it was begun with; all below `failure` is for one that is done."""

    id: str
    of: str
    state: Literal["running", "done", "failed"]
    percent: int
    range: str
    failure: str
    calls: str = ""
    changed: str = ""
    undecided: str = ""
    took: str = ""
    turns: tuple[Turn, ...] = ()
    tables: tuple[tuple[str, tuple[Count, ...]], ...] = ()
    errors: tuple[Count, ...] = ()
    examples: tuple[Example, ...] = ()
    summary: str = ""


class ProposalView(Struct, frozen=True, kw_only=True):
    """A change that waits or waited for a second person."""

    id: str
    href: str
    look: Look
    what: str
    author: str
    reason: str
    asked: str
    decided: str
    decision_reason: str
    own: bool
    may_decide: bool
    outdated: bool
    changes: tuple[ChangedView, ...]


def address(kind: str, name: str, **more: str) -> str:
    """The editor with one resource."""
    return "/changes/new?" + urlencode({"kind": kind, "name": name, **more})


def page_of(kind: str, name: str, *, deleted: bool = False) -> str:
    """The page of a resource; of its kind where it was deleted or has none of its own."""
    if kind in _LISTS:
        return _LISTS[kind]
    place = _PAGES.get(kind) or ("/guardrails" if kind in SCANNING else "/policies")
    return place if deleted or kind not in _PAGES else f"{place}/{quote(name, safe='')}"


def plain(text: str) -> str:
    """A text in one line, hidden characters written out, cut to a length."""
    flat = " ".join(visible(text).split())
    return flat if len(flat) <= PLAIN_CHARACTERS_MAX else flat[: PLAIN_CHARACTERS_MAX - 1] + "…"


def digest_of(text: str, deleted: str) -> str:
    """What tells one draft from another."""
    return hashlib.sha256(f"{deleted}\0{text}".encode(errors="replace")).hexdigest()[:16]


def diff_lines(diff: str) -> tuple[DiffLine, ...]:
    """A unified diff as lines, without its head."""
    made: list[DiffLine] = []
    for line in diff.splitlines()[:_LINES_MAX]:
        if line.startswith(("--- ", "+++ ")) and not made:
            continue
        kind = _MARKS.get(line[:1], "same")
        text = visible(line[1:] if kind != "hunk" else line)[:_LINE_CHARACTERS_MAX]
        made.append(DiffLine(kind=kind, mark=line[:1] if kind in ("new", "gone") else " ", text=text))
    return tuple(made)


def fault(text: str) -> Fault:
    """A problem with its line apart."""
    placed = _PLACED.fullmatch(text)
    return Fault(line=int(placed[1]), text=visible(placed[2])) if placed else Fault(line=0, text=visible(text))


def faults(texts: Sequence[str]) -> tuple[Fault, ...]:
    """Problems, those of the first line first."""
    return tuple(sorted(map(fault, texts), key=lambda one: one.line))


def seen_versions(found: Checked) -> dict[str, int]:
    """The version of each `Kind/name` that a check compared with; 0: there was none."""
    return {f"{one.kind}/{one.name}": one.version - (one.action != "unchanged") for one in found.changes}


def check_view(found: Checked, bases: Mapping[str, int]) -> CheckView:
    """What a check found. `bases`: the versions that were looked at when the draft was begun."""
    # Of a resource that was deleted, or never was, both 0 and the version of its deletion are good.
    absent = {f"{one.kind}/{one.name}" for one in found.changes if one.action == "created"}
    moved = [
        plain(place.replace("/", " ", 1))
        for place, version in seen_versions(found).items()
        if bases.get(place, version) not in ({0, version} if place in absent else {version})
    ]
    changes = tuple(changed_view(one) for one in found.changes if one.action != "unchanged")
    if found.problems:
        summary = f"{len(found.problems)} {'problem' if len(found.problems) == 1 else 'problems'}"
    elif not changes:
        summary = "Nothing is different from what is in force"
    else:
        summary = f"Valid: {len(changes)} {'change' if len(changes) == 1 else 'changes'}"
    return CheckView(
        faults=faults(found.problems),
        warnings=faults(found.warnings),
        changes=changes,
        tests=found.tests,
        needs_second=found.needs_second,
        moved=tuple(moved),
        summary=summary,
    )


def changed_view(one: EditedChange) -> ChangedView:
    """One resource that would change."""
    return ChangedView(title=f"{one.kind} {plain(one.name)}", word=_ACTIONS[one.action], version=one.version, diff=diff_lines(one.diff))


def replay_view(found: Replaying, of: str, zone: Zone) -> ReplayView:
    """A replay as it stands."""
    view = ReplayView(
        id=found.id,
        of=of,
        state=found.state,
        percent=round(found.done * 100),
        range=f"{zone.span(found.since_us, found.until_us)} {zone.word(found.until_us)}",
        failure=found.failure or "",
    )
    return view if found.result is None else _result(view, found.result)


def _result(view: ReplayView, result: Replayed) -> ReplayView:
    span = Range(since_us=result.since_us, until_us=result.until_us)
    calls = "call" if result.calls == 1 else "calls"
    summary = (
        f"{result.changed:,} of {result.calls:,} {calls} would be decided otherwise" if result.calls else "There are no calls in this time"
    )
    return ReplayView(
        id=view.id,
        of=view.of,
        state=view.state,
        percent=100,
        range=view.range,
        failure="",
        calls=f"{result.calls:,}",
        changed=f"{result.changed:,}",
        undecided=f"{result.undecided:,}" if result.undecided else "",
        took=f"{result.took_s:.1f} s",
        turns=tuple(Turn(was=DECISIONS[one.was], now=DECISIONS[one.now], count=f"{one.count:,}") for one in result.transitions),
        tables=tuple(
            (title, tuple(_count(one, span) for one in named))
            for title, named in (("Rule", result.by_rule), ("Person", result.by_person), ("Tool", result.by_tool))
        ),
        errors=tuple(Count(label=plain(name), count=f"{count:,}", href="") for name, count in result.errors.items()),
        examples=tuple(
            Example(
                href=f"/calls/{one.call}",
                person=plain(one.person),
                tool=plain(f"{one.connector} / {one.tool}"),
                was=DECISIONS[one.was],
                was_by=plain(one.was_by),
                now=DECISIONS[one.now],
                now_by=plain(one.now_by),
            )
            for one in result.examples
        ),
        summary=summary,
    )


def _count(one: Named, span: Range) -> Count:
    href = explorer(both(one.query, "method:tools/call"), span) if one.query else ""
    return Count(label=plain(one.value.replace("__", " / ", 1)), count=f"{one.count:,}", href=href)


def proposal_view(one: Proposal, zone: Zone) -> ProposalView:
    """One proposal."""
    names = [f"{change.kind} {plain(change.name)}" for change in one.changes]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    decided = f"{moment(one.decided_us, zone)} by {plain(one.decided_by or '')}" if one.decided_us else ""
    return ProposalView(
        id=one.id,
        href=f"/changes/{one.id}",
        look=_STATES[one.state],
        what=", ".join(names[:3]) + more,
        author=plain(one.author),
        reason=plain(one.reason),
        asked=moment(one.asked_us, zone),
        decided=decided,
        decision_reason=plain(one.decision_reason or ""),
        own=one.own,
        may_decide=one.may_decide,
        outdated=one.outdated,
        changes=tuple(map(changed_view, one.changes)),
    )
