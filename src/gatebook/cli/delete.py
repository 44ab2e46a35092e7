"""`gatebook delete`: delete a resource. Its versions stay in state, and the deletion is on the record."""

import argparse

from gatebook.cli.apply import show_changes
from gatebook.cli.get import kind_of
from gatebook.cli.main import read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("kind", metavar="KIND", help="kind of the resource, such as Connector")
    parser.add_argument("name", metavar="NAME", help="its name")
    parser.add_argument("--reason", help="why; kept with the change")
    parser.add_argument("--dry-run", action="store_true", help="show what would be deleted, delete nothing")


def run(args: argparse.Namespace) -> int:
    """Delete, and show what was there."""
    order = {"kind": kind_of(args.kind), "name": args.name, "reason": args.reason, "dry_run": args.dry_run}
    show_changes(office.run(read_settings(args), "delete", order))
    return 0
