"""`gatebook tools`: what connectors list, what changed in it, and the decision about it."""

import argparse
import json
import re
import sys
from typing import Any
from urllib.parse import quote

from gatebook.cli import book_access, look, tools_text
from gatebook.cli.asking import said
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.control import office
from gatebook.control.client import KeeperAbsent
from gatebook.definitions.key import KEY_PATTERN, key_of
from gatebook.settings import Settings

_TOOL = "CONNECTOR/TOOL"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|diff|approve|refuse")
    listing = actions.add_parser("list", help="connectors, or the tools of one", description="List connectors, or the tools of one.")
    listing.add_argument("connector", nargs="?", metavar="CONNECTOR", help="a connector (default: all connectors)")
    listing.add_argument("--waiting", action="store_true", help="only what waits for a decision")
    show = actions.add_parser(
        "show", help="one tool", description="Show one tool: how it stands, its definition, and all that was decided."
    )
    diff = actions.add_parser(
        "diff",
        help="what changed since it was approved",
        description="Show what is different between the definition that was approved and the one that is listed. Exit code 1: something is.",
    )
    for action in (show, diff):
        action.add_argument("tool", metavar=_TOOL, help="such as crm/export_contacts")
    approve = actions.add_parser(
        "approve",
        help="let a definition be called",
        description="Approve the definition that is listed now; of a connector alone, all that wait.",
    )
    refuse = actions.add_parser(
        "refuse",
        help="keep a definition hidden",
        description="Refuse the definition that is listed now; of a connector alone, all that wait.",
    )
    for action in (approve, refuse):
        action.add_argument("tool", metavar="CONNECTOR[/TOOL]", help="such as crm/export_contacts, or crm for all that wait")
        action.add_argument("--hash", metavar="DIGITS", help="the definition whose hash begins so (default: the one that is listed now)")
        action.add_argument("--reason", required=True, help="why; kept with the decision")
    for action in (listing, show, diff, approve, refuse):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of list, show, diff, approve, refuse."""
    return {"list": _list, "show": _show, "diff": _diff, "approve": _decide, "refuse": _decide}[args.action](args)


def _list(args: argparse.Namespace) -> int:
    found = _read(read_settings(args), args.connector, None)
    rows = found["connectors"] if args.connector is None else found["all_tools"]
    if args.waiting:
        rows = [row for row in rows if (row["undecided"] if args.connector is None else row["state"] in tools_text.UNDECIDED)]
    if args.json:
        print(json.dumps({**found, ("connectors" if args.connector is None else "all_tools"): rows}, ensure_ascii=False))
        return 0
    lines = tools_text.connectors if args.connector is None else tools_text.tools
    for line in lines(rows, terminal=look.columns_of(sys.stdout), colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def _show(args: argparse.Namespace) -> int:
    found = _read(read_settings(args), *_parts(args.tool))
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for line in tools_text.tool(found, colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def _diff(args: argparse.Namespace) -> int:
    found = _read(read_settings(args), *_parts(args.tool))
    compared = found["compared"]
    if args.json:
        print(json.dumps(compared, ensure_ascii=False))
    elif compared is None:
        print(tools_text.same(found))
    else:
        for line in tools_text.diff(compared["text"], colour=look.coloured(sys.stdout)):
            print(line)
    return 0 if compared is None else 1


def _decide(args: argparse.Namespace) -> int:
    connector, separator, tool = args.tool.partition("/")
    if separator and not tool:
        raise Problem(f"{args.tool!r}: write connector and tool as crm/export_contacts", exit_code=2)
    order = {
        "connector": connector,
        "tool": tool or None,
        "hash": args.hash,
        "decision": "approved" if args.action == "approve" else "refused",
        "reason": args.reason,
    }
    decided = office.run(read_settings(args), "tools_decide", order)["decided"]
    if args.json:
        print(json.dumps(decided, ensure_ascii=False))
        return 0
    for line in tools_text.decided(decided):
        print(line)
    return 0


def _parts(word: str) -> tuple[str, str]:
    connector, _, tool = word.partition("/")
    if not connector or not tool:
        raise Problem(f"{word!r}: write connector and tool as crm/export_contacts", exit_code=2)
    return connector, tool


def _read(settings: Settings, connector: str | None, tool: str | None) -> Any:
    """From the running keeper, with what the index knows of calls; else from state alone. Raises Problem."""
    try:
        return book_access.of_keeper(settings, _address(connector, tool))
    except book_access.Refused as refused:
        raise said(refused) from None
    except KeeperAbsent:
        return office.run(settings, "tools", {"connector": connector, "tool": tool})


def _address(connector: str | None, tool: str | None) -> str:
    names = [] if connector is None else [connector] if tool is None else [connector, "tools", _key(tool)]
    return "/api/v1/connectors" + "".join(f"/{quote(name, safe='')}" for name in names)


def _key(word: str) -> str:
    return word if re.fullmatch(KEY_PATTERN, word) else key_of(word)
