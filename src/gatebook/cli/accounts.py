"""`gatebook accounts`: service accounts, which programs use, and the people who answer for them."""

import argparse
import json

from gatebook.cli.get import table, when
from gatebook.cli.main import add_common, read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="put|give|list")
    put = actions.add_parser(
        "put", help="make or change a service account", description="Make a service account, or change its name or groups."
    )
    put.add_argument("account", metavar="ACCOUNT", help="short name of the account")
    put.add_argument("--owner", metavar="PERSON", help="who answers for it; a new account needs one")
    put.add_argument("--name", help="name that people read")
    put.add_argument("--groups", help="its groups, separated by commas; replaces those it has")
    give = actions.add_parser(
        "give",
        help="give a service account to another owner",
        description="Give a service account to another owner, or wake one that was suspended because its owner left. Its tokens become worthless, because "
        "the former owner may know them.",
    )
    give.add_argument("account", metavar="ACCOUNT", help="short name of the account")
    give.add_argument("owner", metavar="PERSON", help="who answers for it from now on")
    give.add_argument("--keep-tokens", action="store_true", help="leave its tokens valid; say why with --reason")
    listing = actions.add_parser(
        "list", help="show all service accounts", description="Show all service accounts, and who answers for each."
    )
    listing.add_argument("--json", action="store_true", help="print JSON")
    for action in (put, give):
        action.add_argument("--reason", help="why, for the record")
    for action in (put, give, listing):
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of put, give, list."""
    return {"put": _put, "give": _give, "list": _list}[args.action](args)


def _put(args: argparse.Namespace) -> int:
    groups = None if args.groups is None else [group.strip() for group in args.groups.split(",") if group.strip()]
    order = {"id": args.account, "owner": args.owner, "name": args.name, "groups": groups, "reason": args.reason}
    _say(office.run(read_settings(args), "service_account", order))
    return 0


def _give(args: argparse.Namespace) -> int:
    order = {"id": args.account, "owner": args.owner, "keep_tokens": args.keep_tokens, "reason": args.reason}
    _say(office.run(read_settings(args), "service_account", order))
    return 0


def _list(args: argparse.Namespace) -> int:
    found = office.run(read_settings(args), "token_list", {})
    accounts = [person for person in found["people"] if person["kind"] == "service"]
    if args.json:
        print(json.dumps(accounts))
        return 0
    rows = []
    for account in accounts:
        used = max((token["last_used_us"] or 0 for token in found["tokens"] if token["person"] == account["id"]), default=0)
        state = "active" if account["active"] else "suspended"
        rows.append([account["id"], account["name"], account["owner"] or "", ",".join(account["groups"]), when(used or None) or "-", state])
    print(table(["ACCOUNT", "NAME", "OWNER", "GROUPS", "LAST USED", "STATE"], rows))
    return 0


def _say(account: dict[str, object]) -> None:
    print(f"{account['owner']} answers for the service account {account['id']}.")
