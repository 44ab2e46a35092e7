"""`gatebook export`: calls as a file, made by the keeper in the background and fetched here; a download that broke off goes on."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from gatebook.cli import asking, book_access, look, table
from gatebook.cli.asking import Asked
from gatebook.cli.download import Download
from gatebook.cli.main import Problem, read_settings
from gatebook.cli.progress import Progress
from gatebook.cli.table import Column
from gatebook.settings import Settings

_POLL_S: Final = 0.25
_FORMS: Final = ("csv", "ndjson", "parquet", "ocsf")
_ENDED: Final = ("failed", "cancelled", "interrupted", "expired")
_EXAMPLES = """
  gatebook export status:blocked --since -30d -o blocked.csv
  gatebook export connector:crm --form parquet --payloads --dry-run
  gatebook export --form ocsf --since 2026-11-01 --until 2026-12-01 -o nov.ndjson
  gatebook export --list
  gatebook export --fetch 5f0c9a7d3e4412b1   # also when a download broke off
"""
_COLUMNS: Final = (
    Column(head="ID", text=lambda item: item["id"], limit=16, low=16),
    Column(head="STATE", text=lambda item: item["state"], limit=11, low=11, status=True),
    Column(head="FORM", text=lambda item: item["form"] + (" +payloads" if item["payloads"] else ""), limit=17, low=7),
    Column(head="BEGUN (UTC)", text=lambda item: look.moment(item["created_us"])[:16], limit=16, low=16),
    Column(head="CALLS", text=lambda item: _calls(item), limit=24, low=5, right=True),
    Column(head="SIZE", text=lambda item: look.size(item["bytes"]), limit=9, low=7, right=True),
    Column(head="QUERY", text=lambda item: item["text"] or "every call", limit=60),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    asking.add_query(parser, _EXAMPLES.lstrip("\n"))
    parser.add_argument("--form", choices=_FORMS, default="csv", help="form of the file (default: csv)")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write it; - for standard output (default: its name, here)")
    parser.add_argument("--payloads", action="store_true", help="also arguments and responses, read from the log")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("--dry-run", action="store_true", help="only say how many calls it would hold, and about how large it would be")
    parser.add_argument("--detach", action="store_true", help="begin it, print its id, do not wait")
    parser.add_argument("--list", action="store_true", help="list your exports")
    parser.add_argument("--fetch", metavar="ID", help="wait for an export that was begun, and fetch its file")
    parser.add_argument("--delete", metavar="ID", help="cancel an export, or delete its file")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; exit code 1 when the export failed."""
    settings = read_settings(args)
    try:
        if args.list:
            return _list(settings, as_json=args.json)
        if args.delete:
            book_access.delete(settings, f"/exports/{args.delete}")
            print(f"deleted {look.clean(args.delete)}", file=sys.stderr)
            return 0
        if args.fetch:
            return _fetch(settings, args.fetch, args)
        asked = Asked(args)
        if args.dry_run:
            return _estimate(settings, asked, args)
        return _export(settings, asked, args)
    except book_access.Refused as refused:
        raise asking.said(refused) from None


def _export(settings: Settings, asked: Asked, args: argparse.Namespace) -> int:
    if args.output not in (None, "-") and Path(args.output).exists() and not args.force:
        raise Problem(f"{args.output} is there already; --force writes over it", exit_code=2)
    order = {"q": asked.text, "form": args.form, "payloads": args.payloads, "since": asked.since_us, "until": asked.until_us}
    begun = book_access.post(settings, "/exports", order)["export"]
    if args.detach:
        print(json.dumps(begun) if args.json else begun["id"])
        return 0
    return _fetch(settings, begun["id"], args)


def _fetch(settings: Settings, id: str, args: argparse.Namespace) -> int:
    export = _wait(settings, id)
    if export["state"] in _ENDED:
        raise Problem(f"the export is {export['state']}" + (f": {look.clean(export['problem'])}" if export["problem"] else ""))
    target = Download(settings, export, args.output, force=args.force).run()
    if args.json:
        print(json.dumps({**export, "path": str(target) if target else None}), file=sys.stdout if target else sys.stderr)
    elif target:
        print(f"{target}: {_calls(export)} calls, {look.size(export['bytes'])}\nSHA-256 {export['sha256']}", file=sys.stderr)
    if export["problem"]:
        print(f"note: {look.clean(export['problem'])}", file=sys.stderr)
    return 0


def _wait(settings: Settings, id: str) -> dict[str, Any]:
    progress = Progress(sys.stderr)
    try:
        while True:
            export: dict[str, Any] = book_access.get(settings, f"/exports/{id}")["export"]
            if export["state"] not in ("waiting", "running"):
                return export
            word = "waiting for other exports" if export["state"] == "waiting" else f"{_calls(export)} calls, {look.size(export['bytes'])}"
            progress.show(export["rows"], export["rows_total"], word)
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        progress.end()
        print(f"It goes on without you. Fetch it: gatebook export --fetch {id}   Cancel it: gatebook export --delete {id}", file=sys.stderr)
        raise
    finally:
        progress.end()


def _estimate(settings: Settings, asked: Asked, args: argparse.Namespace) -> int:
    found = book_access.get(settings, "/exports/estimate", **asked.params, form=args.form, payloads="1" if args.payloads else None)
    if args.json:
        print(json.dumps(found))
    else:
        print(f"{look.number(found['rows'])} calls, about {look.size(found['bytes'])} as {args.form}")
        if found["refusal"]:
            print(look.clean(found["refusal"]), file=sys.stderr)
    return 1 if found["refusal"] else 0


def _list(settings: Settings, *, as_json: bool) -> int:
    exports = [item["export"] for item in book_access.get(settings, "/exports")["exports"]]
    if as_json:
        print(json.dumps(exports))
        return 0
    if not exports:
        print("no exports", file=sys.stderr)
        return 0
    for line in table.render(exports, _COLUMNS, terminal=look.columns_of(sys.stdout), colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def _calls(export: dict[str, Any]) -> str:
    done, total = look.number(export["rows"]), look.number(export["rows_total"])
    return done if export["state"] == "done" else f"{done} of {total}"
