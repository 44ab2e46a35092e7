"""Connectors and tools as lines for people. What a connector wrote cannot steer the terminal."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from gatebook.cli import look, table
from gatebook.cli.table import Column
from gatebook.cli.width import clean

UNDECIDED: Final = ("waiting", "changed", "renamed", "look_alike")
_WORDS: Final = {
    "approved": "approved",
    "waiting": "waiting",
    "changed": "CHANGED",
    "renamed": "RENAMED",
    "look_alike": "LOOK-ALIKE",
    "refused": "refused",
    "removed": "removed",
    "unchecked": "not checked",
}
_COLOURS: Final = {
    "approved": "32",
    "waiting": "33",
    "changed": "31",
    "renamed": "31",
    "look_alike": "31",
    "refused": "35",
    "removed": "2",
    "unchecked": "2",
}
_SEVERITIES: Final = {"critical": "31", "high": "31", "medium": "33", "low": "2"}
_MARKS: Final = {"-": "31", "+": "32"}
_REMARKS_MAX: Final = 40
_DIGITS: Final = 12


def connectors(rows: Sequence[dict[str, Any]], *, terminal: int | None, colour: bool) -> Iterator[str]:
    """A table of connectors, and what to do about what waits."""
    if not rows:
        yield "No connector, or none with tools that wait."
        return
    columns = (
        Column(head="CONNECTOR", text=lambda row: row["name"], limit=32, low=12),
        Column(head="TOOLS", text=lambda row: str(row["tools"]), right=True, low=5),
        Column(head="WAITING", text=lambda row: str(row["undecided"] or "-"), right=True, low=7),
        Column(head="GRAVE", text=lambda row: str(row["grave"] or "-"), right=True, low=5),
        Column(head="APPROVAL", text=lambda row: row["tool_approval"], low=8),
        Column(head="LAST NEW", text=lambda row: _day(row["listed_us"]), limit=16, low=16),
        Column(head="CALLS 24 H", text=lambda row: _calls(row), right=True, low=10),
        Column(head="LAST CALL", text=lambda row: _last(row), limit=16, low=16),
    )
    yield from table.render(rows, columns, terminal=terminal, colour=colour)
    if waiting := [row["name"] for row in rows if row["undecided"]]:
        yield ""
        yield f"Look at what waits with `gatebook tools list {waiting[0]} --waiting`."


def tools(rows: Sequence[dict[str, Any]], *, terminal: int | None, colour: bool) -> Iterator[str]:
    """A table of the tools of one connector."""
    if not rows:
        yield "No tool, or none that waits."
        return
    columns = (
        Column(head="STATE", text=lambda row: _WORDS[row["state"]], limit=12, low=11),
        Column(head="TOOL", text=lambda row: row["tool"], limit=48, low=16),
        Column(head="DOES", text=lambda row: row["kind"], limit=11, low=11),
        Column(head="REMARKS", text=_remarks, limit=24, low=9),
        Column(head="DECIDED BY", text=lambda row: row["decided_by"] or "-", limit=28, low=10),
        Column(head="WHEN", text=lambda row: _day(row["decided_us"]), limit=16, low=16),
        Column(head="CALLS 7 D", text=lambda row: _calls(row), right=True, low=9),
        Column(head="LAST CALL", text=lambda row: _last(row), limit=16, low=16),
    )
    head, *lines = table.render(rows, columns, terminal=terminal, colour=colour)
    yield head
    for row, line in zip(rows, lines, strict=True):
        word = _WORDS[row["state"]]
        yield look.paint(word, _COLOURS[row["state"]], colour) + line[len(word) :] if line.startswith(word) else line


def tool(found: dict[str, Any], *, colour: bool) -> Iterator[str]:
    """One tool, whole."""
    facts = found["facts"]
    name = f"{found['connector']}/{facts['tool']}"
    yield look.bold(clean(name), colour) + "  " + look.paint(_WORDS[facts["state"]], _COLOURS[facts["state"]], colour)
    for title, text in _facts(found):
        yield f"  {look.dim(f'{title:<12}', colour)} {clean(text)}"
    if facts["remarks"]:
        yield look.bold("Remarks", colour)
        for remark in facts["remarks"][:_REMARKS_MAX]:
            severity = look.paint(f"{remark['severity']:<8}", _SEVERITIES[remark["severity"]], colour)
            yield f"  {severity} {clean(remark['path'])}: {clean(remark['text'])}"
        if (more := len(facts["remarks"]) - _REMARKS_MAX) > 0:
            yield f"  … {more} more (--json shows all)"
    if found["compared"]:
        yield look.bold("Changed since it was approved", colour)
        yield from (f"  {line}" for line in diff(found["compared"]["text"], colour=colour))
    yield look.bold("Definition", colour)
    yield from (f"  {clean(line)}" for line in found["definition"].split("\n"))
    yield look.bold("History", colour)
    for seen in found["history"]:
        marks = " ".join(word for word, on in (("listed", seen["listed"]), ("in force", seen["in_force"])) if on)
        who = f" by {seen['decided_by']} at {_day(seen['decided_us'])}: {seen['reason'] or '-'}" if seen["decided_us"] else ""
        yield f"  {seen['hash'][:_DIGITS]}  seen {_day(seen['seen_us'])}  {seen['state']}{clean(who)}{f'  ({marks})' if marks else ''}"


def diff(text: str, *, colour: bool) -> Iterator[str]:
    """The lines of a diff, coloured by their mark."""
    for line in text.splitlines():
        if line.startswith("! "):
            severity = line[2:].partition(" ")[0]
            yield look.paint(clean(line), _SEVERITIES.get(severity, "0"), colour)
        else:
            yield look.paint(clean(line), _MARKS.get(line[:1], "0"), colour) if line[:1] in _MARKS else clean(line)


def same(found: dict[str, Any]) -> str:
    """Why there is no diff."""
    facts = found["facts"]
    name = clean(f"{found['connector']}/{facts['tool']}")
    if facts["hash"] is None:
        return f"{name} is no longer listed."
    if facts["approved_hash"] is None:
        return f"Nothing of {name} was approved before; `gatebook tools show` prints the whole definition."
    return f"{name} is listed as it was approved."


def decided(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What a decision did: the diff of each definition, then one line for each."""
    for row in rows:
        if row["diff"] and len(rows) == 1:
            yield from diff(row["diff"], colour=False)
    for row in rows:
        known = row["known"]
        note = "" if row["listed"] else "; the connector does not list it now"
        yield clean(f"{known['connector']}/{known['tool']} {known['hash'][:_DIGITS]} {known['state']} by {known['decided_by']}{note}")


def _facts(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    facts = found["facts"]
    if facts["other"]:
        yield ("was" if facts["state"] == "renamed" else "resembles"), facts["other"]
    yield "listed", facts["hash"] or "no longer"
    yield "approved", facts["approved_hash"] or "nothing"
    yield "first seen", _day(facts["first_us"])
    if facts["decided_us"]:
        yield "decided", f"by {facts['decided_by']} at {_day(facts['decided_us'])}: {facts['reason'] or 'no reason given'}"
    hints = ", ".join(f"{name} {'yes' if value else 'no'}" for name, value in facts["hints"].items())
    yield "does", f"{facts['kind']} ({hints or 'it says nothing of itself'})"
    grants = facts["grants"]
    named = [*(f"group {name}" for name in grants["groups"]), *grants["people"], *(f"pack {name}" for name in grants["packs"])]
    yield "granted to", ", ".join(named) or "nobody"
    if facts["activity"]:
        yield "calls", f"{facts['activity']['calls']:,} in 7 days, the last {_last(facts)}"
    if found["callers"]:
        counts = found["callers"]["counts"]
        yield "may call", ", ".join(f"{count} {word}" for word, count in counts.items())


def _remarks(row: dict[str, Any]) -> str:
    counts: dict[str, int] = {}
    for remark in row["remarks"]:
        counts[remark["severity"]] = counts.get(remark["severity"], 0) + 1
    return ", ".join(f"{count} {severity}" for severity, count in counts.items()) or "-"


def _calls(row: dict[str, Any]) -> str:
    return "?" if row["activity"] is None else f"{row['activity']['calls']:,}"


def _last(row: dict[str, Any]) -> str:
    if row["activity"] is None:
        return "?"
    return _day(row["activity"]["last_us"]) if row["activity"]["last_us"] else "none in 90 days"


def _day(time_us: int | None) -> str:
    return "-" if time_us is None else time.strftime("%Y-%m-%d %H:%M", time.gmtime(time_us // 1_000_000))
