"""`gatebook status`: what the running keeper does."""

import argparse
import json

from gatebook.cli.main import read_settings
from gatebook.control import office
from gatebook.control.client import KeeperAbsent


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the status; exit code 1 when no keeper runs or a part of it has failed."""
    settings = read_settings(args)
    try:
        status = office.keeper_client(settings).get("/status")
    except KeeperAbsent as error:
        print(json.dumps({"running": False}) if args.json else f"{error}")
        return 1
    if args.json:
        print(json.dumps(status))
    else:
        for name, value in status.items():
            if isinstance(value, dict):
                value = ", ".join(f"{key} {item}" for key, item in value.items() if item is not None)
            print(f"{name:<12} {value}")
    return 0 if status["healthy"] else 1
