"""`gatebook get`: show resources; the YAML that it prints can be applied again."""

import argparse
import difflib
import json
import re
from datetime import UTC, datetime
from typing import Any

import yaml

from gatebook.cli.main import Problem, read_settings
from gatebook.control import office
from gatebook.state.documents import KINDS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("kind", nargs="?", metavar="KIND", help="kind of resource, such as Connector; default: all")
    parser.add_argument("name", nargs="?", metavar="NAME", help="one resource; default: all of the kind")
    parser.add_argument("-o", "--output", choices=("table", "yaml", "json"), default="table", help="how to show them (default: table)")


def run(args: argparse.Namespace) -> int:
    """Print the resources."""
    kind = kind_of(args.kind) if args.kind else None
    found = office.run(read_settings(args), "get", {"kind": kind, "name": args.name})
    if args.name and not found:
        raise Problem(f"there is no {kind} {args.name}")
    if args.output == "yaml":
        print("---\n".join(resource["yaml"] for resource in found), end="")
    elif args.output == "json":
        print(json.dumps([yaml.safe_load(resource["yaml"]) for resource in found], indent=2, ensure_ascii=False))
    else:
        rows = [
            [
                resource["kind"],
                resource["name"],
                str(resource["version"]),
                when(resource["at_us"]),
                resource["author"],
                resource["reason"] or "",
            ]
            for resource in found
        ]
        print(table(["KIND", "NAME", "VERSION", "CHANGED", "BY", "REASON"], rows))
    return 0


def kind_of(word: str) -> str:
    """The kind that a word means, in any case and number. Raises Problem."""
    by_word = {form: kind for kind in KINDS for form in (kind.lower(), re.sub("y$", "ie", kind.lower()) + "s")}
    if kind := by_word.get(word.lower()):
        return kind
    near = difflib.get_close_matches(word.lower(), by_word, n=1)
    raise Problem(f"unknown kind {word!r}" + (f"; did you mean {by_word[near[0]]}?" if near else ""), exit_code=2)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lay rows out in columns."""
    lines: list[list[Any]] = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def when(time_us: int | None) -> str:
    """A time of the record for people: UTC, to the second."""
    return "" if time_us is None else f"{datetime.fromtimestamp(time_us / 1_000_000, UTC):%Y-%m-%d %H:%M:%SZ}"
