"""`gatebook connections`: how many people have connected an account of their own, by connector, and how that stands."""

import argparse
import json

from gatebook.cli.get import table, when
from gatebook.cli.main import read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    found = office.run(read_settings(args), "connections", {})["connectors"]
    if args.json:
        print(json.dumps(found))
    elif not found:
        print("No connector has a credential that is sealed (spec.credential).")
    else:
        rows = [
            [
                one["connector"],
                one["kind"],
                *(str(one[name]) for name in ("connected", "needs_reconnect", "ending")),
                when(one["last_used_us"]),
            ]
            for one in found
        ]
        print(table(["CONNECTOR", "KIND", "CONNECTED", "ANEW", "ENDING", "LAST USED"], rows))
    return 0
