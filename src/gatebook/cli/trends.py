"""`gatebook trends`: violations, findings, what rises from week to week, latency and errors of connectors, share of clients."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from gatebook.cli import asking, bars, book_access, look, table
from gatebook.cli.asking import Asked
from gatebook.cli.main import read_settings
from gatebook.cli.table import Column
from gatebook.cli.width import clean, pad, width

_LABEL_MAX: Final = 28
_RISERS: Final = 5
_EXAMPLES = """
  gatebook trends
  gatebook trends connector:crm --since -30d
  gatebook trends --json | jq '.risers[] | select(.change > 1)'
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    asking.add_query(parser, _EXAMPLES.lstrip("\n"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the trends; of the last seven days where no time is given."""
    asked, settings = Asked(args), read_settings(args)
    try:
        found = book_access.get(settings, "/trends", **asked.params)
    except book_access.Refused as refused:
        raise asking.said(refused) from None
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for line in lines(found, terminal=look.columns_of(sys.stdout), colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def lines(found: dict[str, Any], *, terminal: int | None, colour: bool) -> Iterator[str]:
    """The trends for people, line by line."""
    since, until = (look.moment(found[name])[:16] for name in ("since_us", "until_us"))
    yield look.bold(f"{look.number(found['total']['count'])} calls, {since} to {until} UTC, {bars.span(found['step_us'])} a column", colour)
    room = (terminal or 100) - _LABEL_MAX - 14
    groups = [("Governed", found["governed"])]
    groups += [(f"Violations by {group['field']}", group["series"]) for group in found["violations"]]
    groups.append(("Findings by type of data", found["findings"]))
    for title, series in groups:
        if any(item["count"] for item in series):
            yield ""
            yield look.bold(title, colour)
            yield from _small_multiples(series, room, colour)
    yield from _risers(found, terminal, colour)
    yield from _latency(found["latency"], terminal, colour)
    if found["clients"]:
        yield ""
        counts = [{**item, "label": item["label"] or "further ones"} for item in found["clients"]]
        yield from bars.facet("client", counts, found["total"]["count"], colour=colour, terminal=terminal)


def _small_multiples(series: Sequence[dict[str, Any]], room: int, colour: bool) -> Iterator[str]:
    """One sparkline for each, all to the same scale."""
    drawn = [bars.shrink(item["counts"], max(8, room)) for item in series]
    most = max([count for counts in drawn for count in counts], default=0)
    longest = max(len(counts) for counts in drawn)
    label = min(max(_LABEL_MAX, room + _LABEL_MAX - longest), max(width(clean(item["label"])) for item in series))
    for item, counts in zip(series, drawn, strict=True):
        if item["count"]:
            line = look.status(item["value"], bars.spark(counts, most), colour=colour)
            yield f"  {pad(clean(item['label']), label)}  {line}  {look.number(item['count'])}"


def _risers(found: dict[str, Any], terminal: int | None, colour: bool) -> Iterator[str]:
    if not found["risers"]:
        return
    columns = (
        Column(head="RISING", text=lambda item: item["field"], limit=16),
        Column(head="VALUE", text=lambda item: item["label"] or item["value"], limit=44, low=12),
        Column(head="WEEK BEFORE", text=lambda item: look.number(item["before"]), right=True, low=11),
        Column(head="THIS WEEK", text=lambda item: look.number(item["now"]), right=True, low=9),
        Column(head="CHANGE", text=lambda item: "new" if item["change"] is None else f"{item['change'] * 100:+.0f} %", right=True, low=7),
    )
    by_field: dict[str, list[dict[str, Any]]] = {}
    for item in found["risers"]:
        by_field.setdefault(item["field"], []).append(item)
    yield ""
    yield from table.render([item for held in by_field.values() for item in held[:_RISERS]], columns, terminal=terminal, colour=colour)


def _latency(latency: Sequence[dict[str, Any]], terminal: int | None, colour: bool) -> Iterator[str]:
    if not latency:
        return
    columns = (
        Column(head="CONNECTOR", text=lambda item: item["connector"] or "(the gateway)", limit=24),
        Column(head="CALLS", text=lambda item: look.number(item["count"]), right=True, low=6),
        Column(head="FAILED", text=_failed, right=True, low=8),
        Column(head="P50", text=lambda item: look.took(item["p50_us"]), right=True, low=7),
        Column(head="P95", text=lambda item: look.took(item["p95_us"]), right=True, low=7),
        Column(head="P95 OVER TIME", text=lambda item: _means(item["p95_over_time"], 40), limit=48, low=10),
    )
    yield ""
    yield from table.render(latency, columns, terminal=terminal, colour=colour)


def _failed(item: dict[str, Any]) -> str:
    return f"{item['errors'] / item['count'] * 100:.1f} %" if item["count"] else ""


def _means(values: Sequence[int | None], room: int) -> str:
    """A sparkline of values that cannot be added up: the largest of each column."""
    each = -(-len(values) // room) or 1
    return bars.spark([max([value or 0 for value in values[at : at + each]]) for at in range(0, len(values), each)])
