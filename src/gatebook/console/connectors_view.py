"""What the pages of connectors show, in words. What a connector wrote is shown with hidden characters written out, and never long."""

from collections.abc import Sequence

from msgspec import Struct

from gatebook.console.address import explorer
from gatebook.console.looks import Look
from gatebook.console.times import Range, ago
from gatebook.console.zones import Zone
from gatebook.definitions.telling import one_line
from gatebook.policy.request import HINTS, Hints
from gatebook.query.writing import both, term
from gatebook.reading.callers import Grants
from gatebook.reading.standing import ToolState
from gatebook.reading.tallies import ERRORS
from gatebook.reading.tool_activity import DAY_US
from gatebook.reading.tool_facts import Activity, ConnectorFacts, Noted, ToolFacts

NAME_CHARACTERS_MAX = 120
STATES: dict[ToolState, Look] = {
    "approved": Look(outcome="ok", shape="ok", word="Approved"),
    "waiting": Look(outcome="failed", shape="clock", word="Waiting"),
    "changed": Look(outcome="blocked", shape="failed", word="Changed"),
    "renamed": Look(outcome="blocked", shape="edit", word="Renamed"),
    "look_alike": Look(outcome="blocked", shape="copy", word="Look-alike"),
    "refused": Look(outcome="blocked", shape="blocked", word="Refused"),
    "removed": Look(outcome="other", shape="not", word="Removed"),
    "unchecked": Look(outcome="other", shape="other", word="Not checked"),
}
MEANINGS: dict[ToolState, str] = {
    "approved": "What the connector lists is what was approved. The tool may be called.",
    "waiting": "Nobody has decided about this tool yet. It is hidden from all clients, and calls of it are refused.",
    "changed": "What the connector lists is not what was approved. The tool is hidden from all clients, and calls of it are refused.",
    "renamed": "This is the definition of another tool under a new name. It is hidden from all clients, and calls of it are refused.",
    "look_alike": "The name can be taken for that of another tool. It is hidden from all clients, and calls of it are refused.",
    "refused": "Somebody refused what the connector lists. The tool is hidden from all clients, and calls of it are refused.",
    "removed": "The connector no longer lists this tool.",
    "unchecked": "This connector says tool_approval: none, so that what it lists is not held against anything.",
}
SEVERITIES: dict[str, str] = {"critical": "is-blocked", "high": "is-blocked", "medium": "is-failed", "low": "is-other"}
KINDS = {"read": "Reads", "write": "Writes", "destructive": "Destructive"}


class ConnectorRow(Struct, frozen=True, kw_only=True):
    """One connector in the list."""

    name: str
    title: str
    href: str
    look: Look
    tools: str
    undecided: int
    grave: int
    calls: str
    errors: str
    poor: bool
    calls_href: str
    errors_href: str
    last: str
    approval: str


class Badge(Struct, frozen=True, kw_only=True):
    """Remarks of one severity."""

    style: str
    text: str


class ToolRow(Struct, frozen=True, kw_only=True):
    """One tool in the list of its connector."""

    name: str
    key: str
    href: str
    look: Look
    other: str
    kind: str
    hints: str
    grants: str
    calls: str
    calls_href: str
    last: str
    remarks: tuple[Badge, ...]


def connector_row(facts: ConnectorFacts, now_us: int) -> ConnectorRow:
    """The row of a connector."""
    activity = facts.activity
    query, day = term("connector", facts.name), Range(since_us=now_us - DAY_US, preset="24h")
    return ConnectorRow(
        name=facts.name,
        title=one_line(facts.title, NAME_CHARACTERS_MAX),
        href=f"/connectors/{facts.name}",
        look=look_of(facts),
        tools=f"{facts.tools:,}" if facts.listed_us is not None or facts.tool_approval != "none" else "–",
        undecided=facts.undecided,
        grave=facts.grave,
        calls=count_of(activity),
        errors=rate_of(activity),
        poor=activity is not None and activity.calls > 0 and activity.errors * 10 >= activity.calls,
        calls_href=explorer(both(query, "method:tools/call"), day),
        errors_href=explorer(both(query, "method:tools/call", ERRORS), day),
        last=last_of(activity, now_us),
        approval=facts.tool_approval,
    )


def look_of(facts: ConnectorFacts) -> Look:
    """How a connector stands: what waits, else that all is decided."""
    if facts.tool_approval == "none":
        return STATES["unchecked"]
    if facts.listed_us is None:
        return Look(outcome="other", shape="other", word="Nothing listed yet")
    if facts.undecided:
        return Look(outcome="failed", shape="clock", word=f"{facts.undecided:,} waiting")
    return Look(outcome="ok", shape="ok", word="All decided")


def tool_row(connector: str, facts: ToolFacts, now_us: int) -> ToolRow:
    """The row of a tool."""
    query = both(term("connector", connector), term("tool", facts.tool))
    return ToolRow(
        name=one_line(facts.tool, NAME_CHARACTERS_MAX),
        key=facts.key,
        href=f"/connectors/{connector}/tools/{facts.key}",
        look=STATES[facts.state],
        other=one_line(facts.other, NAME_CHARACTERS_MAX) if facts.other else "",
        kind=KINDS[facts.kind] if facts.hints != HINTS else "Not said",
        hints=hints_text(facts.hints),
        grants=grants_text(facts.grants),
        calls=count_of(facts.activity),
        calls_href=explorer(query, Range(since_us=now_us - 7 * DAY_US, preset="7d")),
        last=last_of(facts.activity, now_us),
        remarks=remark_badges(facts.remarks),
    )


def remark_badges(remarks: Sequence[Noted]) -> tuple[Badge, ...]:
    """How many remarks there are of each severity, the gravest first."""
    counts: dict[str, int] = {}
    for remark in remarks:
        counts[remark.severity] = counts.get(remark.severity, 0) + 1
    return tuple(Badge(style=style, text=f"{counts[name]} {name}") for name, style in SEVERITIES.items() if name in counts)


def hints_text(hints: Hints) -> str:
    """What a tool says of itself, in words."""
    said = [
        f"{name.replace('_', ' ')}: {'yes' if value else 'no'}"
        for name in ("read_only", "destructive", "idempotent", "open_world")
        if (value := getattr(hints, name)) is not None
    ]
    return ", ".join(said) or "says nothing of itself, so it counts as destructive"


def grants_text(grants: Grants) -> str:
    """Whom a tool is granted to, in words."""
    parts = [*grants.groups, *grants.people, *(f"pack {name}" for name in grants.packs)]
    return ", ".join(one_line(part, NAME_CHARACTERS_MAX) for part in parts) or "nobody"


def count_of(activity: Activity | None) -> str:
    """A number of calls; a dash where nothing is known."""
    return "–" if activity is None else f"{activity.calls:,}"


def rate_of(activity: Activity | None) -> str:
    """The share of calls that failed."""
    if activity is None or not activity.calls:
        return "–"
    return f"{activity.errors / activity.calls * 100:.1f} %"


def last_of(activity: Activity | None, now_us: int) -> str:
    """When the last call was."""
    if activity is None:
        return "–"
    return ago(now_us - activity.last_us) if activity.last_us else "none in 90 days"


def moment(time_us: int | None, zone: Zone) -> str:
    """A time with its zone; a dash where there is none."""
    return "–" if not time_us else f"{zone.stamp(time_us)[:16]} {zone.word(time_us)}"
