"""`gatebook bootstrap`: a one-time link to the console, for the first administrator or when nobody can sign in."""

import argparse
import sys

from gatebook.cli.get import when
from gatebook.cli.main import read_settings
from gatebook.control import office

DEFAULT_PERSON = "admin"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("person", nargs="?", default=DEFAULT_PERSON, metavar="PERSON", help=f"who signs in (default: {DEFAULT_PERSON})")


def run(args: argparse.Namespace) -> int:
    """Print the link, alone on standard output."""
    link = office.run(read_settings(args), "bootstrap", {"person": args.person})
    print(link["url"])
    print(f"Opens the console for {link['person']}, once, until {when(link['expires_us'])}.", file=sys.stderr)
    return 0
