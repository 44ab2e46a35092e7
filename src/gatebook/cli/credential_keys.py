"""`gatebook credential-keys`: the keys that seal credentials for connectors."""

import argparse
import json

from gatebook.cli.get import table
from gatebook.cli.main import add_common, read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|rotate")
    listing = actions.add_parser(
        "list", help="the keys of the ring", description="List the keys of the ring, and how much is sealed under each."
    )
    rotate = actions.add_parser(
        "rotate",
        help="make a new key and put everything under it",
        description="Make a new key and wrap the key of every credential under it. What is sealed stays as it is; old keys stay in the ring.",
    )
    rotate.add_argument("--no-new-key", action="store_true", help="use the newest key that is in the ring already")
    rotate.add_argument("--dry-run", action="store_true", help="only say how much would be wrapped")
    for action in (listing, rotate):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of list, rotate."""
    return _list(args) if args.action == "list" else _rotate(args)


def _list(args: argparse.Namespace) -> int:
    keys = office.run(read_settings(args), "credential_keys_list", {})["keys"]
    if args.json:
        print(json.dumps(keys))
        return 0
    rows = [[key["id"], str(key["sealed"]), _state(key)] for key in keys]
    print(table(["ID", "SEALED", "STATE"], rows))
    return 0


def _state(key: dict[str, object]) -> str:
    if not key["in_ring"]:
        return "missing: what is sealed under it does not open"
    if key["current"]:
        return "newest: seals from now on"
    return "opens only" if key["sealed"] else "unused: may be taken out of the ring"


def _rotate(args: argparse.Namespace) -> int:
    done = office.run(read_settings(args), "credential_keys_rotate", {"new_key": not args.no_new_key, "dry_run": args.dry_run})
    if args.json:
        print(json.dumps(done))
    elif args.dry_run:
        print(f"{done['wrapped']} would be wrapped under {done['key'] or 'a new key'}. Nothing was done.")
    else:
        print(f"{done['wrapped']} wrapped under {done['key']}.")
        if done["failed"]:
            print(f"{done['failed']} did not open: their key is missing, or they were changed.")
    return 1 if done["failed"] else 0
