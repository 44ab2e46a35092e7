"""`gatebook delete`: delete a resource. Its versions stay in state, and the deletion is on the record."""

import argparse

from gatebook.cli.apply import add_terms, show_changes, terms_of
from gatebook.cli.get import kind_of
from gatebook.cli.main import read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("kind", metavar="KIND", help="kind of the resource, such as Connector")
    parser.add_argument("name", metavar="NAME", help="its name")
    add_terms(parser, "show what would be deleted, delete nothing")


def run(args: argparse.Namespace) -> int:
    """Delete, and show what was there."""
    order = {"kind": kind_of(args.kind), "name": args.name, **terms_of(args)}
    show_changes(office.run(read_settings(args), "delete", order))
    return 0
