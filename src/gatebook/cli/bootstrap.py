"""`gatebook bootstrap`: a one-time link to the console, for the first administrator or when nobody can sign in."""

import argparse
import sys
from typing import Any

from gatebook.cli.get import when
from gatebook.cli.main import Problem, read_settings
from gatebook.control import office
from gatebook.control.desk import DEFAULT_PERSON


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "person",
        nargs="?",
        metavar="PERSON",
        help=f"who signs in (default: {DEFAULT_PERSON}; where there is an identity provider, whoever signs in there)",
    )
    parser.add_argument("--break-glass", action="store_true", help="open the console past the identity provider; needs --reason")
    parser.add_argument("--reason", metavar="TEXT", help="why, for the record")


def run(args: argparse.Namespace) -> int:
    """Print the link, alone on standard output."""
    if args.break_glass and not (args.reason or "").strip():
        raise Problem("--break-glass needs --reason TEXT: it is on the record", exit_code=2)
    order = {"person": args.person, "break_glass": args.break_glass, "reason": args.reason}
    link = office.run(read_settings(args), "bootstrap", order)
    print(link["url"])
    print(said(link), file=sys.stderr)
    return 0


def said(link: dict[str, Any]) -> str:
    """What a link does, in one sentence."""
    until = f"once, until {when(link['expires_us'])}"
    if link["purpose"] == "administrator":
        whom = f" as {link['person']}, unless the directory knows them," if link["person"] else ""
        return f"Makes whoever signs in next in the browser that opens it{whom} an administrator, {until}."
    past = ", past the identity provider" if link["purpose"] == "break_glass" else ""
    return f"Opens the console for {link['person']}{past}, {until}."
