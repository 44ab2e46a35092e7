"""`gatebook rollback`: make an earlier version of a resource the newest one, through the same checks as `apply`."""

import argparse
import json

from gatebook.cli.apply import add_terms, show_changes, terms_of
from gatebook.cli.get import kind_of
from gatebook.cli.main import read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "examples:\n  gatebook history Policy no-exports\n  gatebook rollback Policy no-exports 3 --reason 'version 4 blocks payroll'"
    )
    parser.add_argument("kind", metavar="KIND", help="kind of the resource, such as Policy")
    parser.add_argument("name", metavar="NAME", help="its name; it may be deleted by now")
    parser.add_argument("version", metavar="VERSION", type=int, help="the version to go back to; one that was a deletion deletes")
    add_terms(parser, "show what would change, change nothing", reason_required=True)
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Roll back, and show the change as a diff."""
    order = {"kind": kind_of(args.kind), "name": args.name, "version": args.version, **terms_of(args)}
    result = office.run(read_settings(args), "rollback", order)
    if args.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        show_changes(result)
    return 0
