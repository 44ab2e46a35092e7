"""`gatebook tail`: follow calls as they are recorded."""

import argparse
import json
import sys
from typing import Any

from gatebook.cli import book_access, look
from gatebook.cli.main import Problem, read_settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("query", nargs="*", metavar="QUERY", help="words and field:value filters; empty: every call")
    parser.add_argument("-n", "--lines", type=int, default=10, metavar="N", help="show the newest N first (default: 10)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each call")


def run(args: argparse.Namespace) -> int:
    """Print the newest calls, then each call that ends, until it is interrupted."""
    query = book_access.check(" ".join(args.query))
    settings = read_settings(args)
    try:
        following = book_access.follow(settings, query)
        known: set[str] = set()
        if args.lines > 0:
            page = book_access.get(settings, "/calls", q=query, limit=min(args.lines, 500))
            for call in reversed(page["calls"]):
                # One that is open will come again with its outcome.
                if call["status"] != "open":
                    known.add(call["call_id"])
                    _show(call, as_json=args.json)
        for call in following:
            if call["call_id"] not in known:
                _show(call, as_json=args.json)
    except book_access.Refused as refused:
        raise Problem(str(refused)) from None
    return 0


def _show(call: dict[str, Any], *, as_json: bool) -> None:
    text = (
        json.dumps(call, ensure_ascii=False) if as_json else look.line(look.cells(call), look.TAIL_WIDTHS, colour=look.coloured(sys.stdout))
    )
    print(text, flush=True)
