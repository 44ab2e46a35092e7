"""`gatebook search`: find calls in the book, newest first."""

import argparse
import json
import re
import sys
from typing import Any

from gatebook.cli import book_access, look
from gatebook.cli.main import Problem, read_settings

_PAGE_ROWS = 500
_RELATIVE = re.compile(r"-\d+([a-z]{1,2})?$")
_LIMIT_MAX = 100_000

EXAMPLES = """examples:
  gatebook search 'connector:github status:(blocked,tool_error) since:-1d'
  gatebook search 'person:ann* duration:>2s "free text"'
  gatebook search 'arguments:invoice NOT client:cursor' --json | jq .call_id
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    # Makes `--since -1h` a value; argparse would take it for an option.
    parser._negative_number_matcher = _RELATIVE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("query", nargs="*", metavar="QUERY", help="words and field:value filters; empty: every call")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many calls (default: 50)")
    parser.add_argument("--since", metavar="TIME", help="only from then on: -1h, -7d, 2026-11-01 or 2026-11-01T09:30")
    parser.add_argument("--until", metavar="TIME", help="only before then")
    parser.add_argument("--count", action="store_true", help="print only how many there are")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each call")


def run(args: argparse.Namespace) -> int:
    """Search and print; exit code 0 also when nothing is found."""
    query = within(book_access.check(" ".join(args.query)), args.since, args.until)
    try:
        if args.count:
            return _count(args, book_access.check(query))
        calls, more = _find(args, book_access.check(query))
    except book_access.Refused as refused:
        raise Problem(str(refused)) from None
    if args.json:
        for call in calls:
            print(json.dumps(call, ensure_ascii=False))
    elif calls:
        for line in look.table(calls, colour=look.coloured(sys.stdout)):
            print(line)
    if sys.stderr.isatty() or not args.json:
        _say(len(calls), more)
    return 0


def _count(args: argparse.Namespace, query: str) -> int:
    total = book_access.get(read_settings(args), "/calls", q=query, limit=1, count="1")["total"]
    print(json.dumps({"count": total}) if args.json else total)
    return 0


def within(query: str, since: str | None, until: str | None) -> str:
    """The query with its bounds."""
    bounds = [f"{name}:{value}" for name, value in (("since", since), ("until", until)) if value]
    if not bounds or not query:
        return " ".join([query, *bounds]).strip()
    return f"({query}) {' '.join(bounds)}"


def _find(args: argparse.Namespace, query: str) -> tuple[list[dict[str, Any]], bool]:
    settings = read_settings(args)
    limit = max(1, min(args.limit, _LIMIT_MAX))
    calls: list[dict[str, Any]] = []
    cursor = None
    while len(calls) < limit:
        page = book_access.get(settings, "/calls", q=query, limit=min(_PAGE_ROWS, limit - len(calls)), before=cursor)
        calls += page["calls"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return calls, cursor is not None


def _say(shown: int, more: bool) -> None:
    if not shown:
        text = "no call matches"
    else:
        text = f"{shown} call{'s' if shown != 1 else ''}" + ("; there are older ones (--limit)" if more else "")
    print(text, file=sys.stderr)
