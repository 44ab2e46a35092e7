"""Why a call would be decided as it would be: every grant and rule in the order of evaluation, with what it said, for people."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from msgspec import Struct

from gatebook.policy.access import DEFAULT_DENY
from gatebook.policy.bundle import Bundle
from gatebook.policy.conditions import Facts
from gatebook.policy.request import Counts, Request
from gatebook.policy.selectors import shown
from gatebook.record.parts import Decision

StepKind = Literal["person", "connector", "pack", "grant", "rule", "default", "definition"]
"""person and definition: what the gateway asks before and after policy; `explain` makes the others."""


class Step(Struct, frozen=True, kw_only=True):
    """One grant or rule that was looked at."""

    id: str
    kind: StepKind
    effect: str
    """For rules allow, deny, require_approval, redact or alert_only; for the others allow or deny."""
    matched: bool
    why: str
    """In a sentence: why not, or what matched. Holds no value of an argument."""


class Explanation(Struct, frozen=True, kw_only=True):
    """A decision with the way to it."""

    decision: Decision
    steps: tuple[Step, ...]


def explain(bundle: Bundle, request: Request, counts: Counts | None = None) -> Explanation:
    """Decide and say why."""
    decision = bundle.decide(request, counts)
    steps = [*_connector(bundle, request), *_packs(bundle, request), *_grants(bundle, request), *_rules(bundle, request, counts)]
    refused = decision.rule == DEFAULT_DENY
    why = decision.reason or "" if refused else f"the decision is by {decision.rule}"
    steps.append(Step(id=DEFAULT_DENY, kind="default", effect="deny", matched=refused, why=why))
    return Explanation(decision=decision, steps=tuple(steps))


def _connector(bundle: Bundle, request: Request) -> Iterator[Step]:
    name, tool = f"connector/{request.connector}", request.tool
    access = bundle.grants.access.get(request.connector)
    if access is None:
        yield Step(id=f"{name}:allow", kind="connector", effect="allow", matched=False, why="the connector has no access rules")
        return
    own = bundle.grants.own(request)
    for identifier in own:
        yield Step(id=identifier, kind="connector", effect="allow", matched=True, why="grants the connector")
    if not own:
        people, groups = shown(access.rules.people) or "nobody", shown(access.rules.groups) or "none"
        why = f"{_caller(request)} is not one of people {people} or groups {groups}"
        yield Step(id=f"{name}:allow", kind="connector", effect="allow", matched=False, why=why)
    if tool is None:
        return
    for effect, hits, patterns in (
        ("deny", access.denied(tool), access.rules.tools_deny),
        ("allow", access.allowed(tool), access.rules.tools_allow),
    ):
        for identifier in hits:
            yield Step(id=identifier, kind="connector", effect=effect, matched=True, why=f"the tool {tool} fits")
        if not hits:
            why = f"the tool {tool} fits none of {shown(patterns) or 'no patterns'}"
            yield Step(id=f"{name}:tools.{effect}", kind="connector", effect=effect, matched=False, why=why)


def _packs(bundle: Bundle, request: Request) -> Iterator[Step]:
    matched = {name for name in bundle.grants.standing(request).matched if name.startswith("pack/")}
    for pack in sorted(bundle.sources.packs, key=lambda one: one.name):
        hits = sorted(name for name in matched if name.startswith(f"pack/{pack.name}:"))
        for identifier in hits:
            yield Step(id=identifier, kind="pack", effect="allow", matched=True, why="grants the tools of the pack")
        if hits:
            continue
        if not (pack.people or pack.groups):
            why = "the pack is granted to nobody"
        elif request.tool is None or pack.holds(request.connector, request.tool):
            why = f"{_caller(request)} is not one of people {shown(pack.people) or 'nobody'} or groups {shown(pack.groups) or 'none'}"
        else:
            why = f"the tool {request.tool} of the connector {request.connector} is not in the pack"
        yield Step(id=f"pack/{pack.name}", kind="pack", effect="allow", matched=False, why=why)


def _grants(bundle: Bundle, request: Request) -> Iterator[Step]:
    for grant in bundle.grants.standing(request).temporary:
        ended = request.time_us >= grant.until_us
        why = f"{'ended' if ended else 'lasts until'} {_moment(grant.until_us)}"
        yield Step(id=f"grant/{grant.id}", kind="grant", effect="allow", matched=not ended, why=why)


def _rules(bundle: Bundle, request: Request, counts: Counts | None) -> Iterator[Step]:
    asked = bundle.candidates(request).asks(request.time_us)
    facts = Facts(request)
    for one in bundle.prepared:
        matched, why = False, "not asked: without a grant, or against a denied tool, no policy counts"
        if asked:
            miss = one.matcher.static_miss(request)
            if miss is None and not one.applies(request):
                miss = "it is about calls of tools"
            if miss is None:
                outcome = one.outcome(request, facts, counts)
                matched, why = outcome.matched, outcome.why
            else:
                why = miss
        note = "" if one.rule.mode == "enforce" else "observe only"
        if matched:
            why = "; ".join(part for part in ("matches", why, note) if part)
        yield Step(id=one.rule.id, kind="rule", effect=one.rule.effect, matched=matched, why=why)


def _caller(request: Request) -> str:
    return f"{request.person or 'nobody'}, in {f'group {shown(request.groups)}' if request.groups else 'no group'},"


def _moment(time_us: int) -> str:
    try:
        return f"{datetime.fromtimestamp(time_us // 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "a time that no calendar has"
