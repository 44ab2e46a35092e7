"""What the page of grants shows, in words. Names of tools and groups are shown with hidden characters written out, and never long."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import bars
from gatebook.charts.columns import Piece
from gatebook.console.address import explorer
from gatebook.console.connectors_view import NAME_CHARACTERS_MAX
from gatebook.console.looks import Look
from gatebook.console.times import Range, ago
from gatebook.definitions.key import key_of
from gatebook.definitions.telling import one_line
from gatebook.policy.access import EVERYONE
from gatebook.policy.given import CONNECTOR, PACK
from gatebook.policy.unused import State
from gatebook.query.writing import both, term
from gatebook.reading.grant_facts import ConnectorGrants, GrantFacts, GrantReport
from gatebook.reading.grant_room import Asked

STATES: dict[State, Look] = {
    "used": Look(outcome="ok", shape="ok", word="Used"),
    "unused": Look(outcome="failed", shape="not", word="Unused"),
    "new": Look(outcome="other", shape="clock", word="New"),
}
COLOURS: dict[State, str] = {"used": "c2", "unused": "medium", "new": "low"}
DAYS = (30, 90, 180, 365)
SHOWS: dict[str, str] = {"unused": "Unused", "all": "All"}


class GrantRow(Struct, frozen=True, kw_only=True):
    """One grant in the table. `may_words` says more of who may call."""

    id: str
    connector: str
    connector_href: str
    tool: str
    tool_href: str
    to: str
    to_href: str
    kind: str
    through: str
    look: Look
    may: str
    may_words: str
    idle: int
    did: str
    calls: str
    calls_href: str
    last: str
    since: str
    choosable: bool


class ConnectorBar(Struct, frozen=True, kw_only=True):
    """How many grants of one connector are used."""

    name: str
    href: str
    counts: dict[State, int]
    share: str
    bar: Markup


class GrantsView(Struct, frozen=True, kw_only=True):
    """The whole page."""

    summary: str
    connectors: list[ConnectorBar]
    rows: list[GrantRow]
    shown: str
    earlier: str
    later: str
    unused: int


def view(found: GrantReport, asked: Asked, params: Mapping[str, str], now_us: int) -> GrantsView:
    """Make the view. `params`: the question as it stands in the address."""
    whole = found.used + found.unused + found.new
    top = max((one.used + one.unused + one.new for one in found.connectors), default=1)
    first, last = asked.offset + 1, asked.offset + len(found.grants)
    return GrantsView(
        summary=_summary(found, whole),
        connectors=[_bar(one, top, params) for one in found.connectors],
        rows=[_row(one, found, params, now_us) for one in found.grants],
        shown=f"{first:,}–{last:,} of {found.total:,}" if found.grants else "",
        earlier=address({**params, "from": str(max(0, asked.offset - asked.limit))}) if asked.offset else "",
        later=address({**params, "from": str(last)}) if last < found.total else "",
        unused=found.unused,
    )


def address(params: Mapping[str, str]) -> str:
    """The address of the page with these parameters."""
    kept = {name: value for name, value in params.items() if value and (name, value) != ("from", "0")}
    return "/grants?" + urlencode(kept) if kept else "/grants"


def _summary(found: GrantReport, whole: int) -> str:
    if not whole:
        return "Nobody has been given a tool that is known."
    grants = "grant was" if whole == 1 else "grants were"
    new = f" {found.new:,} more {'is' if found.new == 1 else 'are'} new." if found.new else ""
    return f"{found.unused:,} of {whole:,} {grants} not used in {found.days} days.{new}"


def _bar(one: ConnectorGrants, top: int, params: Mapping[str, str]) -> ConnectorBar:
    href = address({**params, "connector": one.connector, "from": ""})
    counts: dict[State, int] = {"used": one.used, "unused": one.unused, "new": one.new}
    pieces = [
        Piece(name=COLOURS[state], count=count, label=f"{one.connector}: {count:,} {state}", href=href) for state, count in counts.items()
    ]
    total = sum(counts.values())
    label = f"{one.connector}: " + ", ".join(f"{count:,} {state}" for state, count in counts.items())
    return ConnectorBar(
        name=one.connector, href=href, counts=counts, share=f"{one.unused / total:.0%}" if total else "–", bar=bars.bar(pieces, top, label)
    )


def _row(one: GrantFacts, found: GrantReport, params: Mapping[str, str], now_us: int) -> GrantRow:
    calls = [term("connector", one.connector), term("tool", one.tool), "-decision:blocked"]
    if one.to.lower() != EVERYONE:
        calls.append(term(one.kind, one.to))
    people = "nobody is in it now" if not one.may_call else f"{one.idle:,} of them never called any tool of {one.connector}"
    return GrantRow(
        id=one.id,
        connector=one.connector,
        connector_href=f"/connectors/{one.connector}",
        tool=one_line(one.tool, NAME_CHARACTERS_MAX),
        tool_href=f"/connectors/{one.connector}/tools/{key_of(one.tool)}",
        to=one_line(one.to, NAME_CHARACTERS_MAX),
        to_href=address({**params, "group": one.to, "from": ""}),
        kind="" if one.kind == "group" else "person",
        through="connector" if one.through == CONNECTOR else f"pack {one.through.removeprefix(PACK)}",
        look=STATES[one.state],
        may=f"{one.may_call:,}",
        may_words=people,
        idle=one.idle,
        did=f"{one.did_call:,}",
        calls=f"{one.calls:,}",
        calls_href=explorer(both("method:tools/call", *calls), Range(since_us=found.since_us, until_us=found.until_us)),
        last=ago(now_us - one.last_us) if one.last_us else "never",
        since=ago(now_us - one.since_us) if one.since_us else "",
        choosable=one.state != "used",
    )


def choices(days: int) -> Sequence[int]:
    """The numbers of days that can be chosen: the usual ones, and the one that was asked for."""
    return sorted({*DAYS, days})
