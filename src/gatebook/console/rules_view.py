"""What the pages of policies and guardrails show, in words."""

from typing import Literal

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import columns
from gatebook.charts.columns import Column, Piece, Plot
from gatebook.charts.frame import Tick
from gatebook.console.address import explorer
from gatebook.console.changes_view import DiffLine, address, diff_lines, plain
from gatebook.console.connectors_view import moment
from gatebook.console.looks import Look
from gatebook.console.times import Range, ago
from gatebook.console.zones import Zone
from gatebook.definitions.characters import visible
from gatebook.query.writing import term
from gatebook.reading.rule_facts import Hits, Listed, Resource, RuleFacts, Version
from gatebook.reading.tool_activity import DAY_US

PLACES: dict[Listed, str] = {"Policy": "policies", "Guardrail": "guardrails"}
EFFECTS: dict[str, Look] = {
    "allow": Look(outcome="ok", shape="ok", word="Allow"),
    "deny": Look(outcome="blocked", shape="blocked", word="Deny"),
    "require_approval": Look(outcome="other", shape="clock", word="Ask first"),
    "redact": Look(outcome="redacted", shape="redacted", word="Redact"),
    "alert_only": Look(outcome="failed", shape="failed", word="Alert only"),
    "block": Look(outcome="blocked", shape="blocked", word="Block"),
    "mask_last4": Look(outcome="redacted", shape="mask", word="Mask"),
    "hash": Look(outcome="redacted", shape="hash", word="Hash"),
    "log": Look(outcome="other", shape="records", word="Log"),
}
MODES: dict[str, Look] = {
    "enforce": Look(outcome="ok", shape="shield", word="Enforced"),
    "observe": Look(outcome="failed", shape="eye", word="Observed"),
}
_DOES: dict[str, str] = {
    "allow": "Lets calls through that are granted",
    "deny": "Refuses calls",
    "require_approval": "Holds calls until somebody approves them",
    "redact": "Takes sensitive data out of calls and their answers",
    "alert_only": "Names itself in the record of calls and changes nothing",
    "block": "Refuses the call, or withholds its answer",
    "mask_last4": "Masks all but the last four characters",
    "hash": "Puts the same token in place of the same value",
    "log": "Notes what it finds and changes nothing",
}
_OBSERVED = {"Policy": "It is observed: it decides nothing, and each record says where it would have.", "Guardrail": "It is observed: it changes nothing, and each record says what it found."}  # fmt: skip


class RuleRow(Struct, frozen=True, kw_only=True):
    """One policy or guardrail in its list. `finds`: detectors and parts of a guardrail, empty for a policy."""

    number: int
    name: str
    href: str
    effect: Look
    mode: Look
    applies_to: str
    when: str
    finds: str
    tests: str
    hits: str
    hits_href: str
    spark: Markup | None
    changed: str
    author: str
    version: int
    description: str


class VersionView(Struct, frozen=True, kw_only=True):
    """One version in the history."""

    version: int
    author: str
    at: str
    reason: str
    deleted: bool
    in_force: bool
    diff: tuple[DiffLine, ...]


class DayRow(Struct, frozen=True, kw_only=True):
    """A line of the table beside the chart of hits."""

    label: str
    href: str
    count: int


class HitsView(Struct, frozen=True, kw_only=True):
    """How often a policy or guardrail applied in seven days."""

    calls: str
    decided: str
    href: str
    last: str
    svg: Markup
    days: tuple[DayRow, ...]


class RuleView(Struct, frozen=True, kw_only=True):
    """One policy or guardrail with its history. `row` is None when it was deleted."""

    kind: Listed
    name: str
    place: str
    row: RuleRow | None
    sentence: str
    observed: str
    severity: str
    yaml: str
    version: int
    mode: Literal["enforce", "observe", ""]
    hits: HitsView | None
    versions: tuple[VersionView, ...]
    edit: str
    delete: str


def rule_row(facts: RuleFacts, number: int, now_us: int) -> RuleRow:
    """The row of a policy or guardrail; `number` is its place in the order of evaluation."""
    return RuleRow(
        number=number,
        name=facts.name,
        href=f"/{PLACES[facts.kind]}/{facts.name}",
        effect=effect_look(facts.effect),
        mode=MODES[facts.mode],
        applies_to=plain(facts.applies_to),
        when=plain(facts.when or ""),
        finds=_finds(facts),
        tests=f"{facts.tests:,}" if facts.kind == "Policy" else "",
        hits="–" if facts.hits is None else f"{facts.hits.calls:,}",
        hits_href=explorer(term("rule", facts.name), Range(since_us=now_us - 7 * DAY_US, preset="7d")),
        spark=_spark(facts),
        changed=ago(now_us - facts.changed_us),
        author=plain(facts.author),
        version=facts.version,
        description=plain(facts.description),
    )


def rule_view(found: Resource, kind: Listed, zone: Zone, now_us: int) -> RuleView:
    """The page of one."""
    facts = found.facts
    return RuleView(
        kind=kind,
        name=found.name,
        place=PLACES[kind],
        row=None if facts is None else rule_row(facts, 0, now_us),
        sentence="" if facts is None else sentence(facts),
        observed=_OBSERVED[kind] if facts is not None and facts.mode == "observe" else "",
        severity="" if facts is None else facts.severity or "that of each detector",
        yaml=visible(found.yaml),
        version=found.version,
        mode="" if facts is None else facts.mode,
        hits=None if facts is None or facts.hits is None else _hits(facts.name, facts.hits, zone, now_us),
        versions=tuple(_version(one, one.version == found.version and not one.deleted, zone) for one in found.versions),
        edit=address(kind, found.name),
        delete=address(kind, found.name, delete="1"),
    )


def effect_look(effect: str) -> Look:
    """How an effect or action looks."""
    return EFFECTS.get(effect) or Look(outcome="other", shape="other", word=effect)


def sentence(facts: RuleFacts) -> str:
    """What it says, in words."""
    return f"{_DOES.get(facts.effect, facts.effect)}{' where its condition holds' if facts.when else ''}."


def _finds(facts: RuleFacts) -> str:
    if not facts.detectors:
        return ""
    names = ", ".join(plain(name) for name in facts.detectors)
    return plain(f"{names} in {' and '.join(facts.parts)}") if facts.parts else plain(names)


def _spark(facts: RuleFacts) -> Markup | None:
    if facts.hits is None or not facts.hits.calls:
        return None
    return columns.sparkline(facts.hits.days, f"{facts.name}: {', '.join(f'{count:,}' for count in facts.hits.days)} calls by day")


def _hits(name: str, hits: Hits, zone: Zone, now_us: int) -> HitsView:
    query, first_us = term("rule", name), now_us - len(hits.days) * DAY_US
    rows, made, ticks = [], [], []
    for number, count in enumerate(hits.days):
        span = Range(since_us=first_us + number * DAY_US, until_us=first_us + (number + 1) * DAY_US)
        href = explorer(query, span)
        label = f"{zone.span(span.since_us or 0, span.until_us or 0)}: {count:,} {'call' if count == 1 else 'calls'}"
        made.append(Column(label=label, href=href, pieces=(Piece(name="c0", count=count, label=label, href=href),)))
        rows.append(DayRow(label=zone.span(span.since_us or 0, span.until_us or 0), href=href, count=count))
        ticks.append(Tick(share=(number + 0.5) / len(hits.days), word=zone.axis(span.until_us or 0, 30 * DAY_US)))
    told = ", ".join(f"{count:,}" for count in hits.days)
    plot = Plot(label=f"Calls to which {name} applied, by day: {told}", width=560, height=150, ticks=tuple(ticks))
    return HitsView(
        calls=f"{hits.calls:,}",
        decided=f"{hits.decided:,}",
        href=explorer(query, Range(since_us=first_us, preset="7d")),
        last=ago(now_us - hits.last_us) if hits.last_us else "none in 7 days",
        svg=columns.columns(made, plot),
        days=tuple(rows),
    )


def _version(one: Version, in_force: bool, zone: Zone) -> VersionView:
    return VersionView(
        version=one.version,
        author=plain(one.author),
        at=moment(one.at_us, zone),
        reason=plain(one.reason or ""),
        deleted=one.deleted,
        in_force=in_force,
        diff=diff_lines(one.diff),
    )
