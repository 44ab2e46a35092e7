"""`gatebook apply`: create and change resources from YAML; all of them or none."""

import argparse
import sys
from pathlib import Path
from typing import Any

from gatebook.cli.main import Problem, read_settings
from gatebook.control import office
from gatebook.state.documents import TEXT_BYTES_MAX

_SUFFIXES = (".yaml", ".yml")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument(
        "-f", "--file", dest="files", action="append", required=True, metavar="FILE|DIR|-", help="YAML to apply; - is standard input"
    )
    add_terms(parser, "show what would change, change nothing")


def run(args: argparse.Namespace) -> int:
    """Apply, and show each change as a diff."""
    texts = [text for name in args.files for text in read_files(name)]
    result = office.run(read_settings(args), "apply", {"texts": texts, **terms_of(args)})
    show_changes(result)
    if not result["changes"]:
        raise Problem("there is nothing in these files")
    return 0


def add_terms(parser: argparse.ArgumentParser, dry_run: str, *, reason_required: bool = False) -> None:
    """Add what all verbs take that change resources."""
    parser.add_argument("--reason", required=reason_required, help="why; kept with the change")
    parser.add_argument("--dry-run", action="store_true", help=dry_run)
    parser.add_argument(
        "--alone",
        action="store_true",
        help="in an emergency, without the second person who is asked for; needs --reason, and the record says so",
    )


def terms_of(args: argparse.Namespace) -> dict[str, object]:
    """The same as parameters. Raises Problem."""
    if args.alone and not (args.reason or "").strip():
        raise Problem("--alone needs --reason", exit_code=2)
    return {"reason": args.reason, "dry_run": args.dry_run, "alone": args.alone}


def show_changes(result: dict[str, Any]) -> None:
    """Print the diffs, one line for each resource, and what waits for a second person."""
    changes = result["changes"]
    waits = result["needs_second"]
    for change in changes:
        if change["diff"]:
            print(change["diff"], end="")
    for change in changes:
        what = change["action"]
        if what != "unchanged" and (result["dry_run"] or waits):
            what = f"would be {what}"
        print(f"{change['kind']}/{change['name']} {what} (version {change['version']})")
    if result["proposal"]:
        print(f"Nothing is changed yet: this waits for another administrator, as {result['proposal']} (gatebook changes).")
    elif waits:
        print("It would wait for another administrator.")
    for warning in result["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)


def read_files(name: str) -> list[dict[str, str]]:
    """The texts of a file, of the YAML files of a directory, or of standard input. Raises Problem."""
    if name == "-":
        return [{"source": "standard input", "text": sys.stdin.read(TEXT_BYTES_MAX + 1)}]
    path = Path(name)
    if path.is_dir():
        paths = sorted(found for found in path.iterdir() if found.suffix in _SUFFIXES and found.is_file())
        if not paths:
            raise Problem(f"{path} holds no file that ends in .yaml or .yml")
    else:
        paths = [path]
    return [{"source": str(found), "text": _text(found)} for found in paths]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Problem(f"{path} is not UTF-8 text") from error
