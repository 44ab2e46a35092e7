"""`gatebook tail`: follow calls as they are recorded."""

import argparse
import json
import sys
from typing import Any

from gatebook.cli import asking, book_access, look, table
from gatebook.cli.asking import Asked
from gatebook.cli.main import read_settings

_EXAMPLES = """
  gatebook tail
  gatebook tail 'status:(blocked,tool_error) person:ann*' -n 0
  gatebook tail connector:github --json | jq -r .tool
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    asking.add_query(parser, _EXAMPLES.lstrip("\n"), bounds=False)
    parser.add_argument("-n", "--lines", type=int, default=10, metavar="N", help="show the newest N first (default: 10)")
    parser.add_argument("--columns", metavar="A,B", help="columns of each line, as `search` has them")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each call")


def run(args: argparse.Namespace) -> int:
    """Print the newest calls, then each call that ends, until it is interrupted."""
    asked, settings = Asked(args), read_settings(args)
    printer = Printer(as_json=args.json, columns=args.columns)
    try:
        following = book_access.follow(settings, asked.text)
        known: set[str] = set()
        if args.lines > 0:
            page = book_access.get(settings, "/calls", **asked.params, limit=min(args.lines, 500))
            for call in reversed(page["calls"]):
                # One that is open will come again with its outcome.
                if call["status"] != "open":
                    known.add(call["call_id"])
                    printer.show(call)
        printer.say("following; Ctrl-C ends it")
        for call in following:
            if call["call_id"] not in known:
                printer.show(call)
        printer.say("the keeper ended the tail; start it again to go on")
    except book_access.Refused as refused:
        raise asking.said(refused) from None
    return 1


class Printer:
    """Prints call after call in columns that are fixed before the first one is known."""

    def __init__(self, *, as_json: bool, columns: str | None) -> None:
        self._as_json = as_json
        terminal = look.columns_of(sys.stdout)
        self._colour = look.coloured(sys.stdout)
        self._columns = table.choose(columns, terminal)
        self._widths = table.fit([column.limit for column in self._columns], self._columns, terminal)
        self._headed = as_json or terminal is None

    def show(self, call: dict[str, Any]) -> None:
        """One call."""
        if self._as_json:
            print(json.dumps(call, ensure_ascii=False), flush=True)
            return
        if not self._headed:
            self._headed = True
            head = table.line([column.head for column in self._columns], self._columns, self._widths, colour=False)
            print(look.dim(head, self._colour))
        cells = [look.clean(column.text(call)) for column in self._columns]
        print(table.line(cells, self._columns, self._widths, colour=self._colour), flush=True)

    def say(self, text: str) -> None:
        """What the tail is doing, for people only."""
        if sys.stderr.isatty():
            print(look.dim(f"… {text}", look.coloured(sys.stderr)), file=sys.stderr, flush=True)
