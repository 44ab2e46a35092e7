"""`gatebook history`: all versions of a resource, with who changed what, when and why."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from gatebook.cli import look
from gatebook.cli.approvals import print_table
from gatebook.cli.get import kind_of, when
from gatebook.cli.main import read_settings
from gatebook.cli.table import Column
from gatebook.cli.width import clean
from gatebook.control import office

_MARKS: Final = {"+": "32", "-": "31"}
_COLUMNS: Final = (
    Column(head="VERSION", text=lambda one: str(one["version"]), limit=8, low=7, right=True),
    Column(head="CHANGED (UTC)", text=lambda one: when(one["at_us"]), limit=20, low=20),
    Column(head="BY", text=lambda one: one["author"], limit=40),
    Column(head="LINES", text=lambda one: _lines(one), limit=12, low=10),
    Column(head="REASON", text=lambda one: one["reason"] or "", limit=100),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("kind", metavar="KIND", help="kind of the resource, such as Policy")
    parser.add_argument("name", metavar="NAME", help="its name; it may be deleted by now")
    parser.add_argument("--diff", action="store_true", help="what each version changed, the newest first")
    parser.add_argument("--json", action="store_true", help="print JSON: all versions with their YAML and differences")


def run(args: argparse.Namespace) -> int:
    """Print the versions, the newest first."""
    found = office.run(read_settings(args), "history", {"kind": kind_of(args.kind), "name": args.name})
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    elif args.diff:
        for line in _diffs(found["versions"], colour=look.coloured(sys.stdout)):
            print(line)
    else:
        print_table(found["versions"], _COLUMNS)
    return 0


def diff_lines(diff: str, *, colour: bool) -> Iterator[str]:
    """The lines of a unified diff that somebody else wrote, coloured by their mark."""
    for line in diff.splitlines():
        yield look.paint(clean(line), _MARKS.get(line[:1], "0"), colour) if line[:1] in _MARKS else clean(line)


def _diffs(versions: Sequence[dict[str, Any]], *, colour: bool) -> Iterator[str]:
    for number, one in enumerate(versions):
        if number:
            yield ""
        because = f": {one['reason']}" if one["reason"] else ""
        yield look.bold(clean(f"Version {one['version']}, {when(one['at_us'])}, {one['author']}{because}"), colour)
        yield from diff_lines(one["diff"], colour=colour)


def _lines(one: dict[str, Any]) -> str:
    if one["deleted"]:
        return "deleted"
    lines = one["diff"].splitlines()[2:]
    added, removed = (sum(line.startswith(mark) for line in lines) for mark in "+-")
    return f"+{added} -{removed}"
