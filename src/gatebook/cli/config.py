"""`gatebook config`: the deployment settings, as they are in force. The table with defaults and descriptions is in docs/operations.md."""

import argparse
import json
from typing import Any

from gatebook.cli.get import table
from gatebook.cli.main import read_settings
from gatebook.settings import Settings
from gatebook.settings_source import leaves, variable
from gatebook.state.references import without_password


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    settings = read_settings(args)
    if args.json:
        print(json.dumps({name: _value(settings, name) for name, _ in leaves(Settings)}, default=str, indent=2))
        return 0
    rows = [[name, _shown(_value(settings, name)), variable(name)] for name, _ in leaves(Settings)]
    print(table(["SETTING", "VALUE", "ENVIRONMENT"], rows))
    return 0


def _value(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return without_password(value) if name == "state.url" else value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
