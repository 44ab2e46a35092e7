"""`gatebook receipts`: what cut-offs ended, and when each worker refused."""

import argparse
import json
from typing import Any, Final

from gatebook.cli.approvals import print_table
from gatebook.cli.get import when
from gatebook.cli.main import Problem, read_settings
from gatebook.cli.table import Column
from gatebook.cli.width import clean
from gatebook.control import office

_COLUMNS: Final = (
    Column(head="ID", text=lambda one: one["id"], limit=24, low=20),
    Column(head="SIGNAL (UTC)", text=lambda one: when(one["signal_us"]), limit=20, low=20),
    Column(head="PERSON", text=lambda one: one["person"], limit=40),
    Column(head="CAUSE", text=lambda one: one["cause"], limit=20),
    Column(head="BY", text=lambda one: one["by"], limit=40),
    Column(head="TOKENS", text=lambda one: str(one["tokens"]), limit=8, low=6, right=True),
    Column(head="STREAMS", text=lambda one: str(one["streams"]), limit=8, low=7, right=True),
    Column(head="CALLS", text=lambda one: str(one["calls"]), limit=8, low=5, right=True),
    Column(head="IN FORCE", text=lambda one: _ms(one["in_force_us"]), limit=12, low=8, right=True),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("id", metavar="ID", nargs="?", help="id of a cut-off: show its receipt; without it they are listed, newest first")
    parser.add_argument("--person", metavar="PERSON", default="", help="only those of this person")
    parser.add_argument("--page", type=int, default=1, help="number of the page of 50 receipts")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print the list, or one receipt."""
    settings = read_settings(args)
    if args.id is not None:
        found = office.run(settings, "cut_off_show", {"id": args.id})
        if found is None:
            raise Problem(f"there is no cut-off {args.id!r}; `gatebook receipts` lists them")
        print(json.dumps(found, ensure_ascii=False) if args.json else "\n".join(_receipt(found)))
        return 0
    if args.page < 1:
        raise Problem("--page begins at 1", exit_code=2)
    found = office.run(settings, "cut_off_list", {"person": args.person, "page": args.page})
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
    elif found["cut_offs"]:
        print_table(found["cut_offs"], _COLUMNS)
        if found["pages"] > 1:
            print(f"Page {found['page']} of {found['pages']}, {found['total']} in all.")
    else:
        print("Nobody was cut off.")
    return 0


def _receipt(one: dict[str, Any]) -> list[str]:
    lines = [
        f"{clean(one['person'])} ({clean(one['person_name'])}), cut off {when(one['signal_us'])} by {clean(one['by'])}: {one['cause']}",
        *([f"  reason: {clean(one['reason'])}"] if one["reason"] else []),
        f"  tokens {one['tokens']}, console sessions {one['sessions']}, grants of AI clients {one['grants']}",
        f"  streams {one['streams']}, calls in flight {one['calls']}",
        *(
            f"  {clean(worker['stream'])}: {'no answer in' if worker['lost'] else 'after'} {_ms(worker['after_us'])}"
            for worker in one["workers"]
        ),
        *(f"  {clean(stream)}: not yet" for stream in one["waiting"]),
        *(
            f"  {clean(each['connector'])} {each['credential']}: {each['outcome']} {clean(each['detail'])}".rstrip()
            for each in one["credentials"]
        ),
        *(f"  service account suspended: {clean(service)}" for service in one["services"]),
    ]
    done = f"complete {when(one['done_us'])}, last call {when(one['last_call_us']) or 'none'}" if one["done_us"] else "still going on"
    return [*lines, f"  {done}"]


def _ms(us: int | None) -> str:
    return "" if us is None else f"{us / 1000:,.0f} ms"
