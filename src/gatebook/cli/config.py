"""`gatebook config`: the deployment settings, in force or as the table of the documentation."""

import argparse
from typing import Any, Literal, get_args, get_origin

from msgspec import Meta
from msgspec.structs import FieldInfo

from gatebook.cli.get import table
from gatebook.cli.main import read_settings
from gatebook.settings import Settings
from gatebook.settings_source import base_type, leaves, variable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--markdown", action="store_true", help="print the table of the documentation, with defaults instead of values")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    if args.markdown:
        print(markdown())
        return 0
    settings = read_settings(args)
    rows = [[name, _shown(_value(settings, name)), variable(name)] for name, _ in leaves(Settings)]
    print(table(["SETTING", "VALUE", "ENVIRONMENT"], rows))
    return 0


def markdown() -> str:
    """The table of all settings as docs/operations.md holds it."""
    lines = ["| setting | default | range | what it is |", "|---|---|---|---|"]
    defaults = Settings()
    for name, field in leaves(Settings):
        lines.append(f"| `{name}` | `{_shown(_value(defaults, name)) or ' '}` | {_range(field)} | {_description(field)} |")
    return "\n".join(lines)


def _value(settings: Settings, name: str) -> Any:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _metas(field: FieldInfo) -> list[Meta]:
    metas: list[Meta] = []
    kind = field.type
    while hasattr(kind, "__metadata__"):
        metas.extend(meta for meta in kind.__metadata__ if isinstance(meta, Meta))
        kind = kind.__origin__
    return metas


def _description(field: FieldInfo) -> str:
    return next((meta.description for meta in _metas(field) if meta.description), "")


def _range(field: FieldInfo) -> str:
    kind = base_type(field)
    if get_origin(kind) is Literal:
        return ", ".join(f"`{item}`" for item in get_args(kind))
    for meta in _metas(field):
        if meta.pattern:
            return "a-z, 0-9 and -, at most 32"
        low = f">= {meta.ge}" if meta.ge is not None else f"> {meta.gt}" if meta.gt is not None else ""
        high = f"<= {meta.le}" if meta.le is not None else ""
        if low or high:
            return ", ".join(part for part in (low, high) if part)
    return "list" if kind is tuple else "text" if kind is str else "path"
