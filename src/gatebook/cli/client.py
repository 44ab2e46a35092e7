"""`gatebook client`: AI clients that sign people in. The secret of a new one is printed once."""

import argparse
import json
import sys
from typing import Any

from gatebook.cli.get import table, when
from gatebook.cli.main import add_common, read_settings
from gatebook.cli.width import clean
from gatebook.control import office

_DONE = {"disable": "disabled; what people let it do has ended", "enable": "enabled", "remove": "removed"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="add|list|disable|enable|remove")
    add = actions.add_parser("add", help="add a client by hand", description="Add a client by hand, and print its id.")
    add.add_argument("name", metavar="NAME", help="what people are told that it is")
    add.add_argument(
        "--redirect", action="append", required=True, metavar="ADDRESS", help="where it may have people sent back to; may be repeated"
    )
    add.add_argument("--secret", action="store_true", help="it can keep a secret, which is printed once")
    listing = actions.add_parser("list", help="show all clients", description="Show all AI clients, the one that was used last first.")
    disable = actions.add_parser("disable", help="sign nobody in by it", description="Sign nobody in by it, and end what people let it do.")
    enable = actions.add_parser("enable", help="let it sign people in again", description="Let a disabled client sign people in again.")
    remove = actions.add_parser("remove", help="forget a client", description="Forget a client, and end what people let it do.")
    for action in (disable, enable, remove):
        action.add_argument("client", metavar="ID", help="id of the client")
    for action in (add, listing, disable, enable, remove):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of add, list, disable, enable, remove."""
    return {"add": _add, "list": _list}.get(args.action, _change)(args)


def _add(args: argparse.Namespace) -> int:
    order = {"name": args.name, "redirect_uris": args.redirect, "confidential": args.secret}
    added = office.run(read_settings(args), "client_add", order)
    if args.json:
        print(json.dumps(added))
        return 0
    print(added["id"])
    if added["secret"]:
        print(added["secret"])
        print("The second line is its secret. It is shown only now.", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    found: list[dict[str, Any]] = office.run(read_settings(args), "client_list", {})
    if args.json:
        print(json.dumps(found))
        return 0
    rows = []
    for one in found:
        state = "disabled" if one["disabled_us"] else "active" if one["last_used_us"] else "not used"
        last = when(one["last_used_us"]) or "never"
        rows.append([clean(one["id"]), clean(one["name"]), clean(one["host"]), one["kind"], str(one["people"]), last, state])
    print(table(["ID", "NAME", "HOST", "KIND", "PEOPLE", "LAST USED", "STATE"], rows))
    return 0


def _change(args: argparse.Namespace) -> int:
    done = office.run(read_settings(args), "client_change", {"client": args.client, "does": args.action})
    if args.json:
        print(json.dumps(done))
    else:
        print(f"Client {clean(done['id'])} is {_DONE[args.action]}.")
    return 0
