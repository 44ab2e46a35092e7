"""`gatebook search`: find calls in the book, newest first."""

import argparse
import json
import sys
from typing import Any

from gatebook.cli import asking, bars, book_access, look, table
from gatebook.cli.asking import Asked
from gatebook.cli.main import read_settings
from gatebook.settings import Settings

_PAGE_ROWS = 500
_LIMIT_MAX = 100_000
_VALUES = 20

_EXAMPLES = """
  gatebook search 'connector:github status:(blocked,tool_error)' --since -1d
  gatebook search 'person:ann* duration:>2s "free text"' --histogram
  gatebook search status:blocked --by person --by rule --since -7d
  gatebook search 'arguments:invoice NOT client:cursor' --json | jq .call_id
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    asking.add_query(parser, _EXAMPLES.lstrip("\n"))
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many calls (default: 50)")
    parser.add_argument("--columns", metavar="A,B", help="columns of the table: time, status, person, call, …, or any column of an export")
    parser.add_argument("--histogram", action="store_true", help="first draw the calls over time, by outcome")
    parser.add_argument(
        "--by",
        action="append",
        metavar="FIELD",
        help="count by the values of a field instead of listing, as if the query said nothing of that field; may be repeated",
    )
    parser.add_argument("--count", action="store_true", help="print only how many there are")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each call")


def run(args: argparse.Namespace) -> int:
    """Search and print; exit code 0 also when nothing is found."""
    asked, settings = Asked(args), read_settings(args)
    try:
        if args.count:
            return _count(settings, asked, as_json=args.json)
        if args.by:
            return _by(settings, asked, args)
        if args.histogram:
            _histogram(settings, asked, as_json=args.json)
        return _list(settings, asked, args)
    except book_access.Refused as refused:
        raise asking.said(refused) from None


def _list(settings: Settings, asked: Asked, args: argparse.Namespace) -> int:
    terminal = look.columns_of(sys.stdout)
    columns = table.choose(args.columns, terminal)
    calls, more = _find(settings, asked, max(1, min(args.limit, _LIMIT_MAX)))
    if args.json:
        for call in calls:
            print(json.dumps(call, ensure_ascii=False))
    elif calls:
        for line in table.render(calls, columns, terminal=terminal, colour=look.coloured(sys.stdout)):
            print(line)
    if sys.stderr.isatty() or not args.json:
        print(summary(len(calls), more=more, ids=args.json or table.has_ids(columns)), file=sys.stderr)
    return 0


def _find(settings: Settings, asked: Asked, limit: int) -> tuple[list[dict[str, Any]], bool]:
    calls: list[dict[str, Any]] = []
    cursor = None
    while len(calls) < limit:
        page = book_access.get(settings, "/calls", **asked.params, limit=min(_PAGE_ROWS, limit - len(calls)), before=cursor)
        calls += page["calls"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return calls, cursor is not None


def _count(settings: Settings, asked: Asked, *, as_json: bool) -> int:
    total = book_access.get(settings, "/calls", **asked.params, limit=1, count="1")["total"]
    print(json.dumps({"count": total}) if as_json else total)
    return 0


def _histogram(settings: Settings, asked: Asked, *, as_json: bool) -> None:
    answer = book_access.get(settings, "/histogram", **asked.params)
    if as_json:
        print(json.dumps(answer))
        return
    for line in bars.histogram(answer, colour=look.coloured(sys.stdout), terminal=look.columns_of(sys.stdout)):
        print(line)
    print()


def _by(settings: Settings, asked: Asked, args: argparse.Namespace) -> int:
    fields = ",".join(dict.fromkeys(args.by))
    facets = book_access.get(settings, "/facets", **asked.params, fields=fields, limit=min(max(1, args.limit), _VALUES))["facets"]
    if args.json:
        print(json.dumps(facets, ensure_ascii=False))
        return 0
    total = book_access.get(settings, "/calls", **asked.params, limit=1, count="1")["total"]
    colour, terminal = look.coloured(sys.stdout), look.columns_of(sys.stdout)
    for at, (field, counts) in enumerate(facets.items()):
        if at:
            print()
        for line in bars.facet(field, counts, total, colour=colour, terminal=terminal):
            print(line)
    return 0


def summary(shown: int, *, more: bool, ids: bool) -> str:
    """What stands below the table: how many there are, and how to see more."""
    if not shown:
        return "no call matches"
    hints = ["there are older ones: --limit N"] if more else []
    if not ids:
        hints.append("ids: --columns time,call")
    return f"{look.number(shown)} call{'s' if shown != 1 else ''}" + "".join(f"; {hint}" for hint in hints)
