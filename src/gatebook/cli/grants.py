"""`gatebook grants`: who may call which tools and who does, and a draft of policies that takes away what nobody uses."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gatebook.cli import asking, book_access, look
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.cli.table import Column, render
from gatebook.cli.width import clean
from gatebook.settings import Settings

_DAYS: Final = 90
_PAGE: Final = 5000
_EXAMPLES = """
  gatebook grants --unused --connector crm
  gatebook grants --json | jq '.grants[] | select(.may_call > 20 and .did_call < 3)'
  gatebook grants narrow --connector crm -o narrow.yaml
  gatebook policy replay narrow.yaml --since 90d
  gatebook apply -f narrow.yaml --reason "not used in 90 days"
"""
_COLUMNS: Final = (
    Column(head="CONNECTOR", text=lambda one: one["connector"], limit=32),
    Column(head="TOOL", text=lambda one: one["tool"], limit=44, low=12),
    Column(head="GRANTED TO", text=lambda one: one["to"], limit=40, low=10),
    Column(head="THROUGH", text=lambda one: one["through"], limit=32, low=9),
    Column(head="STATE", text=lambda one: one["state"], limit=6, low=6),
    Column(head="MAY", text=lambda one: look.number(one["may_call"]), right=True, low=3),
    Column(head="DID", text=lambda one: look.number(one["did_call"]), right=True, low=3),
    Column(head="IDLE", text=lambda one: look.number(one["idle"]), right=True, low=4),
    Column(head="CALLS", text=lambda one: look.number(one["calls"]), right=True, low=5),
    Column(head="LAST USE", text=lambda one: look.moment(one["last_us"])[:10] if one["last_us"] else "-", limit=10, low=10),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "examples:\n" + _EXAMPLES.strip("\n")
    parser.description = (
        "Who may call which tools and who does, and what nobody uses: each tool that a group or person has been given,\nhow many MAY call it by that, how many DID, how many of those who may "
        "never called any tool of the connector (IDLE), and when it was called last. `new` came to be within the days, and was not used yet."
    )
    actions = parser.add_subparsers(dest="action", metavar="narrow")
    narrow = actions.add_parser(
        "narrow",
        help="draft policies that take unused grants away",
        description="Write policies that deny what nobody used, for whom it was given. Nothing is put in force; needs a running keeper.",
    )
    _add_filters(parser)
    # Without defaults of their own, so that they may stand before the word `narrow` too.
    _add_filters(narrow, argparse.SUPPRESS)
    parser.add_argument("--unused", action="store_true", help="only what nobody used")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    narrow.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object")
    narrow.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the YAML to a file (default: to standard output)")
    add_common(narrow)


def run(args: argparse.Namespace) -> int:
    """Print the report, or a draft that narrows."""
    if args.days < 1:
        raise Problem("--days must be 1 or more", exit_code=2)
    settings = read_settings(args)
    try:
        return _narrow(args, settings) if args.action == "narrow" else _report(args, settings)
    except book_access.Refused as refused:
        raise asking.said(refused) from None


def lines(found: dict[str, Any], *, unused: bool, terminal: int | None, colour: bool) -> Iterator[str]:
    """The report for people, line by line."""
    whole = found["used"] + found["unused"] + found["new"]
    yield look.bold(f"{summary(found['unused'], whole, found['days'])}{_new(found['new'])}.", colour)
    if found["grants"]:
        yield ""
        yield from render(found["grants"], _COLUMNS, terminal=terminal, colour=colour)
    if found["unused"]:
        yield ""
        yield look.dim("`gatebook grants narrow` drafts policies that take the unused ones away.", colour)
    elif unused and whole:
        yield "Nothing to narrow."


def summary(unused: int, whole: int, days: int) -> str:
    """How much is unused, as a clause."""
    if not whole:
        return "No grant of a known tool"
    verb = "was" if unused == 1 else "were"
    span = "1 day" if days == 1 else f"{days} days"
    return f"{look.number(unused)} of {look.number(whole)} {'grant' if whole == 1 else 'grants'} {verb} not used in {span}"


def _new(count: int) -> str:
    return f"; {look.number(count)} {'is' if count == 1 else 'are'} new" if count else ""


def _add_filters(parser: argparse.ArgumentParser, default: Any = None) -> None:
    days = _DAYS if default is None else default
    parser.add_argument("--days", type=int, default=days, metavar="N", help=f"use is that of so many days (default: {_DAYS})")
    parser.add_argument("--connector", default=default, metavar="NAME", help="only grants of this connector")
    parser.add_argument("--group", default=default, metavar="NAME", help="only what this group or person has been given")


def _report(args: argparse.Namespace, settings: Settings) -> int:
    asked = {"days": args.days, "connector": args.connector, "group": args.group, "unused": "1" if args.unused else None, "limit": _PAGE}
    found = book_access.get(settings, "/grants", **asked)
    while len(found["grants"]) < found["total"]:
        page = book_access.get(settings, "/grants", **asked, offset=len(found["grants"]))["grants"]
        if not page:
            break
        found["grants"] += page
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for line in lines(found, unused=args.unused, terminal=look.columns_of(sys.stdout), colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def _narrow(args: argparse.Namespace, settings: Settings) -> int:
    order = {"days": args.days, "connector": args.connector or "", "group": args.group or ""}
    made = book_access.post(settings, "/grants/narrowing", order)
    if args.json:
        print(json.dumps(made, ensure_ascii=False))
        return 0
    for one in made["left_out"]:
        _say(f"left out: {one['text']}: {one['why']}")
    for problem in made["problems"]:
        _say(f"cannot be applied as it is: {problem}")
    if not made["documents"]:
        _say("There is nothing to narrow.")
        return 0
    if args.output is None:
        print(made["documents"], end="")
    else:
        args.output.write_text(made["documents"])
    name = str(args.output or "FILE")
    policies = f"{len(made['names'])} {'policy takes' if len(made['names']) == 1 else 'policies take'}"
    _say(f"{policies} {look.number(made['taken'])} unused {'grant' if made['taken'] == 1 else 'grants'} away.")
    _say(f"What it would have changed: gatebook policy replay {name} --since {args.days}d")
    _say(f"Put it in force:            gatebook apply -f {name} --reason WHY")
    return 0


def _say(text: str) -> None:
    print(clean(text), file=sys.stderr)
