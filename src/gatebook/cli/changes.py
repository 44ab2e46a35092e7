"""`gatebook changes`: changes that wait for a second person, and the decision about them."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from gatebook.cli import look
from gatebook.cli.approvals import age, print_table
from gatebook.cli.history import diff_lines
from gatebook.cli.main import add_common, read_settings
from gatebook.cli.table import Column
from gatebook.cli.width import clean
from gatebook.control import office

_DECISIONS: Final = {"approve": "applied", "decline": "declined", "withdraw": "withdrawn"}
_COLUMNS: Final = (
    Column(head="ASKED", text=lambda one: age(one["asked_us"]), limit=12, low=12),
    Column(head="STATE", text=lambda one: _state(one), limit=10, low=9),
    Column(head="BY", text=lambda one: one["author"], limit=40),
    Column(head="WHAT", text=lambda one: _what(one), limit=80, low=12),
    Column(head="REASON", text=lambda one: one["reason"], limit=60),
    Column(head="YOU", text=lambda one: "asked" if one["own"] else "decide" if one["may_decide"] else "", limit=6, low=6),
    Column(head="CHANGE", text=lambda one: one["id"], limit=20, low=16),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|approve|decline|withdraw")
    listing = actions.add_parser("list", help="what waits", description="Show the changes that wait for a second person, newest first.")
    listing.add_argument("--all", action="store_true", help="also those that are applied, declined or withdrawn")
    show = actions.add_parser("show", help="one of them", description="Show one change with its differences.")
    approve = actions.add_parser(
        "approve", help="put one in force", description="Put a change of somebody else in force; it is checked again before."
    )
    decline = actions.add_parser("decline", help="decline one", description="Decline a change of somebody else; a reason is needed.")
    withdraw = actions.add_parser(
        "withdraw", help="take an own one back", description="Take a change of your own back; a reason is needed."
    )
    for action in (show, approve, decline, withdraw):
        action.add_argument("change", metavar="CHANGE_ID", help="id of the change, as `changes list` prints it")
    approve.add_argument("--reason", default="", help="why; it stands in the record")
    for action in (decline, withdraw):
        action.add_argument("--reason", required=True, help="why; it stands in the record")
    for action in (listing, show, approve, decline, withdraw):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of list, show, approve, decline, withdraw."""
    return {"list": _list, "show": _show}.get(args.action, _decide)(args)


def _list(args: argparse.Namespace) -> int:
    found = office.run(read_settings(args), "changes", {})["proposals"]
    rows = [one for one in found if args.all or one["state"] == "open"]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
    elif rows:
        print_table(rows, _COLUMNS)
    else:
        print("No change ever waited for a second person." if args.all or not found else "No change waits (--all shows the decided ones).")
    return 0


def _show(args: argparse.Namespace) -> int:
    (one,) = office.run(read_settings(args), "changes", {"id": args.change.strip()})["proposals"]
    if args.json:
        print(json.dumps(one, ensure_ascii=False))
        return 0
    for line in _lines(one):
        print(line)
    return 0


def _decide(args: argparse.Namespace) -> int:
    order = {"id": args.change.strip(), "decision": _DECISIONS[args.action], "reason": args.reason}
    done = office.run(read_settings(args), "changes_decide", order)
    if args.json:
        print(json.dumps(done, ensure_ascii=False))
        return 0
    one = done["proposal"]
    for change in one["changes"] if one["state"] == "applied" else ():
        print(clean(f"{change['kind']}/{change['name']} {change['action']} (version {change['version']})"))
    print(clean(f"{one['state'].capitalize()}: {one['id']}, asked for by {one['author']}."))
    return 0


def _lines(one: dict[str, Any]) -> Iterator[str]:
    colour = look.coloured(sys.stdout)
    yield look.bold(clean(f"{one['author']} asks for: {_what(one)}."), colour)
    decision = f"{one['decided_by']}{': ' + one['decision_reason'] if one['decision_reason'] else ''}" if one["decided_by"] else ""
    facts = [
        ("state", "outdated: what it changes has changed since" if one["outdated"] else one["state"]),
        ("asked", f"{look.moment(one['asked_us'])}Z, {age(one['asked_us'])}"),
        ("reason", one["reason"]),
        ("decided by", decision),
        ("change", one["id"]),
    ]
    yield from (f"  {look.dim(f'{name:<12}', colour)} {clean(value)}" for name, value in facts if value)
    for change in one["changes"]:
        yield ""
        yield from diff_lines(change["diff"], colour=colour)


def _state(one: dict[str, Any]) -> str:
    return "outdated" if one["outdated"] else str(one["state"])


def _what(one: dict[str, Any]) -> str:
    return ", ".join(f"{change['kind']}/{change['name']} {change['action']}" for change in one["changes"])
